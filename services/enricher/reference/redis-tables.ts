/**
 * Reference tables in Redis, for functions. Each table is a hash (id → JSON), beside a hash of the offsets
 * that wrote its entries. Every replica writes all changes that it reads from the topic, and the offsets make
 * that harmless. Redis may lose everything at any time, or come back with the data of yesterday.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ReferenceChange } from '@weir/solutions'
import type { WarnLog } from '@weir/topics'
import type { Redis } from 'ioredis'
import { connectRedis, runAll } from '../redis/connect.ts'
import { WholeMark } from '../redis/whole.ts'

const entriesOf = (table: string) => `weir:reference:{${table}}:entries`
/** The locations of entries that have lat and lon, for GEOSEARCH. */
const placesOf = (table: string) => `weir:reference:{${table}}:places`
const offsetsOf = (table: string) => `weir:reference:{${table}}:offsets`

/** Writes an entry unless the same or a later record of the topic has already written or removed it. */
const APPLY = `
local known = redis.call('HGET', KEYS[2], ARGV[1])
if known and tonumber(known) >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
if ARGV[4] == '' then redis.call('ZREM', KEYS[3], ARGV[1]) else redis.call('GEOADD', KEYS[3], ARGV[4], ARGV[5], ARGV[1]) end
return 1`

/** The interval between checks that Redis still has everything, and between retries after failures (ms). */
const LOOK_MS = 1000

export class RedisTables {
  readonly #redis: Redis
  readonly #whole: WholeMark
  readonly #tables: readonly string[]
  readonly #log: WarnLog
  readonly #stopping = new AbortController()
  #copying: Promise<void> | undefined
  /** The newest change of each entry in the topic, by TABLE/ID. */
  readonly #newest = new Map<string, ReferenceChange>()
  /** The changes that Redis lacks. */
  #pending = new Map<string, ReferenceChange>()
  /**
   * True at first and after each reconnection: the server may be another one, or have come back with older
   * data.
   */
  #replacing = true
  #failing = true
  #wake = (): void => {}

  /** @param tables the names of all tables */
  constructor(url: string, tables: readonly string[], log: WarnLog) {
    this.#tables = tables
    this.#log = log
    this.#redis = connectRedis(url, log)
    this.#whole = new WholeMark(this.#redis, 'weir:reference:whole')
    this.#redis.on('ready', () => {
      this.#replacing = true
    })
  }

  /**
   * Begins to copy. changed() must have received all entries of the topic before, because Redis loses any
   * other entries.
   */
  start(): void {
    this.#copying ??= this.#run()
  }

  /** False while Redis lacks changes and cannot be given them. */
  get ready(): boolean {
    return !this.#failing && !this.#replacing
  }

  /** Copies the change to Redis, as soon as Redis accepts it. */
  changed(change: ReferenceChange): void {
    const key = `${change.table}/${change.id}`
    if (change.json === null) this.#newest.delete(key)
    else this.#newest.set(key, change)
    this.#pending.set(key, change)
    this.#wake()
  }

  /** Forgets all changes, because the topic was recreated. */
  clear(): void {
    this.#newest.clear()
    this.#pending.clear()
    this.#replacing = true
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#copying
    this.#redis.disconnect()
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    for (let told = false; !signal.aborted; ) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      try {
        await this.#copy()
        this.#failing = told = false
      } catch (error) {
        const details = { error: (error as Error).message }
        if (!told)
          this.#log.warn(details, 'the reference tables cannot be copied to Redis; it is tried again')
        this.#failing = told = true
      }
      const later = sleep(LOOK_MS, undefined, { signal }).catch(() => {})
      await (this.#failing ? later : Promise.race([woken, later]))
    }
  }

  async #copy(): Promise<void> {
    const changes = this.#pending
    this.#pending = new Map()
    try {
      if (this.#replacing || !(await this.#whole.set())) {
        this.#replacing = false
        await this.#whole.after(() => this.#replace())
      }
      await applyChanges(this.#redis, changes.values())
    } catch (error) {
      // A later change of the same entry takes precedence.
      this.#pending = new Map([...changes, ...this.#pending])
      this.#replacing = true
      throw error
    }
  }

  async #replace(): Promise<void> {
    const byTable = Map.groupBy(this.#newest.values(), ({ table }) => table)
    for (const table of this.#tables) await replaceTable(this.#redis, table, byTable.get(table) ?? [])
  }
}

async function applyChanges(redis: Redis, changes: Iterable<ReferenceChange>): Promise<void> {
  const pipeline = redis.pipeline()
  for (const { table, id, offset, json } of changes) {
    const [lon, lat] = placeOf(json) ?? ['', '']
    pipeline.eval(
      APPLY,
      3,
      entriesOf(table),
      offsetsOf(table),
      placesOf(table),
      id,
      offset,
      json ?? '',
      lon,
      lat,
    )
  }
  await runAll(pipeline)
}

/**
 * Replaces a table. This removes changes that only another replica has read; they come back when this one
 * reads them.
 */
async function replaceTable(redis: Redis, table: string, entries: readonly ReferenceChange[]): Promise<void> {
  const transaction = redis.multi().del(entriesOf(table), placesOf(table), offsetsOf(table))
  for (const { id, offset, json } of entries) {
    transaction.hset(entriesOf(table), id, json!).hset(offsetsOf(table), id, offset)
    const place = placeOf(json)
    if (place !== undefined) transaction.geoadd(placesOf(table), ...place, id)
  }
  await runAll(transaction)
}

/** Longitude and latitude of an entry, if it has them and Redis can index them. */
function placeOf(json: string | null): [lon: number, lat: number] | undefined {
  const { lat, lon } = json === null ? {} : (JSON.parse(json) as { lat?: unknown; lon?: unknown })
  const fits =
    typeof lat === 'number' && typeof lon === 'number' && Math.abs(lat) <= 85 && Math.abs(lon) <= 180
  return fits ? [lon, lat] : undefined
}
