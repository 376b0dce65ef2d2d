/**
 * Writes what has changed in memory to disk, a little in each turn of the partition's task, and then up to which offset
 * of the changelog the disk has all changes.
 */
import { DIRTY } from './byte-table.ts'
import type { Copies } from './copies.ts'
import type { Disk } from './disk.ts'

/** The interval of checkpoints: a replica that takes over reads the changes of this time from Kafka. */
const INTERVAL_MS = 30_000
/** Entries that are written in one turn, which takes about 10 ms. */
const STEP_ENTRIES = 1000
/** The same while memory is full of changes: more than a turn makes, so that they become fewer. */
const FULL_STEP_ENTRIES = 6000
/** More entries than these begin a checkpoint at once. */
const MAX_DIRTY = 50_000

interface Round {
  /** The changelog ended here when the round began. It is undefined until the broker has answered. */
  offset: number | undefined
  /** The entries that had changed by then; undefined before the answer. */
  ids: Iterator<number> | undefined
}

export interface CheckpointOptions {
  readonly disk: Disk
  readonly copies: Copies
  /** Resolves to the end of the changelog, as a read_committed reader sees it. */
  readonly end: () => Promise<number>
  readonly schemaIds: ReadonlySet<number>
}

export class Checkpoints {
  readonly #options: CheckpointOptions
  #round: Round | undefined
  #nextAt = performance.now() + INTERVAL_MS

  constructor(options: CheckpointOptions) {
    this.#options = options
  }

  /**
   * Writes a step. All changes in memory must be committed. Throws NotOwner, and LMDB's errors.
   * @param isFull whether memory has more than its share: what is on disk can leave it
   */
  step(isFull: boolean): void {
    const { copies, end } = this.#options
    if (this.#round === undefined) {
      if (!isFull && performance.now() < this.#nextAt && copies.dirty.size < MAX_DIRTY) return
      const round: Round = { offset: undefined, ids: undefined }
      this.#round = round
      end().then(
        (offset) => (round.offset = offset),
        () => this.#end(),
      )
      return
    }
    if (this.#round.offset === undefined) return
    // All records before that offset are committed, and in memory: this task has written them.
    this.#round.ids ??= this.#takeDirty()
    this.#write(this.#round.ids, this.#round.offset, isFull ? FULL_STEP_ENTRIES : STEP_ENTRIES)
  }

  /** Writes everything at once. All changes before the offset must be in memory, and committed. */
  writeAll(offset: number): void {
    this.#round = undefined
    this.#write(this.#takeDirty(), offset, Infinity)
  }

  #takeDirty(): Iterator<number> {
    const { copies } = this.#options
    const ids = copies.dirty
    copies.dirty = new Set()
    return ids.values()
  }

  #write(ids: Iterator<number>, offset: number, limit: number): void {
    const { disk, copies, schemaIds } = this.#options
    const { table } = copies
    disk.write((states) => {
      for (let written = 0; written < limit; written++) {
        const { value: id, done } = ids.next()
        if (done) {
          states.whole({ offset, schemaIds: [...schemaIds] })
          this.#end()
          break
        }
        if (!table.has(id) || (table.marks(id) & DIRTY) === 0) continue
        const key = Buffer.from(table.bytes.subarray(table.keyStart(id), table.keyEnd(id)))
        if (copies.hasValue(id)) {
          const value = table.bytes.subarray(table.keyEnd(id), table.valueEnd(id))
          states.set(key, { event: table.timer(id, 'event'), clock: table.timer(id, 'clock') }, value)
          table.setMarks(id, table.marks(id) & ~DIRTY)
        } else {
          states.remove(key)
          if (!copies.dirty.has(id)) copies.drop(id)
        }
      }
    })
    copies.diskChanged()
  }

  #end(): void {
    this.#round = undefined
    this.#nextAt = performance.now() + INTERVAL_MS
  }
}
