/** The model of the operations of AWS Lambda that Weir serves, from botocore 1.44.8. */
import { readFileSync } from 'node:fs'
import type { Model } from '../model.ts'

const published = JSON.parse(readFileSync(new URL('lambda.json', import.meta.url), 'utf8')) as Model

export const lambdaModel: Model = {
  ...published,
  shapes: {
    ...published.shapes,
    // The mappings of solutions have their names there as ids.
    UUIDString: { type: 'string', min: 1, max: 128 },
    // The service itself refuses a mapping of several topics.
    Topics: { type: 'list', member: 'Topic', min: 1 },
    // Lambda refuses unknown runtimes with an error of its own.
    Runtime: { type: 'string' },
    // The published bounds include those of functions that do not run on demand.
    Timeout: { type: 'integer', min: 1, max: 900 },
    MemorySize: { type: 'integer', min: 128, max: 10_240 },
  },
}
