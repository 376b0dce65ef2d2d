/** Decodes records for people: the value by its contract, or the raw bytes if that fails. */

import { type Codec, SchemaNeeded, Undecodable } from '@weir/codec'
import type { TopicName } from '@weir/contracts'
import { keyOf, listHeaders, type RecordBatch, valueOf } from '@weir/kafka'
import { contractOf } from '../kafka.ts'

/** Headers in order: a name may occur several times, and a value may be null. */
export type SeenHeaders = readonly (readonly [name: string, value: Buffer | null])[]

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

export type DecodeValue = (bytes: Buffer) => Promise<Pick<SeenRecord, 'value' | 'bytes' | 'problem'>>

/**
 * Decodes values of a topic. Rejects with the codec's RegistryUnavailable if the registry is needed and does
 * not answer.
 */
export async function valueDecoder(codec: Codec, topic: string): Promise<DecodeValue> {
  if (!contractOf(topic))
    return async (bytes) => ({
      value: undefined,
      bytes: Buffer.from(bytes),
      problem: `${topic} does not have a contract`,
    })
  const reader = await codec.reader(topic as TopicName)
  const decode: DecodeValue = async (bytes) => {
    try {
      return { value: reader.decode(bytes, 0, bytes.length), bytes: undefined, problem: undefined }
    } catch (error) {
      if (error instanceof SchemaNeeded) {
        await codec.resolve(error.id)
        return decode(bytes)
      }
      if (!(error instanceof Undecodable)) throw error
      return { value: undefined, bytes: Buffer.from(bytes), problem: error.message }
    }
  }
  return decode
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
