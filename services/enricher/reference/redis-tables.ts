/**
 * Reference tables in Redis, for functions. Each table is a hash (id → JSON), beside a hash of the offsets
 * that wrote its entries. Every replica writes all changes that it reads from the topic. Redis may lose
 * everything at any time, or come back with the data of yesterday.
 */
import type { ReferenceChange } from '@weir/solutions'
import { type Change, connectRedis, type Layout, RedisCopy, runAll, Upkeep, WholeMark } from '@weir/tables'
import type { WarnLog } from '@weir/topics'
import type { Redis } from 'ioredis'

/** The names that functions know. */
const entriesOf = (table: string) => `weir:reference:{${table}}:entries`
const placesOf = (table: string) => `weir:reference:{${table}}:places`
const offsetsOf = (table: string) => `weir:reference:{${table}}:offsets`

/** The interval between checks that Redis still has everything, and between retries after failures (ms). */
const LOOK_MS = 1000

export class RedisTables {
  readonly #redis: Redis
  readonly #upkeep: Upkeep
  readonly #copies: ReadonlyMap<string, RedisCopy>
  /** The entries of each table as the topic has them. */
  readonly #newest: ReadonlyMap<string, Map<string, Change & { readonly json: string }>>
  /** The newest change of each entry that Redis lacks, by TABLE/ID. */
  #pending = new Map<string, ReferenceChange>()
  /**
   * True at first, after a failure, and after each reconnection: the server may be another one, or have come
   * back with older data.
   */
  #stale = true

  /** @param tables the names of all tables */
  constructor(url: string, tables: readonly string[], log: WarnLog) {
    const redis = connectRedis(url, log)
    const mark = new WholeMark(redis, 'weir:reference:whole')
    this.#redis = redis
    this.#copies = new Map(tables.map((table) => [table, new RedisCopy(redis, layoutOf(table))]))
    this.#newest = new Map(tables.map((table) => [table, new Map()]))
    this.#upkeep = new Upkeep({
      look: async () => ({ mark, stale: this.#stale }),
      fill: () => this.#replace(),
      flush: () => this.#flush(),
      everyMs: LOOK_MS,
      log,
      trouble: 'the reference tables cannot be copied to Redis; this is retried',
    })
    redis.on('ready', () => {
      this.#stale = true
    })
  }

  /**
   * Begins to copy. changed() must have received all entries of the topic before, because Redis loses any
   * other entries.
   */
  start(): void {
    this.#upkeep.start()
  }

  /** False while Redis lacks changes and cannot be given them. */
  get ready(): boolean {
    return this.#upkeep.whole && !this.#stale
  }

  /** Copies the change to Redis, as soon as Redis accepts it. */
  changed(change: ReferenceChange): void {
    const { table, id, offset, json } = change
    const entries = this.#newest.get(table)!
    if (json === null) entries.delete(id)
    else entries.set(id, { key: id, offset, json })
    this.#pending.set(`${table}/${id}`, change)
    this.#upkeep.wake()
  }

  /** Forgets all changes, because the topic was recreated. */
  clear(): void {
    for (const entries of this.#newest.values()) entries.clear()
    this.#pending.clear()
    this.#stale = true
  }

  async stop(): Promise<void> {
    await this.#upkeep.stop()
    this.#redis.disconnect()
  }

  /**
   * Replaces each table at once. This removes changes that only another replica has read; they come back when
   * this one reads them.
   */
  async #replace(): Promise<void> {
    this.#stale = false
    this.#pending.clear()
    await this.#orStale(async () => {
      for (const [table, copy] of this.#copies) {
        const commands = this.#redis.multi().del(entriesOf(table), placesOf(table), offsetsOf(table))
        for (const entry of this.#newest.get(table)!.values()) copy.set(commands, entry)
        await runAll(commands)
      }
    })
  }

  async #flush(): Promise<void> {
    const changes = this.#pending
    this.#pending = new Map()
    await this.#orStale(async () => {
      const commands = this.#redis.pipeline()
      for (const { table, id, offset, json } of changes.values())
        this.#copies.get(table)!.apply(commands, { key: id, offset, json })
      await runAll(commands)
    })
  }

  /** After a failure, all entries are copied again. */
  async #orStale(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#stale = true
      throw error
    }
  }
}

function layoutOf(table: string): Layout {
  return {
    value: (id) => [entriesOf(table), id],
    offset: (id) => [offsetsOf(table), id],
    places: placesOf(table),
  }
}
