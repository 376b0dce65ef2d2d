/**
 * The entries of a table by the times at which they are due. Those of the same time are in the order of their keys, so
 * that the order does not depend on what happened before.
 */
import type { ByteTable } from './byte-table.ts'
import type { TimerKind } from './timers.ts'

const FIRST_LENGTH = 256

export class TimerHeap {
  readonly #table: ByteTable
  readonly #kind: TimerKind
  #times = new Float64Array(FIRST_LENGTH)
  #ids = new Int32Array(FIRST_LENGTH)
  #length = 0
  /** Entries that were taken from the heap together, the first one last. */
  #group: number[] = []
  #groupTime = 0

  constructor(table: ByteTable, kind: TimerKind) {
    this.#table = table
    this.#kind = kind
  }

  push(time: number, id: number): void {
    if (this.#length > 2 * this.#table.size + FIRST_LENGTH) this.#rebuild()
    if (this.#length === this.#times.length) this.#grow()
    this.#place(this.#up(this.#length++, time), time, id)
  }

  /** Returns the id of the first entry that is due by then, and forgets its timer; or -1. */
  take(until: number): number {
    const id = this.first(until)
    this.#group.pop()
    return id
  }

  /** Returns the id of the first entry that is due by then, or -1. */
  first(until: number): number {
    if (this.#groupTime > until) this.#returnGroup()
    for (;;) {
      for (let id = this.#group.at(-1); id !== undefined; id = this.#group.at(-1)) {
        if (this.#isTrue(id, this.#groupTime)) return id
        this.#group.pop()
      }
      if (!(this.#length > 0 && this.#times[0] <= until)) return -1
      this.#takeGroup()
    }
  }

  #returnGroup(): void {
    for (const id of this.#group) this.push(this.#groupTime, id)
    this.#group = []
  }

  /** Takes all entries of the earliest time. */
  #takeGroup(): void {
    const time = (this.#groupTime = this.#times[0])
    const ids = new Set<number>()
    for (; this.#length > 0 && this.#times[0] === time; this.#drop())
      if (this.#isTrue(this.#ids[0], time)) ids.add(this.#ids[0])
    this.#group = [...ids].sort((a, b) => this.#table.compareKeys(b, a))
  }

  /** The ids of all entries that are due by then and later than `after`, in order; their timers stay. */
  due(until: number, after: number): number[] {
    const found = new Set<number>()
    for (let i = 0; i < this.#length; i++)
      if (this.#times[i] <= until && this.#times[i] > after && this.#isTrue(this.#ids[i], this.#times[i]))
        found.add(this.#ids[i])
    const time = (id: number): number => this.#table.timer(id, this.#kind)
    return [...found].sort((a, b) => time(a) - time(b) || this.#table.compareKeys(a, b))
  }

  /** An entry whose timer was changed or that was removed leaves its old times behind. */
  #isTrue(id: number, time: number): boolean {
    return this.#table.has(id) && this.#table.timer(id, this.#kind) === time
  }

  #drop(): void {
    const last = --this.#length
    if (last === 0) return
    const [time, id] = [this.#times[last], this.#ids[last]]
    this.#place(this.#down(0, time), time, id)
  }

  #place(at: number, time: number, id: number): void {
    this.#times[at] = time
    this.#ids[at] = id
  }

  #up(from: number, time: number): number {
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (time >= this.#times[parent]) break
      this.#place(at, this.#times[parent], this.#ids[parent])
      at = parent
    }
    return at
  }

  #down(from: number, time: number): number {
    let at = from
    for (let child = 2 * at + 1; child < this.#length; child = 2 * at + 1) {
      if (child + 1 < this.#length && this.#times[child + 1] < this.#times[child]) child++
      if (this.#times[child] >= time) break
      this.#place(at, this.#times[child], this.#ids[child])
      at = child
    }
    return at
  }

  /** Leaves out times that are not true any more. */
  #rebuild(): void {
    const kept: [number, number][] = []
    for (let i = 0; i < this.#length; i++)
      if (this.#isTrue(this.#ids[i], this.#times[i])) kept.push([this.#times[i], this.#ids[i]])
    this.#length = 0
    for (const [time, id] of kept) this.#place(this.#up(this.#length++, time), time, id)
  }

  #grow(): void {
    const [times, ids] = [new Float64Array(this.#length * 2), new Int32Array(this.#length * 2)]
    times.set(this.#times)
    ids.set(this.#ids)
    this.#times = times
    this.#ids = ids
  }
}
