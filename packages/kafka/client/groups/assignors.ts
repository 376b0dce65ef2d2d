/**
 * Assignors of the classic protocol, which decide as Java's RangeAssignor and RoundRobinAssignor do, and the
 * encoding of the subscriptions and assignments that members exchange.
 */
import { Decoder, type TopicPartition } from '../protocol/wire.ts'
import { keyOf } from './membership.ts'

export interface Subscriber {
  readonly memberId: string
  readonly topics: readonly string[]
}

export type Assignor = (
  members: readonly Subscriber[],
  partitionCounts: ReadonlyMap<string, number>,
) => Map<string, TopicPartition[]>

const ordered = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/**
 * Assigns contiguous ranges, topic by topic, to the members in order of their ids. The first members get one
 * partition more if the number does not divide evenly.
 */
const range: Assignor = (members, partitionCounts) => {
  const assigned = new Map(members.map(({ memberId }) => [memberId, [] as TopicPartition[]]))
  for (const [topic, count] of partitionCounts) {
    const takers = members
      .filter(({ topics }) => topics.includes(topic))
      .map(({ memberId }) => memberId)
      .sort(ordered)
    const [each, more] = [Math.floor(count / takers.length), count % takers.length]
    takers.forEach((memberId, i) => {
      const start = each * i + Math.min(i, more)
      for (let partition = start; partition < start + each + (i < more ? 1 : 0); partition++)
        assigned.get(memberId)!.push({ topic, partition })
    })
  }
  return assigned
}

/** Deals all partitions of all topics, in order, to the members in order of their ids. */
const roundRobin: Assignor = (members, partitionCounts) => {
  const assigned = new Map(members.map(({ memberId }) => [memberId, [] as TopicPartition[]]))
  const takers = [...members].sort((a, b) => ordered(a.memberId, b.memberId))
  let next = 0
  for (const topic of [...partitionCounts.keys()].sort(ordered)) {
    for (let partition = 0; partition < partitionCounts.get(topic)!; partition++) {
      while (!takers[next % takers.length].topics.includes(topic)) next++
      assigned.get(takers[next++ % takers.length].memberId)!.push({ topic, partition })
    }
  }
  return assigned
}

/** In order of preference. */
export const ASSIGNORS: ReadonlyMap<string, Assignor> = new Map([
  ['range', range],
  ['roundrobin', roundRobin],
])

/**
 * ConsumerProtocolSubscription, version 1: topics, no user data, nothing owned (members of the eager protocol
 * own nothing while they join).
 */
export function encodeSubscription(topics: readonly string[]): Buffer {
  return Buffer.concat([int16(1), array([...topics].sort(ordered), text), int32(-1), int32(0)])
}

export function decodeSubscription(bytes: Buffer): string[] {
  const from = new Decoder(bytes)
  from.int16() // version
  return Array.from({ length: bounded(from.int32(), bytes) }, () => from.raw(from.int16()).toString())
}

/** ConsumerProtocolAssignment, version 1. */
export function encodeAssignment(partitions: readonly TopicPartition[]): Buffer {
  const topics = [...Map.groupBy(partitions, ({ topic }) => topic)]
  const ofTopic = ([topic, items]: [string, TopicPartition[]]): Buffer =>
    Buffer.concat([text(topic), array(items, ({ partition }) => int32(partition))])
  return Buffer.concat([int16(1), array(topics, ofTopic), int32(-1)])
}

export function decodeAssignment(bytes: Buffer): TopicPartition[] {
  if (bytes.length === 0) return []
  const from = new Decoder(bytes)
  from.int16() // version
  const partitions = new Map<string, TopicPartition>()
  for (let topics = bounded(from.int32(), bytes); topics > 0; topics--) {
    const topic = from.raw(from.int16()).toString()
    for (let count = bounded(from.int32(), bytes); count > 0; count--) {
      const at = { topic, partition: from.int32() }
      partitions.set(keyOf(at), at)
    }
  }
  return [...partitions.values()]
}

function bounded(count: number, bytes: Buffer): number {
  if (count < 0 || count > bytes.length)
    throw new RangeError('a member of the group sent metadata that cannot be read')
  return count
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([int16(bytes.length), bytes])
}

function array<T>(items: readonly T[], encode: (item: T) => Buffer): Buffer {
  return Buffer.concat([int32(items.length), ...items.map(encode)])
}
