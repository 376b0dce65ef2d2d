/**
 * The states of a partition on local disk, as they were at an offset of their changelog. They save a replica that
 * comes back most of the reading, and have room for what does not fit into memory. Losing them loses nothing.
 */
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type Database, open, type RootDatabase } from 'lmdb'
import type { TimerKind, Timers } from './timers.ts'

export interface DiskPlace {
  readonly dir: string
  readonly topic: string
  /** A topic that was recreated has another id, as that of another cluster has. Its states are not for this one. */
  readonly topicId: string
  readonly partition: number
}

interface Meta {
  readonly identity: string
  readonly owner: string
  /** When the owner took the states over (ms since the epoch). Earlier versions did not write it. */
  readonly takenAt?: number
  readonly offset: number
  /** When the offset was written (ms since the epoch). */
  readonly writtenAt: number
  /** The schemas of the values. */
  readonly schemaIds: readonly number[]
}

/** Another process of this machine has taken the partition over. */
export class NotOwner extends Error {
  override readonly name = 'NotOwner'
}

/** Another process of this machine keeps the states, so a standby copy is not needed. */
export class InUse extends Error {
  override readonly name = 'InUse'
}

const META = 'meta'
/** LMDB's name for it. */
const DATA_FILE = 'data.mdb'
const FORMAT = 1
/**
 * Older states are not used. Kafka forgets after 24 hours that a key was removed (`delete.retention.ms`), and the key
 * would come back.
 */
const MAX_AGE_MS = 12 * 3_600_000
/** The owner of states writes them more often. */
const IN_USE_MS = 60_000
/** LMDB's limit is 1,978 bytes. */
export const MAX_KEY_BYTES = 1024

const TIMERS_BYTES = 16
const NO_KEY = Buffer.alloc(0)
/** Longer than any key, and after all of them. LMDB has no empty keys, so it also stands for that one. */
export const LAST_KEY = Buffer.alloc(MAX_KEY_BYTES + 1, 0xff)

const named = (key: Buffer): Buffer => (key.length === 0 ? LAST_KEY : key)

export interface Stored {
  readonly timers: Timers
  readonly value: Buffer
}

export interface Due {
  readonly time: number
  readonly key: Buffer
}

export class Disk {
  readonly #root: RootDatabase
  readonly #meta: Database<Meta, string>
  /** Each key has its two timers, then its value. */
  readonly #values: Database<Buffer, Buffer>
  /** The keys of this table are kind, time and key, so that timers are in their order. */
  readonly #timers: Database<Buffer, Buffer>
  /** The name of this user of the states. */
  readonly owner = randomUUID()
  readonly #identity: string

  /**
   * Takes the states over from whichever process of this machine had them.
   * @param heirOf if given, only from this owner, or if they were left alone for a minute; throws InUse otherwise
   */
  constructor({ dir, topic, topicId, partition }: DiskPlace, heirOf?: string) {
    const path = join(dir, topic, topicId, String(partition))
    mkdirSync(path, { recursive: true })
    // Without syncs, a machine that loses power may leave anything behind; a killed process does not. Hence the boot
    // id in the identity.
    this.#root = open({ path, noSync: true, overlappingSync: false, compression: false, maxDbs: 3 })
    this.#meta = this.#root.openDB({ name: 'meta', encoding: 'json' })
    this.#values = this.#root.openDB({ name: 'values', encoding: 'binary', keyEncoding: 'binary' })
    this.#timers = this.#root.openDB({ name: 'timers', encoding: 'binary', keyEncoding: 'binary' })
    this.#identity = [FORMAT, BOOT_ID].join('/')
    try {
      this.#root.transactionSync(() => this.#take(heirOf))
    } catch (error) {
      this.#root.close().catch(() => {})
      throw error
    }
  }

  #take(heirOf: string | undefined): void {
    const [meta, now] = [this.#meta.get(META), Date.now()]
    if (meta?.identity !== this.#identity) return this.#clear()
    const usedAt = Math.max(meta.writtenAt, meta.takenAt ?? 0)
    if (heirOf !== undefined && heirOf !== meta.owner && usedAt > now - IN_USE_MS)
      throw new InUse('Another process of this machine keeps the states.')
    if (meta.writtenAt <= now - MAX_AGE_MS) return this.#clear()
    this.#meta.putSync(META, { ...meta, owner: this.owner, takenAt: now })
  }

  /** The changelog's records before it are in the states; -1 if none are. */
  get offset(): number {
    return this.#meta.get(META)?.offset ?? -1
  }

  get schemaIds(): readonly number[] {
    return this.#meta.get(META)?.schemaIds ?? []
  }

  get keys(): number {
    return (this.#values.getStats() as { entryCount: number }).entryCount
  }

  get(key: Buffer): Stored | undefined {
    const found = this.#values.get(named(key))
    return found && { timers: timersIn(found), value: found.subarray(TIMERS_BYTES) }
  }

  /**
   * Returns the timers that are due by then, at most `limit`, the earliest first.
   * @param after the last timer that was returned before
   */
  due(kind: TimerKind, until: number, limit: number, after: Due | undefined): Due[] {
    const start = after === undefined ? timerKey(kind, 0, NO_KEY) : timerKey(kind, after.time, after.key)
    const range = this.#timers.getRange({
      start,
      exclusiveStart: true,
      end: timerKey(kind, until, LAST_KEY),
      limit,
    })
    return [...range].map(({ key }) => ({ time: key.readDoubleBE(1), key: Buffer.from(key.subarray(9)) }))
  }

  /** Changes the states in one transaction. Throws NotOwner. */
  write(change: (states: Writing) => void): void {
    this.#root.transactionSync(() => {
      const meta = this.#meta.get(META)
      if (meta?.owner !== this.owner) throw new NotOwner('Another process has taken the partition over.')
      change(
        new Writing(this.#values, this.#timers, (more) =>
          this.#meta.putSync(META, { ...meta, ...more, writtenAt: Date.now() }),
        ),
      )
    })
  }

  /** Forgets all states. Throws NotOwner. */
  clear(): void {
    this.write(() => this.#clear())
  }

  close(): Promise<void> {
    return this.#root.close()
  }

  #clear(): void {
    this.#values.clearSync()
    this.#timers.clearSync()
    this.#meta.putSync(META, {
      identity: this.#identity,
      owner: this.owner,
      takenAt: Date.now(),
      offset: -1,
      writtenAt: Date.now(),
      schemaIds: [],
    })
  }
}

/**
 * Removes copies that are too old to be used. Another replica owns their partitions now, and keys may have been erased
 * there. The owner of a partition writes its copy every half minute.
 */
export function removeOld(dir: string, topic: string): void {
  const folder = join(dir, topic)
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : []
  for (const file of files.filter((one) => basename(one) === DATA_FILE)) {
    const path = join(folder, file)
    if (statSync(path).mtimeMs < Date.now() - MAX_AGE_MS) rmSync(dirname(path), { recursive: true })
  }
}

/** The changes of one transaction. */
export class Writing {
  readonly #values: Database<Buffer, Buffer>
  readonly #timers: Database<Buffer, Buffer>
  /** States the offset up to which the changelog is in the states. */
  readonly whole: (meta: Pick<Meta, 'offset' | 'schemaIds'>) => void

  constructor(
    values: Database<Buffer, Buffer>,
    timers: Database<Buffer, Buffer>,
    whole: (meta: Pick<Meta, 'offset' | 'schemaIds'>) => void,
  ) {
    this.#values = values
    this.#timers = timers
    this.whole = whole
  }

  set(key: Buffer, timers: Timers, value: Buffer): void {
    this.#forgetTimers(key)
    const stored = Buffer.allocUnsafe(TIMERS_BYTES + value.length)
    stored.writeDoubleBE(timers.event, 0)
    stored.writeDoubleBE(timers.clock, 8)
    value.copy(stored, TIMERS_BYTES)
    this.#values.putSync(named(key), stored)
    for (const kind of KINDS)
      if (timers[kind] < Infinity) this.#timers.putSync(timerKey(kind, timers[kind], key), NOTHING)
  }

  remove(key: Buffer): void {
    this.#forgetTimers(key)
    this.#values.removeSync(named(key))
  }

  #forgetTimers(key: Buffer): void {
    const before = this.#values.get(named(key))
    if (before === undefined) return
    const timers = timersIn(before)
    for (const kind of KINDS)
      if (timers[kind] < Infinity) this.#timers.removeSync(timerKey(kind, timers[kind], key))
  }
}

const KINDS: readonly TimerKind[] = ['event', 'clock']
const NOTHING = Buffer.from([0])

const timersIn = (stored: Buffer): Timers => ({
  event: stored.readDoubleBE(0),
  clock: stored.readDoubleBE(8),
})

/** Doubles that are not negative have the order of their bytes. */
function timerKey(kind: TimerKind, time: number, key: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(9 + key.length)
  bytes[0] = KINDS.indexOf(kind)
  bytes.writeDoubleBE(time, 1)
  key.copy(bytes, 9)
  return bytes
}

/** Changes when the machine restarts. A system without boot ids has one for each process, which begins anew. */
const BOOT_ID = bootId()

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return randomUUID()
  }
}
