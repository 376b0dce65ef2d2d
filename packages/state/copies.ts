/**
 * The states of a partition as bytes: those in use in memory, all of them on disk. What is on disk is older by up to
 * half a minute; memory has everything that is newer.
 */
import { ByteTable, DIRTY, REMOVED, USED } from './byte-table.ts'
import type { Disk, Due } from './disk.ts'
import { TimerHeap } from './timer-heap.ts'
import type { TimerKind, Timers } from './timers.ts'

/** Timers that are read from disk at once. */
const DUE_LIMIT = 256

export class Copies {
  readonly table = new ByteTable()
  readonly #disk: Disk | undefined
  readonly #dropped: (id: number) => void
  readonly #heaps = { event: new TimerHeap(this.table, 'event'), clock: new TimerHeap(this.table, 'clock') }
  /** The last timers that were read from disk, by kind. */
  readonly #read: Record<TimerKind, Due | undefined> = { event: undefined, clock: undefined }
  /** The time of the first timer on disk that was not read, by kind. It is undefined if the disk has changed since. */
  readonly #next: Record<TimerKind, number | undefined> = { event: undefined, clock: undefined }
  /** Entries that differ from the disk's. */
  dirty = new Set<number>()
  /** Keys that have a value. */
  keys: number

  /** @param dropped called with the id of each entry that leaves memory: another key may get the id */
  constructor(disk: Disk | undefined, dropped: (id: number) => void) {
    this.#disk = disk
    this.#dropped = dropped
    this.keys = disk?.keys ?? 0
  }

  /** Returns the id of the key's entry, which may have no value; -1 if the key is not known. */
  find(key: Buffer, start: number, end: number): number {
    const id = this.table.find(key, start, end)
    if (id >= 0 || this.#disk === undefined) return id
    const stored = this.#disk.get(key.subarray(start, end))
    if (stored === undefined) return -1
    const added = this.table.add(key, start, end)
    this.table.setValue(added, stored.value, 0, stored.value.length, stored.timers, 0)
    this.#push(added, stored.timers)
    return added
  }

  hasValue(id: number): boolean {
    return (this.table.marks(id) & REMOVED) === 0
  }

  /** Whether the entry says anything that the disk does not. */
  isNeeded(id: number): boolean {
    return (this.table.marks(id) & (REMOVED | DIRTY)) !== REMOVED
  }

  setTimers(id: number, timers: Timers): void {
    const [event, clock] = [this.table.timer(id, 'event'), this.table.timer(id, 'clock')]
    this.table.setTimers(id, timers)
    if (timers.event !== event) this.#pushOne('event', id, timers.event)
    if (timers.clock !== clock) this.#pushOne('clock', id, timers.clock)
  }

  setValue(id: number, value: Buffer, start: number, end: number, timers: Timers): void {
    if (!this.hasValue(id)) this.keys++
    this.setTimers(id, timers)
    this.table.setValue(id, value, start, end, timers, DIRTY | USED)
    this.dirty.add(id)
  }

  remove(id: number): void {
    if (this.hasValue(id)) this.keys--
    this.table.clearValue(id, DIRTY)
    this.dirty.add(id)
  }

  /** Returns the id of the first entry that is due by then, and forgets its timer; or -1. */
  take(kind: TimerKind, until: number): number {
    this.#readDue(kind, until)
    const id = this.#heaps[kind].take(until)
    if (id >= 0) this.table.forgetTimer(id, kind)
    return id
  }

  /** The ids of all entries that are due by then and later than `after`, in order; their timers stay. */
  due(kind: TimerKind, until: number, after: number): number[] {
    this.#readDue(kind, until)
    return this.#heaps[kind].due(until, after)
  }

  /** Must be called when the disk has changed. */
  diskChanged(): void {
    this.#next.event = this.#next.clock = undefined
  }

  /** Removes entries that the disk has as well, first those that were not used since the last call. */
  evict(maxBytes: number): void {
    for (let pass = 0; pass < 2; pass++)
      for (let id = 0; id < this.table.ids && this.table.usedBytes > maxBytes; id++) {
        if (!this.table.has(id)) continue
        const marks = this.table.marks(id)
        if (marks & DIRTY) continue
        if (marks & USED && pass === 0) this.table.setMarks(id, marks & ~USED)
        else this.drop(id)
      }
  }

  /** Takes an entry out of memory, whether or not the disk has it. */
  drop(id: number): void {
    this.table.remove(id)
    this.#dropped(id)
  }

  #push(id: number, { event, clock }: Timers): void {
    this.#pushOne('event', id, event)
    this.#pushOne('clock', id, clock)
  }

  #pushOne(kind: TimerKind, id: number, time: number): void {
    if (time < Infinity) this.#heaps[kind].push(time, id)
  }

  /** Brings the entries into memory that are due on disk. Entries in memory have newer timers. */
  #readDue(kind: TimerKind, until: number): void {
    if (this.#disk === undefined) return
    this.#next[kind] ??= this.#disk.due(kind, Infinity, 1, this.#read[kind])[0]?.time ?? Infinity
    while (this.#next[kind]! <= until) {
      const due = this.#disk.due(kind, until, DUE_LIMIT, this.#read[kind])
      for (const { key } of due) this.find(key, 0, key.length)
      this.#read[kind] = due.at(-1) ?? this.#read[kind]
      this.#next[kind] = this.#disk.due(kind, Infinity, 1, this.#read[kind])[0]?.time ?? Infinity
      if (due.length === 0) return
    }
  }
}
