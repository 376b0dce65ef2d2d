/**
 * A mark in Redis which shows that a copy of a topic is complete. If it is missing, Redis is new or has lost
 * its data, and the copy is filled again.
 */
import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'

/** Longer than reading any compacted topic takes (s). */
const FILLING_SECONDS = 24 * 3600

const COMPLETE = `
if redis.call('DEL', KEYS[2]) == 0 then return 0 end
redis.call('SET', KEYS[1], '1')
return 1`

export class WholeMark {
  readonly #redis: Redis
  readonly #key: string

  constructor(redis: Redis, key: string) {
    this.#redis = redis
    this.#key = key
  }

  async set(): Promise<boolean> {
    return (await this.#redis.exists(this.#key)) === 1
  }

  /**
   * Runs `fill`, which copies everything, and then sets the mark. Rejects if Redis loses its data in the
   * meantime: a second mark, written before the first value, is gone then. Several replicas may fill at the
   * same time.
   */
  async after(fill: () => Promise<void>): Promise<void> {
    // The braces keep both keys in one slot of a cluster.
    const filling = `{${this.#key}}:filling:${randomUUID()}`
    await this.#redis.set(filling, '1', 'EX', FILLING_SECONDS)
    await fill()
    const complete = await this.#redis.eval(COMPLETE, 2, this.#key, filling)
    if (complete !== 1) throw new Error('Redis lost its data while the copy was filled')
  }
}
