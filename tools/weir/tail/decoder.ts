/** Decodes records for people: the value by its contract, or the raw bytes if that fails. */

import type { DecodeValue } from '@weir/codec'
import { keyOf, listHeaders, type RecordBatch, valueOf } from '@weir/kafka'
import type { SeenHeaders } from '@weir/topics/dead-letters/index.ts'

export interface SeenRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds since the epoch: the broker's time of arrival. */
  readonly timestamp: number
  readonly key: string | null
  readonly headers: SeenHeaders
  /**
   * The decoded value; null for a tombstone; undefined if `bytes` holds a value that could not be decoded.
   */
  readonly value: unknown
  readonly bytes: Buffer | undefined
  /** Why the value could not be decoded. */
  readonly problem: string | undefined
}

export async function seeRecord(batch: RecordBatch, index: number, decode: DecodeValue): Promise<SeenRecord> {
  const value = valueOf(batch, index)
  return {
    topic: batch.topic,
    partition: batch.partition,
    offset: batch.offsets[index],
    timestamp: batch.timestamps[index],
    key: keyOf(batch, index)?.toString('utf8') ?? null,
    headers: listHeaders(batch.bytes, batch.headersStart[index]),
    ...(value === null ? { value: null, bytes: undefined, problem: undefined } : await decode(value)),
  }
}
