/** The newest value of each key of a compacted topic, in Redis. The topic can rebuild it. */
import type { Redis } from 'ioredis'
import { connectRedis } from '../reference/redis-tables.ts'

/** A key stays in its partition, so that offsets say which of its values is newer. A removed one leaves its offset. */
const PUT = `
local known = redis.call('HGET', KEYS[1], 'offset')
if known and tonumber(known) >= tonumber(ARGV[1]) then return 0 end
if ARGV[2] == '' then redis.call('HDEL', KEYS[1], 'json') else redis.call('HSET', KEYS[1], 'json', ARGV[2]) end
redis.call('HSET', KEYS[1], 'offset', ARGV[1])
return 1`

export class LatestValues {
  readonly #redis: Redis
  readonly #prefix: string

  constructor(url: string, topic: string, log: { warn(details: object, message: string): void }) {
    this.#redis = connectRedis(url, log)
    this.#prefix = `weir:latest:${topic}`
  }

  /** Whether everything that was in the topic once is here. */
  async whole(): Promise<boolean> {
    return await this.#redis.exists(`${this.#prefix}:whole`) === 1
  }

  async markWhole(): Promise<void> {
    await this.#redis.set(`${this.#prefix}:whole`, '1')
  }

  async put(values: ReadonlyMap<string, { readonly offset: number, readonly json: string | null }>): Promise<void> {
    if (values.size === 0) return
    const pipeline = this.#redis.pipeline()
    for (const [key, { offset, json }] of values) pipeline.eval(PUT, 1, `${this.#prefix}/${key}`, offset, json ?? '')
    for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error
  }

  async get(key: string): Promise<unknown> {
    const json = await this.#redis.hget(`${this.#prefix}/${key}`, 'json')
    return json === null ? undefined : JSON.parse(json)
  }

  async stop(): Promise<void> {
    this.#redis.disconnect()
  }
}
