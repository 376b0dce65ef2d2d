/**
 * Reference tables in Redis: one hash a table (id → JSON), one of the offsets that wrote them, and a version for all.
 * Redis holds only what the compacted topic weir.control.reference can rebuild.
 */
import { Redis } from 'ioredis'

const VERSION = 'weir:reference:version'
const CHANGED = 'weir:reference:changed'
const entriesOf = (table: string) => `weir:reference:{${table}}:entries`
/** Of entries with lat and lon: their places, for GEOSEARCH. */
const placesOf = (table: string) => `weir:reference:{${table}}:places`
const offsetsOf = (table: string) => `weir:reference:{${table}}:offsets`

/** Writes an entry unless a later record of the topic wrote or removed it already: rebuilding and following may overlap. */
const APPLY = `
local known = redis.call('HGET', KEYS[2], ARGV[1])
if known and tonumber(known) >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
if ARGV[4] == '' then redis.call('ZREM', KEYS[3], ARGV[1]) else redis.call('GEOADD', KEYS[3], ARGV[4], ARGV[5], ARGV[1]) end
return 1`

/** The version stands for a whole copy: a change alone does not begin one, so that whoever finds none rebuilds. */
const RAISE = `if ARGV[1] == 'whole' or redis.call('EXISTS', KEYS[1]) == 1 then redis.call('INCR', KEYS[1]) end return 1`

export interface ReferenceChange {
  readonly table: string
  readonly id: string
  /** The record's offset in the topic. */
  readonly offset: number
  /** null removes the entry. */
  readonly json: string | null
}

export class RedisTables {
  readonly #redis: Redis

  constructor(redis: Redis) {
    this.#redis = redis
  }

  /**
   * Applies changes in one round trip and tells every replica.
   * @param extent whole: these are all changes of the topic, and Redis has everything after them
   */
  async apply(changes: readonly ReferenceChange[], extent: 'whole' | 'part'): Promise<void> {
    const pipeline = this.#redis.pipeline()
    for (const { table, id, offset, json } of changes) {
      const [lon, lat] = placeOf(json)
      pipeline.eval(APPLY, 3, entriesOf(table), offsetsOf(table), placesOf(table), id, offset, json ?? '', lon, lat)
    }
    pipeline.eval(RAISE, 1, VERSION, extent)
    pipeline.publish(CHANGED, '')
    for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error
  }

  /** undefined where Redis knows nothing: it is new or has lost its data. */
  async version(): Promise<number | undefined> {
    const version = await this.#redis.get(VERSION)
    return version === null ? undefined : Number(version)
  }

  async load(table: string): Promise<Map<string, unknown>> {
    const entries = await this.#redis.hgetall(entriesOf(table))
    return new Map(Object.entries(entries).map(([id, json]) => [id, JSON.parse(json)]))
  }

  /** Calls back on every change that any replica applies. Needs a connection of its own; polling the version covers what it misses. */
  async watch(changed: () => void): Promise<() => void> {
    const subscriber = this.#redis.duplicate()
    subscriber.on('error', () => {}) // The main connection reports the same outage.
    subscriber.on('message', changed)
    await subscriber.subscribe(CHANGED)
    return () => subscriber.disconnect()
  }
}

/** Longitude and latitude of an entry that has them and that Redis can index; empty texts else. */
function placeOf(json: string | null): [lon: number | '', lat: number | ''] {
  const { lat, lon } = json === null ? {} : JSON.parse(json) as { lat?: unknown, lon?: unknown }
  const fits = typeof lat === 'number' && typeof lon === 'number' && Math.abs(lat) <= 85 && Math.abs(lon) <= 180
  return fits ? [lon, lat] : ['', '']
}

/** Commands fail after 2 s instead of waiting for Redis for ever; connecting again never ends. */
export function connectRedis(url: string, log: { warn(details: object, message: string): void }): Redis {
  const redis = new Redis(url, { commandTimeout: 2000, maxRetriesPerRequest: 1, retryStrategy: (attempt) => Math.min(100 * attempt, 2000) })
  let reported = 0
  redis.on('error', (error) => {
    if (Date.now() - reported < 10_000) return
    reported = Date.now()
    log.warn({ error: error.message }, 'Redis does not answer; the last known reference tables stay in use')
  })
  return redis
}
