/**
 * A table in Redis that is too large for the memory of a replica. It can be rebuilt from the topic at any
 * time.
 */
import type { Codec } from '@weir/codec'
import type { TopicName } from '@weir/contracts'
import type { Kafka, RecordBatch } from '@weir/kafka'
import { type Resource, watchGroup } from '@weir/service'
import { HandlerHealth, openRecords, type WarnLog } from '@weir/topics'
import { connectRedis, runAll } from './redis.ts'
import { type Change, type Layout, RedisCopy } from './redis-copy.ts'
import { Upkeep } from './upkeep.ts'
import { WholeMark } from './whole-mark.ts'

/**
 * The interval between checks that Redis still has everything, and that the topic is still the same one in
 * Kafka (ms).
 */
const LOOK_MS = 2000
/** Values are gathered this long or up to this size before they are written to Redis. */
const GATHER = { ms: 100, bytes: 1 << 20 }

export interface RedisTable {
  /** The newest value of the key; undefined if it has none. */
  get(key: string): Promise<unknown>
  /** False while Redis lacks values of the topic. */
  ready(): boolean
}

export interface RedisTableOptions {
  readonly kafka: Pick<Kafka, 'consume' | 'read' | 'topicId' | 'partitions' | 'admin'>
  readonly codec: Pick<Codec, 'reader'>
  readonly topic: TopicName
  /** The group whose members copy the topic, each some of its partitions. */
  readonly groupId: string
  readonly redisUrl: string
  readonly log: WarnLog
}

/**
 * Opens a copy of the topic in Redis. A recreated topic gets a new copy, because the offsets of the previous
 * topic say nothing about the order of its values.
 */
export async function openRedisTable({
  kafka,
  codec,
  topic,
  groupId,
  redisUrl,
  log,
}: RedisTableOptions): Promise<Resource<RedisTable>> {
  const redis = connectRedis(redisUrl, log)
  const nameOf = (topicId: string): string => `weir:latest:${topic}:${topicId}`
  let name = nameOf(await kafka.topicId(topic))
  let copy = new RedisCopy(redis, layoutOf(name))
  let stale = false
  const records = await openRecords({ codec, topic, reader: 'latest', log })
  const health = new HandlerHealth()

  const store = async (batch: RecordBatch): Promise<void> => {
    await records.prepare(batch)
    const newest = new Map<string, Change>()
    records.each(batch, ({ key, value, offset }) => {
      if (key === '') throw new Error('A record without a key does not have a newest value.')
      newest.set(key, { key, offset, json: value === null ? null : JSON.stringify(value) })
    })
    if (newest.size === 0) return
    const commands = redis.pipeline()
    for (const change of newest.values()) copy.apply(commands, change)
    await runAll(commands)
  }

  const subscription = await kafka.consume(
    { groupId, topics: [topic], startAt: 'earliest', gather: GATHER },
    health.watch(store),
  )
  const unwatchGroup = watchGroup(subscription, kafka)

  const look = async () => {
    const found = nameOf(await kafka.topicId(topic))
    if (found !== name) {
      log.warn({ topic }, 'the topic was recreated; its newest values are copied to Redis from its beginning')
      name = found
      copy = new RedisCopy(redis, layoutOf(name))
      // It is filled even if another replica already has: this one may have written some of its values under
      // the name before.
      stale = true
    }
    return { mark: new WholeMark(redis, `${name}:whole`), stale }
  }

  const fill = async (): Promise<void> => {
    const { signal } = upkeep
    const reading = await kafka.read({ topics: [topic], from: 'earliest', until: 'end' }, store)
    const stop = (): void => void reading.stop()
    signal.addEventListener('abort', stop)
    await reading.done.finally(() => signal.removeEventListener('abort', stop))
    signal.throwIfAborted()
    stale = false
  }

  const trouble = `the newest values of ${topic} cannot be copied to Redis; this is retried`
  const upkeep: Upkeep = new Upkeep({ look, fill, everyMs: LOOK_MS, log, trouble })
  upkeep.start()

  return {
    value: { get: (key) => copy.get(key), ready: () => upkeep.whole && health.ready(subscription) },
    stop: async (drainMs) => {
      unwatchGroup()
      await Promise.all([subscription.stop(drainMs), upkeep.stop()])
      redis.disconnect()
    },
  }
}

function layoutOf(name: string): Layout {
  const hash = (key: string): string => `${name}/${key}`
  return { value: (key) => [hash(key), 'json'], offset: (key) => [hash(key), 'offset'] }
}
