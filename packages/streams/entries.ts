/** Checks the entries of weir.control.streams before they are applied. */
import type { CheckState } from '@weir/control'
import {
  flag,
  integer,
  list,
  map,
  nullable,
  object,
  oneOf,
  read,
  type Shape,
  text,
} from '@weir/topics/shape.ts'
import { byStart, endOf, type HashRange, MAX_HASH_KEY, parseHashKey, startOf } from './hash-range.ts'
import type { Heartbeat } from './replicas.ts'
import { type FanOutConsumer, openShards, type Stream, TOPIC_PREFIX } from './stream.ts'

/** Names of streams and consumers (service model of Kinesis). */
const name = text({ max: 128, pattern: /^[a-zA-Z0-9_.-]+$/, like: 'letters, digits, _, . and -' })
const time = integer({ min: 0, max: 8.64e15 })
const offset = integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const count = integer({ min: 0, max: 2 ** 31 - 1 })
const shardName = text({ max: 22, pattern: /^shardId-\d{12}$/, like: 'like shardId-000000000000' })
const hashKey = text({ max: 39, pattern: /^(0|[1-9]\d*)$/, like: 'a decimal number' })
const tags = map(text({ max: 128 }), text({ min: 0, max: 256 }), { max: 200 })
const policy = nullable(text({ min: 0, max: 1 << 20 }))
const range = { start: hashKey, end: hashKey }
/** An upper bound: more shards than an entry has room for. */
const MAX_SHARDS = 10_000

const stream = object({
  name,
  topic: text({ max: 249 }),
  createdAt: time,
  version: offset,
  status: oneOf('CREATING', 'ACTIVE', 'UPDATING', 'DELETING'),
  mode: oneOf('PROVISIONED', 'ON_DEMAND'),
  external: flag,
  nextShard: count,
  retentionHours: integer({ min: 1, max: 100_000 }),
  maxRecordKiB: integer({ min: 1, max: 1 << 20 }),
  tags,
  metrics: list(text({ max: 128 }), { max: 100 }),
  encryptionKey: nullable(text({ max: 2048 })),
  policy,
  shards: list(
    object({
      ...range,
      id: shardName,
      partition: integer({ min: 0, max: 1_000_000 }),
      createdSecond: integer({ min: 0, max: 2 ** 36 - 1 }),
      from: offset,
      to: nullable(offset),
      parents: list(shardName, { max: 2 }),
      createdAt: time,
      closedAt: nullable(time),
    }),
    { max: MAX_SHARDS },
  ),
  resharding: nullable(
    object({
      children: list(object({ ...range, parents: list(shardName, { min: 1, max: 2 }) }), {
        min: 1,
        max: MAX_SHARDS,
      }),
      target: nullable(count),
    }),
  ),
}) satisfies Shape<Stream>

const consumer = object({
  stream: name,
  streamCreatedAt: time,
  name,
  createdAt: time,
  status: oneOf('CREATING', 'ACTIVE', 'DELETING'),
  tags,
  policy,
}) satisfies Shape<FanOutConsumer>

const heartbeat = object({
  beat: offset,
  takes: flag,
  drained: map(name, offset, { max: MAX_SHARDS }),
}) satisfies Shape<Heartbeat>

export const checks = {
  stream: (state, id) => checkStream(read(stream, state, 'ignored'), id),
  consumer: (state, id) => {
    const found = read(consumer, state, 'ignored')
    if (id !== `${found.stream}/${found.name}`) {
      throw new Error('The consumer is stored under the name of another consumer.')
    }
  },
  replica: (state) => void read(heartbeat, state, 'ignored'),
} satisfies Record<string, CheckState>

/**
 * Checks what a shape cannot express: the stream has the name and the topic of its entry, and each hash key
 * has one open shard, now and after the resharding under way.
 */
function checkStream(found: Stream, id: string): void {
  if (found.name !== id) throw new Error('The stream is stored under the name of another stream.')
  if (found.topic !== TOPIC_PREFIX + id) {
    throw new Error(`The topic of a stream must be ${TOPIC_PREFIX}NAME; this stream has another.`)
  }
  const open = openShards(found)
  const partitions = new Set(open.map(({ partition }) => partition))
  if (
    partitions.size < open.length ||
    new Set(found.shards.map((shard) => shard.id)).size < found.shards.length
  ) {
    throw new Error('Two shards of the stream have the same id, or two open shards the same partition.')
  }
  checkCover(open)
  if (found.resharding === null) return
  const closing = new Set(found.resharding.children.flatMap(({ parents }) => parents))
  const openIds = new Set(open.map((shard) => shard.id))
  if (closing.difference(openIds).size > 0) throw new Error('The resharding closes a shard that is not open.')
  checkCover([...open.filter((shard) => !closing.has(shard.id)), ...found.resharding.children])
}

function checkCover(ranges: readonly HashRange[]): void {
  for (const { start, end } of ranges) {
    const known = parseHashKey(start) !== undefined && parseHashKey(end) !== undefined
    if (!known) throw new Error('A hash key is beyond 2^128 - 1.')
  }
  let next = 0n
  for (const one of [...ranges].sort(byStart)) {
    if (startOf(one) !== next || endOf(one) < next) {
      throw new Error('The open shards leave hash keys uncovered, or overlap.')
    }
    next = endOf(one) + 1n
  }
  if (next !== MAX_HASH_KEY + 1n) throw new Error('The open shards leave hash keys uncovered.')
}
