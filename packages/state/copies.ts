/**
 * The states of a partition as bytes: those in use in memory, all of them on disk. What is on disk is older by up to
 * half a minute; memory has everything that is newer.
 */
import { ByteTable, DIRTY, REMOVED, USED } from './byte-table.ts'
import { type Disk, type Due, LAST_KEY, type Stored } from './disk.ts'
import { TimerHeap } from './timer-heap.ts'
import type { TimerKind, Timers } from './timers.ts'

/** Timers that are read from disk at once. */
const DUE_LIMIT = 256
const KINDS: readonly TimerKind[] = ['event', 'clock']

interface Read {
  /** The last timer. */
  last: Due | undefined
  /** The entries that were not in memory, the first one last. They are not in the heap. */
  ids: number[]
  readonly times: Map<number, number>
}

const nothingRead = (): Read => ({ last: undefined, ids: [], times: new Map() })

export class Copies {
  readonly table = new ByteTable()
  readonly #disk: Disk | undefined
  readonly #dropped: (id: number) => void
  readonly #heaps = { event: new TimerHeap(this.table, 'event'), clock: new TimerHeap(this.table, 'clock') }
  /** The entries that were read from disk because they are due, by kind. */
  readonly #read: Record<TimerKind, Read> = { event: nothingRead(), clock: nothingRead() }
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
    const added = this.#load(key.subarray(start, end), stored)
    this.#push(added, stored.timers)
    return added
  }

  #load(key: Buffer, { value, timers }: Stored): number {
    const id = this.table.add(key, 0, key.length)
    this.table.setValue(id, value, 0, value.length, timers, 0)
    return id
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
    const heap = this.#heaps[kind]
    const first = heap.first(until)
    const stored = this.#firstRead(kind, first < 0 ? until : this.table.timer(first, kind))
    const isStored = stored >= 0 && (first < 0 || this.#compare(kind, stored, first) < 0)
    const id = isStored ? stored : first
    if (isStored) this.#read[kind].ids.pop()
    else if (first >= 0) heap.take(until)
    if (id >= 0) this.table.forgetTimer(id, kind)
    return id
  }

  /**
   * Yields the ids of all entries that are due by then and later than `after`, in order; their timers stay. Entries on
   * disk come into memory one by one, as the caller takes them.
   */
  *due(kind: TimerKind, until: number, after: number): Generator<number> {
    const ids = this.#dueInMemory(kind, until, after)
    let known = ids.next()
    for (const { key } of this.#dueOnDisk(kind, until, after)) {
      // Entries in memory have newer timers.
      if (this.table.find(key, 0, key.length) >= 0) continue
      const id = this.find(key, 0, key.length)
      for (; !known.done && this.#compare(kind, known.value, id) < 0; known = ids.next()) yield known.value
      yield id
    }
    for (; !known.done; known = ids.next()) yield known.value
  }

  /** Must be called when the disk has changed. */
  diskChanged(): void {
    this.#next.event = this.#next.clock = undefined
  }

  /**
   * Removes entries that the disk has as well, first those that were not used since the last call. Those that are due
   * stay, since their timers are not read from disk again.
   */
  evict(maxBytes: number): void {
    for (let pass = 0; pass < 2; pass++)
      for (let id = 0; id < this.table.ids && this.table.usedBytes > maxBytes; id++) {
        if (!this.table.has(id)) continue
        const marks = this.table.marks(id)
        if (marks & DIRTY || this.#isDue(id)) continue
        if (marks & USED && pass === 0) this.table.setMarks(id, marks & ~USED)
        else this.drop(id)
      }
  }

  /** Takes an entry out of memory, whether or not the disk has it. */
  drop(id: number): void {
    this.table.remove(id)
    this.#dropped(id)
  }

  #isDue(id: number): boolean {
    return KINDS.some((kind) => this.table.timer(id, kind) <= (this.#read[kind].last?.time ?? -Infinity))
  }

  #compare(kind: TimerKind, one: number, other: number): number {
    return this.table.timer(one, kind) - this.table.timer(other, kind) || this.table.compareKeys(one, other)
  }

  #push(id: number, { event, clock }: Timers): void {
    this.#pushOne('event', id, event)
    this.#pushOne('clock', id, clock)
  }

  #pushOne(kind: TimerKind, id: number, time: number): void {
    if (time < Infinity) this.#heaps[kind].push(time, id)
  }

  /** Returns the first entry that is due by then and was read from disk for that, or -1. */
  #firstRead(kind: TimerKind, until: number): number {
    for (;;) {
      const { ids, times } = this.#read[kind]
      for (let id = ids.at(-1); id !== undefined; id = ids.at(-1)) {
        const time = times.get(id)!
        // One that was changed since has its time in the heap.
        if (this.table.has(id) && this.table.timer(id, kind) === time) return time <= until ? id : -1
        ids.pop()
      }
      if (!this.#readDue(kind, until)) return -1
    }
  }

  /** Brings some of the entries into memory that are due on disk. Returns whether there were any. */
  #readDue(kind: TimerKind, until: number): boolean {
    const read = this.#read[kind]
    if (this.#disk === undefined) return false
    this.#next[kind] ??= this.#disk.due(kind, Infinity, 1, read.last)[0]?.time ?? Infinity
    if (this.#next[kind] > until) return false
    const due = this.#disk.due(kind, until, DUE_LIMIT, read.last)
    read.times.clear()
    for (const { key, time } of due) {
      // Entries in memory have newer timers.
      if (this.table.find(key, 0, key.length) >= 0) continue
      read.times.set(this.#load(key, this.#disk.get(key)!), time)
    }
    read.ids = [...read.times.keys()].reverse()
    read.last = due.at(-1) ?? read.last
    this.#next[kind] = undefined
    return due.length > 0
  }

  #dueInMemory(kind: TimerKind, until: number, after: number): IterableIterator<number> {
    const read = this.#read[kind].ids.filter((id) => {
      const time = this.table.has(id) ? this.table.timer(id, kind) : Infinity
      return time <= until && time > after
    })
    const ids = new Set([...this.#heaps[kind].due(until, after), ...read])
    return [...ids].sort((one, other) => this.#compare(kind, one, other)).values()
  }

  *#dueOnDisk(kind: TimerKind, until: number, after: number): Generator<Due> {
    let last: Due | undefined = after >= 0 ? { time: after, key: LAST_KEY } : undefined
    for (let isEnd = this.#disk === undefined; !isEnd; ) {
      const due = this.#disk!.due(kind, until, DUE_LIMIT, last)
      yield* due
      last = due.at(-1) ?? last
      isEnd = due.length < DUE_LIMIT
    }
  }
}
