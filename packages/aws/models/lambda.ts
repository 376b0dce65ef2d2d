/** What Weir serves of AWS Lambda, of botocore 1.44.8. */
import { readFileSync } from 'node:fs'
import type { Model } from '../model.ts'

const published = JSON.parse(readFileSync(new URL('lambda.json', import.meta.url), 'utf8')) as Model

/** Mappings that are made have UUIDs, those of solutions the names that they have there. How many topics a mapping has is for the service to refuse. */
export const lambdaModel: Model = {
  ...published,
  shapes: { ...published.shapes, UUIDString: { type: 'string', min: 1, max: 128 }, Topics: { type: 'list', member: 'Topic', min: 1 } },
}
