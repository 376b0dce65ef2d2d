/**
 * The ids of a partition's recent records. Each takes 16 bytes: 96 bits of its hash under a seed that no client knows, and the offset at which it came last. Two
 * different ids among ten million are taken for one with a probability of 10^-15 a year at a million records a second.
 */
import { murmur3, words } from './murmur3.ts'

const MIN_CAPACITY = 1 << 10
/** Tables grow when they are fuller than this. */
const MAX_LOAD = 0.7
/** Repetitions that can be taken back. */
const MAX_UNDO = 1 << 16
const SEED = Math.floor(Math.random() * 2 ** 32)

/** An id came again, and was known under the offset before. */
interface Repetition {
  readonly hash: readonly [number, number, number]
  readonly before: number
  readonly at: number
}

export class SeenIds {
  /** Four words a slot: the hash, and the offset over `#base` plus one; 0 where the slot is free. */
  #slots = new Int32Array(4 * MIN_CAPACITY)
  #mask = MIN_CAPACITY - 1
  #used = 0
  #base = 0
  #floor = 0
  #next: number
  readonly #repetitions: Repetition[] = []
  /** Repetitions before this offset cannot be taken back any more. */
  #lastForgotten = -1

  /** @param first the offset of the first record that will be added */
  constructor(first: number) {
    this.#base = first
    this.#next = first
  }

  /** The offset after the last record that was added. */
  get next(): number {
    return this.#next
  }

  /** Memory in bytes. */
  get bytes(): number {
    return this.#slots.byteLength
  }

  /** Ids kept, those that have expired and are not yet removed among them. */
  get size(): number {
    return this.#used
  }

  /** Ids that came before this offset only are forgotten. */
  expire(before: number): void {
    this.#floor = Math.max(this.#floor, before)
  }

  /** The position moves on without records. */
  skipTo(offset: number): void {
    this.#next = Math.max(this.#next, offset)
  }

  /** Adds the id of the record at `offset`; true if a record before it had the same. Offsets must grow, but for what `rewind` took back. */
  add(bytes: Buffer, start: number, end: number, offset: number): boolean {
    if (this.#used >= MAX_LOAD * (this.#mask + 1) || offset - this.#base >= 2 ** 31) this.compact()
    this.#next = offset + 1
    murmur3(bytes, start, end, SEED)
    const slot = this.#find(words[0], words[1], words[2])
    const slots = this.#slots
    const known = slots[slot + 3]
    const before = known - 1 + this.#base
    slots[slot + 3] = offset - this.#base + 1
    if (known === 0) {
      slots[slot] = words[0]
      slots[slot + 1] = words[1]
      slots[slot + 2] = words[2]
      this.#used++
      return false
    }
    if (before < this.#floor || before >= offset) return false
    this.#remember({ hash: [words[0], words[1], words[2]], before, at: offset })
    return true
  }

  /** The records from `offset` on will be added once more. False if too much has happened since: begin anew then. */
  rewind(offset: number): boolean {
    if (offset <= this.#lastForgotten || offset < Math.max(this.#base, this.#floor)) return false
    while (this.#repetitions.length > 0 && this.#repetitions.at(-1)!.at >= offset) {
      const { hash, before } = this.#repetitions.pop()!
      const slot = this.#find(...hash)
      if (this.#slots[slot + 3] !== 0) this.#slots[slot + 3] = Math.max(1, before - this.#base + 1)
    }
    // In a topic that was made anew other records follow.
    this.compact(offset)
    this.#next = offset
    return true
  }

  /** Removes what has expired, and what came at offset `end` or later, and makes room. */
  compact(end = Infinity): void {
    const old = this.#slots
    const oldBase = this.#base
    this.#base = Math.max(this.#floor, oldBase)
    const isLive = (offset: number): boolean => offset >= this.#base && offset < end
    let live = 0
    for (let slot = 0; slot < old.length; slot += 4) if (old[slot + 3] !== 0 && isLive(old[slot + 3] - 1 + oldBase)) live++
    let capacity = MIN_CAPACITY
    while (live >= MAX_LOAD / 2 * capacity) capacity *= 2
    this.#slots = new Int32Array(4 * capacity)
    this.#mask = capacity - 1
    this.#used = live
    for (let slot = 0; slot < old.length; slot += 4) {
      const known = old[slot + 3] - 1 + oldBase
      if (old[slot + 3] === 0 || !isLive(known)) continue
      const to = this.#find(old[slot], old[slot + 1], old[slot + 2])
      this.#slots.set(old.subarray(slot, slot + 3), to)
      this.#slots[to + 3] = known - this.#base + 1
    }
  }

  /** The slot of the hash, or the free one where it belongs. */
  #find(h0: number, h1: number, h2: number): number {
    const slots = this.#slots
    for (let i = h0 & this.#mask; ; i = (i + 1) & this.#mask) {
      const slot = 4 * i
      if (slots[slot + 3] === 0 || (slots[slot] === h0 && slots[slot + 1] === h1 && slots[slot + 2] === h2)) return slot
    }
  }

  #remember(repetition: Repetition): void {
    this.#repetitions.push(repetition)
    if (this.#repetitions.length < 2 * MAX_UNDO) return
    const forgotten = this.#repetitions.splice(0, MAX_UNDO)
    this.#lastForgotten = forgotten.at(-1)!.at
  }
}
