/**
 * Reference tables in Redis, for functions: a hash a table (id → JSON), and one of the offsets that wrote the entries. Every replica writes what it reads of the
 * topic; offsets make that harmless. Redis may lose everything at any time, or come back with what it had yesterday.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ChainableCommander, Redis } from 'ioredis'
import type { ReferenceChange } from '@weir/solutions'
import type { Warnings } from '@weir/topics'
import { connectRedis } from '../redis/connect.ts'
import { WholeMark } from '../redis/whole.ts'

const entriesOf = (table: string) => `weir:reference:{${table}}:entries`
/** Of entries with lat and lon: their places, for GEOSEARCH. */
const placesOf = (table: string) => `weir:reference:{${table}}:places`
const offsetsOf = (table: string) => `weir:reference:{${table}}:offsets`

/** Writes an entry unless a later record of the topic wrote or removed it already. */
const APPLY = `
local known = redis.call('HGET', KEYS[2], ARGV[1])
if known and tonumber(known) >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
if ARGV[4] == '' then redis.call('ZREM', KEYS[3], ARGV[1]) else redis.call('GEOADD', KEYS[3], ARGV[4], ARGV[5], ARGV[1]) end
return 1`

/** How often it is asked whether Redis still has everything, and how soon it is tried again (ms). */
const LOOK_MS = 1000

export interface RedisTables {
  /** Copies the change to Redis, as soon as Redis takes it. */
  changed(change: ReferenceChange): void
  /** Forgets all changes: the topic was made anew. */
  clear(): void
  /** False while Redis lacks something that was given to changed(). */
  ready(): boolean
  stop(): Promise<void>
}

/** @param tables all that there are */
export function openRedisTables(url: string, tables: readonly string[], log: Warnings): RedisTables {
  const redis = connectRedis(url, log)
  const whole = new WholeMark(redis, 'weir:reference:whole')
  const stopping = new AbortController()
  /** By TABLE/ID: what the topic has, and what Redis has not been given of it yet. */
  const newest = new Map<string, ReferenceChange>()
  let pending = new Map<string, ReferenceChange>()
  /** At first and after each connection: the server may be another one, or have come back with older data. */
  let replacing = true
  let ready = false
  let failing = false
  let wake = (): void => {}
  redis.on('ready', () => { replacing = true })

  const copy = async (): Promise<void> => {
    const changes = pending
    pending = new Map()
    try {
      if (replacing || !await whole.set()) {
        replacing = false
        const byTable = Map.groupBy(newest.values(), ({ table }) => table)
        await whole.after(async () => {
          for (const table of tables) await replaceTable(redis, table, byTable.get(table) ?? [])
        })
      }
      await applyChanges(redis, changes.values())
    } catch (error) {
      // A later change of the same entry stays.
      pending = new Map([...changes, ...pending])
      replacing = true
      throw error
    }
  }

  const copying = (async () => {
    while (!stopping.signal.aborted) {
      const woken = new Promise<void>((resolve) => { wake = resolve })
      try {
        await copy()
        ready = true
        failing = false
      } catch (error) {
        ready = false
        if (!failing) log.warn({ error: (error as Error).message }, 'the reference tables cannot be copied to Redis; trying again until they can')
        failing = true
      }
      await Promise.race([...failing ? [] : [woken], sleep(LOOK_MS, undefined, { signal: stopping.signal }).catch(() => {})])
    }
  })()

  return {
    ready: () => ready && !replacing,
    changed(change) {
      const key = `${change.table}/${change.id}`
      if (change.json === null) newest.delete(key)
      else newest.set(key, change)
      pending.set(key, change)
      wake()
    },
    clear() {
      newest.clear()
      pending.clear()
      replacing = true
    },
    stop: async () => {
      stopping.abort()
      await copying
      redis.disconnect()
    },
  }
}

async function applyChanges(redis: Redis, changes: Iterable<ReferenceChange>): Promise<void> {
  const pipeline = redis.pipeline()
  for (const { table, id, offset, json } of changes) {
    const [lon, lat] = placeOf(json) ?? ['', '']
    pipeline.eval(APPLY, 3, entriesOf(table), offsetsOf(table), placesOf(table), id, offset, json ?? '', lon, lat)
  }
  await done(pipeline)
}

/** What another replica has read beyond this one comes back when this one reads it. */
async function replaceTable(redis: Redis, table: string, entries: readonly ReferenceChange[]): Promise<void> {
  const transaction = redis.multi().del(entriesOf(table), placesOf(table), offsetsOf(table))
  for (const { id, offset, json } of entries) {
    transaction.hset(entriesOf(table), id, json!).hset(offsetsOf(table), id, offset)
    const place = placeOf(json)
    if (place !== undefined) transaction.geoadd(placesOf(table), ...place, id)
  }
  await done(transaction)
}

async function done(commands: ChainableCommander): Promise<void> {
  for (const [error] of (await commands.exec()) ?? []) if (error) throw error
}

/** Longitude and latitude of an entry that has them and that Redis can index. */
function placeOf(json: string | null): [lon: number, lat: number] | undefined {
  const { lat, lon } = json === null ? {} : JSON.parse(json) as { lat?: unknown, lon?: unknown }
  const fits = typeof lat === 'number' && typeof lon === 'number' && Math.abs(lat) <= 85 && Math.abs(lon) <= 180
  return fits ? [lon, lat] : undefined
}
