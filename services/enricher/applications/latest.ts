/** The newest value of each key of a compacted topic, in Redis. It can be rebuilt from the topic. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Codec } from '@weir/codec'
import type { TopicName } from '@weir/contracts'
import type { Kafka, RecordBatch } from '@weir/kafka'
import { type Resource, watchGroup } from '@weir/service'
import { HandlerHealth, openRecords, type WarnLog } from '@weir/topics'
import type { Redis } from 'ioredis'
import { connectRedis, runAll } from '../redis/connect.ts'
import { WholeMark } from '../redis/whole.ts'

/**
 * A key stays in its partition, so offsets tell which of its values is newer. A removed key keeps its offset.
 */
const PUT = `
local known = redis.call('HGET', KEYS[1], 'offset')
if known and tonumber(known) >= tonumber(ARGV[1]) then return 0 end
if ARGV[2] == '' then redis.call('HDEL', KEYS[1], 'json') else redis.call('HSET', KEYS[1], 'json', ARGV[2]) end
redis.call('HSET', KEYS[1], 'offset', ARGV[1])
return 1`

/**
 * The interval between checks that Redis still has everything, and that the topic is still the same one in
 * Kafka (ms).
 */
const LOOK_MS = 2000
/**
 * Values are gathered this long or up to this size before they are written to Redis. A client that waits for
 * a value gets it from the topic itself.
 */
const GATHER = { ms: 100, bytes: 1 << 20 }

export interface LatestValues {
  get(key: string): Promise<unknown>
  /** False while Redis lacks values of the topic. */
  ready(): boolean
}

export interface LatestOptions {
  readonly kafka: Pick<Kafka, 'consume' | 'read' | 'topicId' | 'partitions' | 'admin'>
  readonly codec: Codec
  readonly topic: TopicName
  readonly redisUrl: string
  readonly log: WarnLog
}

/**
 * One replica at a time copies a partition; older values never replace newer ones. A topic that was recreated
 * under its name has separate copies, because the offsets of the previous one tell nothing about its values.
 */
export async function openLatest({
  kafka,
  codec,
  topic,
  redisUrl,
  log,
}: LatestOptions): Promise<Resource<LatestValues>> {
  const redis = connectRedis(redisUrl, log)
  let topicId = await kafka.topicId(topic)
  const prefix = (): string => `weir:latest:${topic}:${topicId}`
  let whole = new WholeMark(redis, `${prefix()}:whole`)
  const records = await openRecords({ codec, topic, reader: 'latest', log })
  const stopping = new AbortController()
  const health = new HandlerHealth()
  let filled = false

  const copy = async (batch: RecordBatch): Promise<void> => {
    await records.prepare(batch)
    const newest = new Map<string, { readonly offset: number; readonly json: string }>()
    records.each(batch, ({ key, value, offset }) => {
      if (key === '') throw new Error('A record without key has no newest value.')
      newest.set(key, { offset, json: value === null ? '' : JSON.stringify(value) })
    })
    await put(redis, prefix(), newest)
  }

  const copying = await kafka.consume(
    { groupId: `enricher.latest.${topic}`, topics: [topic], startAt: 'earliest', gather: GATHER },
    health.watch(copy),
  )

  /** Copies the topic from its beginning, if Redis is new or has lost its data. */
  const fill = async (): Promise<void> => {
    const reading = await kafka.read({ topics: [topic], from: 'earliest', until: 'end' }, copy)
    const stop = (): void => void reading.stop()
    stopping.signal.addEventListener('abort', stop)
    await reading.done.finally(() => stopping.signal.removeEventListener('abort', stop))
    stopping.signal.throwIfAborted()
  }
  const watching = (async () => {
    while (!stopping.signal.aborted) {
      try {
        const id = await kafka.topicId(topic)
        if (id !== topicId) {
          topicId = id
          whole = new WholeMark(redis, `${prefix()}:whole`)
          filled = false
          log.warn(
            { topic },
            'the topic was made anew; its newest values are copied to Redis from its beginning',
          )
          // Fills it even if another replica already has: this one may have written some of its values under
          // the topic before.
          await whole.after(fill)
        }
        filled = await whole.set()
        if (!filled) await whole.after(fill)
        else await sleep(LOOK_MS, undefined, { signal: stopping.signal })
      } catch (error) {
        filled = false
        if (stopping.signal.aborted) break
        log.warn({ err: error, topic }, 'the newest values could not be copied to Redis; trying again')
        await sleep(LOOK_MS, undefined, { signal: stopping.signal }).catch(() => {})
      }
    }
  })()
  const unwatchGroup = watchGroup(copying, kafka)

  return {
    value: {
      async get(key) {
        const json = await redis.hget(`${prefix()}/${key}`, 'json')
        return json === null ? undefined : JSON.parse(json)
      },
      ready: () => filled && health.ready(copying),
    },
    stop: async (drainMs) => {
      unwatchGroup()
      stopping.abort()
      await Promise.all([copying.stop(drainMs), watching])
      redis.disconnect()
    },
  }
}

async function put(
  redis: Redis,
  prefix: string,
  newest: ReadonlyMap<string, { readonly offset: number; readonly json: string }>,
): Promise<void> {
  if (newest.size === 0) return
  const pipeline = redis.pipeline()
  for (const [key, { offset, json }] of newest) pipeline.eval(PUT, 1, `${prefix}/${key}`, offset, json)
  await runAll(pipeline)
}
