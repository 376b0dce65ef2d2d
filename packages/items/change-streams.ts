/** The names of what is in change streams, in DynamoDB's forms: shards, sequence numbers, ids of events. */
import { createHash } from 'node:crypto'

/** The label of a stream: when it was enabled. */
export const STREAM_LABEL = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}$/

export const streamLabelOf = (enabledAt: number): string => new Date(enabledAt).toISOString().slice(0, -1)

/** DynamoDB's have 21 to 40 digits; a larger one is later in its shard. */
export const sequenceNumberOf = (offset: number): string => `1${String(offset).padStart(20, '0')}`

/** Returns undefined if it is not a sequence number of such a stream. */
export function offsetOf(sequenceNumber: string): number | undefined {
  return /^1\d{20}$/.test(sequenceNumber) ? Number(sequenceNumber.slice(1)) : undefined
}

/** A partition is one shard. */
export function shardIdOf(label: string, partition: number): string {
  return `shardId-${String(Date.parse(`${label}Z`)).padStart(20, '0')}-${partition.toString(16).padStart(8, '0')}`
}

/** An id that is the same whenever and wherever the change is read. */
export const eventIdOf = (partition: number, offset: number): string =>
  createHash('md5').update(`weir.tables.changes/${partition}/${offset}`).digest('hex')

/** Who deletes items whose time has come (developer guide, "Time to Live"). */
export const EXPIRY_PRINCIPAL = 'dynamodb.amazonaws.com'
