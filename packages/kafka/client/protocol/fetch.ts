/**
 * Fetch without sessions, read_committed. Version 12 identifies topics by name, versions from 13 on by id, so
 * that a deleted and recreated topic is noticed.
 */
import { createAPI, type Reader } from '@platformatic/kafka'
import type { AbortedTransaction } from '../../records/batch-reader.ts'
import { Encoder, type TopicPartition } from './wire.ts'

export interface FetchPartition extends TopicPartition {
  readonly topicId: string
  readonly leaderEpoch: number
  readonly position: number
}

export interface FetchLimits {
  /** Milliseconds that the broker may hold the request while there are no records. */
  readonly maxWait: number
  /** Bytes that the broker waits for, for `maxWait` at most. */
  readonly minBytes: number
  readonly maxBytes: number
  readonly partitionMaxBytes: number
  readonly rack: string
}

export interface FetchResult {
  /** The topic's name, or its id from version 13 on. */
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  readonly aborted: readonly AbortedTransaction[]
  /** A replica of the client's rack to fetch from; -1 for none. */
  readonly preferredReplica: number
  readonly records: Buffer
}

export interface FetchResponse {
  readonly errorCode: number
  readonly partitions: readonly FetchResult[]
}

const CONSUMER = -1
const READ_COMMITTED = 1
const NO_SESSION = 0
const NO_SESSION_EPOCH = -1

const request = (byId: boolean) => (partitions: readonly FetchPartition[], limits: FetchLimits) => {
  const to = new Encoder()
  to.int32(CONSUMER)
    .int32(limits.maxWait)
    .int32(limits.minBytes)
    .int32(limits.maxBytes)
    .int8(READ_COMMITTED)
    .int32(NO_SESSION)
    .int32(NO_SESSION_EPOCH)
  to.array(
    [...Map.groupBy(partitions, ({ topic, topicId }) => (byId ? topicId : topic))],
    ([name, items]) => {
      if (byId) to.uuid(name)
      else to.string(name)
      to.array(items, ({ partition, leaderEpoch, position }) => {
        to.int32(partition)
          .int32(leaderEpoch)
          .int64(position)
          .int32(-1) // last fetched epoch: no check of divergence
          .int64(-1) // log start: for followers
          .int32(limits.partitionMaxBytes)
          .tags()
      }).tags()
    },
  )
  return to
    .count(0) // forgotten topics
    .string(limits.rack)
    .tags()
    .request()
}

/**
 * Reads from the pieces in which the response arrived, so that each partition's records are copied at most
 * once and keep nothing but themselves in memory.
 */
const response =
  (byId: boolean) =>
  (_correlation: number, _key: number, _version: number, reader: Reader): FetchResponse => {
    reader.skip(4) // throttle time
    const errorCode = reader.readInt16()
    reader.skip(4) // session
    const partitions = reader.readArray((from) => {
      const topic = byId ? uuid(from) : from.readString()
      return from.readArray((): FetchResult => {
        const partition = from.readInt32()
        const errorCode = from.readInt16()
        from.skip(8) // high watermark: read_committed reads to the last stable offset
        const lastStableOffset = Number(from.readInt64())
        const logStartOffset = Number(from.readInt64())
        const aborted = from.readArray(() => ({
          producerId: from.readInt64(),
          firstOffset: Number(from.readInt64()),
        }))
        const preferredReplica = from.readInt32()
        return {
          topic,
          partition,
          errorCode,
          lastStableOffset,
          logStartOffset,
          aborted,
          preferredReplica,
          records: from.readBytes(),
        }
      })
    })
    return { errorCode, partitions: partitions.flat() }
  }

function uuid(from: Reader): string {
  const hex = from.peekUUID()
  from.skip(16)
  return hex
}

const version = (number: number, byId: boolean) =>
  createAPI<[partitions: readonly FetchPartition[], limits: FetchLimits], FetchResponse>(
    1,
    number,
    request(byId),
    response(byId),
  )

export const fetchV12 = version(12, false)
export const fetchV13 = version(13, true)
