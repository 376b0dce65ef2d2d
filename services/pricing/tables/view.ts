/**
 * The items of all tables in the order of their keys, for reading. Every replica has them: it follows the changelog, and
 * loses nothing if they are lost.
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { decodeKey, type KeyRange } from '@weir/items'
import { type Database, open, type RootDatabase } from 'lmdb'

export interface RangeOptions {
  readonly descending?: boolean
  /** Leaves out this key and those before it, in the order of reading. */
  readonly after?: Buffer
}

/** Changes that are not yet in the database, at most: then they are written at once. */
const MAX_PENDING = 1000
/** The folder of a process has this name and the process's id. */
const FOLDER = 'tables-'

/** The table of a record's key. */
export const tableIdOf = (key: Buffer): string => decodeKey(key).tableId

export class View {
  readonly #root: RootDatabase
  readonly #items: Database<Buffer, Buffer>
  readonly #dir: string
  /** Items by the ids of their tables. */
  readonly #counts = new Map<string, number>()
  /** Changes by their keys as latin1. */
  #pending = new Map<string, Buffer | null>()
  #isScheduled = false

  constructor(dir: string) {
    this.#dir = join(dir, `${FOLDER}${process.pid}`)
    removeLeft(dir)
    mkdirSync(this.#dir, { recursive: true })
    this.#root = open({ path: this.#dir, noSync: true, overlappingSync: false, compression: false })
    this.#items = this.#root.openDB({ name: 'items', encoding: 'binary', keyEncoding: 'binary' })
  }

  /** Takes a change: the new value of a key, or null if the key was removed. */
  set(key: Buffer, value: Buffer | null): void {
    this.#pending.set(key.toString('latin1'), value)
    if (this.#pending.size >= MAX_PENDING) return this.#flush()
    if (this.#isScheduled) return
    this.#isScheduled = true
    void turn().then(() => this.#flush())
  }

  /** The buffer is valid until the next change. */
  get(key: Buffer): Buffer | undefined {
    this.#flush()
    return this.#items.get(key)
  }

  /** Yields the items of a range in the order of their keys. Only until the caller waits for something else. */
  *range(
    { start, end }: KeyRange,
    { descending = false, after }: RangeOptions = {},
  ): Generator<{
    readonly key: Buffer
    readonly value: Buffer
  }> {
    this.#flush()
    // An item's key may equal `start`, and never `end`.
    const bounds = descending
      ? { start: after ?? end, end: start, reverse: true, exclusiveStart: true, inclusiveEnd: true }
      : { start: after ?? start, end, exclusiveStart: after !== undefined }
    for (const entry of this.#items.getRange(bounds)) yield entry
  }

  /** Returns the first key at or after `start`. */
  first(start: Buffer): Buffer | undefined {
    this.#flush()
    for (const key of this.#items.getKeys({ start, limit: 1 })) return key
    return undefined
  }

  /** Returns how many items a table has. */
  count(tableId: string): number {
    this.#flush()
    return this.#counts.get(tableId) ?? 0
  }

  clear(): void {
    this.#pending.clear()
    this.#counts.clear()
    this.#items.clearSync()
  }

  async close(): Promise<void> {
    this.#pending.clear()
    await this.#root.close()
    rmSync(this.#dir, { recursive: true, force: true })
  }

  #flush(): void {
    this.#isScheduled = false
    if (this.#pending.size === 0) return
    const pending = this.#pending
    this.#pending = new Map()
    this.#root.transactionSync(() => {
      for (const [text, value] of pending) {
        const key = Buffer.from(text, 'latin1')
        const before = this.#items.doesExist(key) ? 1 : 0
        if (value === null) this.#items.removeSync(key)
        else this.#items.putSync(key, value)
        this.#add(key, (value === null ? 0 : 1) - before)
      }
    })
  }

  #add(key: Buffer, items: number): void {
    if (items === 0) return
    const id = tableIdOf(key)
    const count = (this.#counts.get(id) ?? 0) + items
    if (count === 0) this.#counts.delete(id)
    else this.#counts.set(id, count)
  }
}

/** Removes what processes have left that were killed. */
function removeLeft(dir: string): void {
  for (const name of existsSync(dir) ? readdirSync(dir) : []) {
    const pid = new RegExp(`^${FOLDER}(\\d+)$`).exec(name)?.[1]
    if (pid === undefined || (Number(pid) !== process.pid && isRunning(Number(pid)))) continue
    rmSync(join(dir, name), { recursive: true, force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
