/**
 * A stream as the control log stores it, and what follows from that state. Plain data: every function here is
 * pure.
 */
import { byStart, type HashRange, uniformRanges } from './hash-range.ts'

export type StreamStatus = 'CREATING' | 'ACTIVE' | 'UPDATING' | 'DELETING'

/** A part of one partition: the offsets from `from` up to, but not including, `to`. */
export interface Shard extends HashRange {
  /** shardId-000000000000 and so on. */
  readonly id: string
  readonly partition: number
  /**
   * The second that its sequence numbers contain, since the epoch: larger than its parents', whenever the
   * shard was created.
   */
  readonly createdSecond: number
  readonly from: number
  /** Null while it is open. */
  readonly to: number | null
  /** The shard that was split, or the two that were merged. */
  readonly parents: readonly string[]
  /** Ms since the epoch; closedAt is null while it is open. */
  readonly createdAt: number
  readonly closedAt: number | null
}

/**
 * A shard that will replace one or two open ones. A change of many shards takes several steps, since a shard
 * has at most two parents.
 */
export interface Child extends HashRange {
  readonly parents: readonly string[]
}

export interface Stream {
  readonly name: string
  readonly topic: string
  readonly createdAt: number
  /** Increases with every change, and continues from the versions of an earlier stream of that name. */
  readonly version: number
  readonly status: StreamStatus
  readonly mode: 'PROVISIONED' | 'ON_DEMAND'
  /** Kafka producers write to it as well, with Kafka's partitioner; it is neither split nor merged. */
  readonly external: boolean
  readonly shards: readonly Shard[]
  readonly nextShard: number
  readonly retentionHours: number
  readonly maxRecordKiB: number
  readonly tags: Readonly<Record<string, string>>
  readonly metrics: readonly string[]
  readonly encryptionKey: string | null
  readonly policy: string | null
  /**
   * The resharding under way: the children name the shards that are being closed as their parents. `target`
   * is the number of shards to reach, if there is one.
   */
  readonly resharding: { readonly children: readonly Child[]; readonly target: number | null } | null
}

/** A consumer with enhanced fan-out. */
export interface FanOutConsumer {
  readonly stream: string
  /**
   * The creation time of the stream that it was registered with: a later stream of the same name is another
   * one.
   */
  readonly streamCreatedAt: number
  readonly name: string
  readonly createdAt: number
  readonly status: 'CREATING' | 'ACTIVE' | 'DELETING'
  readonly tags: Readonly<Record<string, string>>
  readonly policy: string | null
}

export const TOPIC_PREFIX = 'stream.'
/** Kinesis' limits (service model and "Quotas and limits"). */
export const MIN_RETENTION_HOURS = 24
export const MAX_RETENTION_HOURS = 8760
export const MIN_RECORD_KIB = 1024
export const ON_DEMAND_SHARDS = 4

export interface NewStream {
  readonly name: string
  readonly mode: Stream['mode']
  readonly shards: number
  readonly maxRecordKiB: number
  readonly tags: Readonly<Record<string, string>>
  readonly external: boolean
}

export function newStream(
  { name, mode, shards, maxRecordKiB, tags, external }: NewStream,
  now: number,
): Stream {
  return {
    name,
    topic: TOPIC_PREFIX + name,
    createdAt: now,
    version: now,
    status: 'CREATING',
    mode,
    external,
    nextShard: shards,
    shards: uniformRanges(shards).map((range, partition) => ({
      ...range,
      id: shardId(partition),
      partition,
      createdSecond: Math.floor(now / 1000),
      from: 0,
      to: null,
      parents: [],
      createdAt: now,
      closedAt: null,
    })),
    retentionHours: MIN_RETENTION_HOURS,
    maxRecordKiB,
    tags,
    metrics: [],
    encryptionKey: null,
    policy: null,
    resharding: null,
  }
}

export function shardId(number: number): string {
  return `shardId-${String(number).padStart(12, '0')}`
}

/** The open shards, in the order of their hash keys. */
export function openShards(stream: Stream): Shard[] {
  return stream.shards.filter(({ to }) => to === null).sort(byStart)
}

/** Ids of the shards that take no more records though they are not closed yet. */
export function closingShards(stream: Stream): Set<string> {
  return new Set(stream.resharding?.children.flatMap(({ parents }) => parents) ?? [])
}

export function childrenOf(stream: Stream, id: string): Shard[] {
  return stream.shards.filter(({ parents }) => parents.includes(id))
}

/** Returns the stream without the closed shards whose last records are past their retention. */
export function withoutExpired(stream: Stream, now: number): Stream {
  const kept = stream.shards.filter(
    ({ closedAt }) => closedAt === null || closedAt + stream.retentionHours * 3_600_000 > now,
  )
  return kept.length === stream.shards.length ? stream : { ...stream, shards: kept }
}
