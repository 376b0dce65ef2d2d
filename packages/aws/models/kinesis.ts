/** The model of Amazon Kinesis Data Streams, from botocore 1.44.8. */
import { readFileSync } from 'node:fs'
import type { Model, Shape } from '../model.ts'

const published = JSON.parse(readFileSync(new URL('kinesis.json', import.meta.url), 'utf8')) as Model

/**
 * The published model, and what it does not say: a request needs a stream's name or ARN, a record needs a
 * partition key, and messages never show a record's data.
 */
export const kinesisModel: Model = {
  ...published,
  shapes: Object.fromEntries(
    Object.entries(published.shapes).map(([name, shape]) => [name, demanding(name, shape)]),
  ),
}

function demanding(name: string, shape: Shape): Shape {
  if (name === 'Data' && shape.type === 'blob') return { ...shape, sensitive: true }
  if (shape.type !== 'structure') return shape
  const { members, required = [] } = shape
  if (name === 'PutRecordsRequestEntry') return { ...shape, required: [...required, 'PartitionKey'] }
  // ListShards may name a token instead.
  if (
    !name.endsWith('Input') ||
    name === 'ListShardsInput' ||
    !('StreamName' in members && 'StreamARN' in members)
  )
    return shape
  return {
    ...shape,
    required: name === 'PutRecordInput' ? [...required, 'PartitionKey'] : required,
    requiredUnless: { StreamName: 'StreamARN' },
  }
}
