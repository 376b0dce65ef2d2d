/** What Weir serves of AWS Lambda, of botocore 1.44.8. */
import { readFileSync } from 'node:fs'
import type { Model } from '../model.ts'

const published = JSON.parse(readFileSync(new URL('lambda.json', import.meta.url), 'utf8')) as Model

export const lambdaModel: Model = {
  ...published,
  shapes: {
    ...published.shapes,
    // Mappings that are made have UUIDs, those of solutions the names that they have there.
    UUIDString: { type: 'string', min: 1, max: 128 },
    // How many topics a mapping has is for the service to refuse.
    Topics: { type: 'list', member: 'Topic', min: 1 },
    // Lambda refuses a runtime by another error than the model's.
    Runtime: { type: 'string' },
    // The model also has the bounds of functions that do not run on demand.
    Timeout: { type: 'integer', min: 1, max: 900 },
    MemorySize: { type: 'integer', min: 128, max: 10_240 },
  },
}
