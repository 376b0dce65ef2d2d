/** The model of Amazon Data Firehose, from botocore 1.44.8. */
import { readFileSync } from 'node:fs'
import type { Model } from '../model.ts'

const published = JSON.parse(readFileSync(new URL('firehose.json', import.meta.url), 'utf8')) as Model

/** The published model, and what it does not say: a record has data, which messages never show. */
export const firehoseModel: Model = {
  ...published,
  shapes: { ...published.shapes, Data: { ...published.shapes.Data, type: 'blob', min: 1, sensitive: true } },
}
