/**
 * The ids of a partition's recent records: 96 bits of each one's hash under a seed that no client knows, and the offset at which it came last. Two different ids
 * among ten million are taken for one with a probability of 10^-15 a year at a million records a second.
 *
 * They lie in segments that split as they fill (Fagin and others, "Extendible hashing", 1979): no record waits until all ids have moved to a larger table. An id
 * takes about 35 bytes, free slots included.
 */
import { murmur3, words } from './murmur3.ts'

const SEGMENT_SLOTS = 1 << 10
/** A fuller segment is cleared of what has expired, */
const MAX_USED = 0.75 * SEGMENT_SLOTS
/** and split if more than this is left. */
const MAX_KEPT = MAX_USED / 2
/** Repetitions that can be taken back. */
const MAX_UNDO = 1 << 16
const SEED = Math.floor(Math.random() * 2 ** 32)

/** Words of a hash. */
const HASH_WORDS = 3

/** Hashes of the ids of a batch. Reused: `clear` keeps the memory. */
export class IdHashes {
  #words = new Int32Array(HASH_WORDS * 1024)
  length = 0

  get words(): Int32Array {
    return this.#words
  }

  push(bytes: Buffer, start: number, end: number): void {
    const at = HASH_WORDS * this.length++
    if (at === this.#words.length) this.#grow()
    murmur3(bytes, start, end, SEED)
    for (let word = 0; word < HASH_WORDS; word++) this.#words[at + word] = words[word]
  }

  clear(): void {
    this.length = 0
  }

  #grow(): void {
    const larger = new Int32Array(2 * this.#words.length)
    larger.set(this.#words)
    this.#words = larger
  }
}

/** An id came again, and was known under the offset before. */
interface Repetition {
  readonly hash: readonly [number, number, number]
  readonly before: number
  readonly at: number
}

/** The ids whose hashes begin with the same `depth` bits. */
class Segment {
  /** Four words a slot: the hash, and the offset over `base` plus one; 0 where the slot is free. */
  readonly slots = new Int32Array(4 * SEGMENT_SLOTS)
  used = 0
  depth: number
  base: number

  constructor(depth: number, base: number) {
    this.depth = depth
    this.base = base
  }

  /** The slot of the hash, or the free one where it belongs. */
  find(h0: number, h1: number, h2: number): number {
    const { slots } = this
    for (let slot = slotOf(h1); ; slot = (slot + 4) & (4 * SEGMENT_SLOTS - 1)) {
      if (slots[slot + 3] === 0 || (slots[slot] === h0 && slots[slot + 1] === h1 && slots[slot + 2] === h2)) return slot
    }
  }
}

/** What a segment held while its ids are put in again. */
const moving = new Int32Array(4 * SEGMENT_SLOTS)

export class SeenIds {
  /** 2^depth entries: of each hash, its first `depth` bits say where. A segment of a smaller depth stands in several. */
  #directory: Segment[]
  #depth = 0
  #segments = 1
  #used = 0
  readonly #first: number
  #floor = 0
  #next: number
  readonly #repetitions: Repetition[] = []
  /** Repetitions before this offset cannot be taken back any more. */
  #lastForgotten = -1

  /** @param first the offset of the first record that will be added */
  constructor(first: number) {
    this.#directory = [new Segment(0, first)]
    this.#first = first
    this.#next = first
  }

  /** The offset after the last record that was added. */
  get next(): number {
    return this.#next
  }

  /** Memory in bytes. */
  get bytes(): number {
    return this.#segments * moving.byteLength
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

  /**
   * Looks at the places of the ids, so that the processor has them when they are added: it fetches many at a time, where each `add` would wait for its own.
   * Returns how many of these are taken.
   */
  touch({ words, length }: IdHashes): number {
    let taken = 0
    for (let at = 0; at < HASH_WORDS * length; at += HASH_WORDS) {
      if (this.#segmentOf(words[at]).slots[slotOf(words[at + 1]) + 3] !== 0) taken++
    }
    return taken
  }

  /** Adds the id with the hash `index`, of the record at `offset`; true if a record before it had the same. Offsets must grow, but for what `rewind` took back. */
  add({ words }: IdHashes, index: number, offset: number): boolean {
    const at = HASH_WORDS * index
    const h0 = words[at]
    const h1 = words[at + 1]
    const h2 = words[at + 2]
    let segment = this.#segmentOf(h0)
    while (segment.used >= MAX_USED || offset - segment.base >= 2 ** 31) {
      this.#makeRoom(segment, h0)
      segment = this.#segmentOf(h0)
    }
    this.#next = offset + 1
    const slot = segment.find(h0, h1, h2)
    const { slots } = segment
    const known = slots[slot + 3]
    const before = known - 1 + segment.base
    slots[slot + 3] = offset - segment.base + 1
    if (known === 0) {
      slots[slot] = h0
      slots[slot + 1] = h1
      slots[slot + 2] = h2
      segment.used++
      this.#used++
      return false
    }
    if (before < this.#floor || before >= offset) return false
    this.#remember({ hash: [h0, h1, h2], before, at: offset })
    return true
  }

  /** The records from `offset` on will be added once more. False if too much has happened since: begin anew then. */
  rewind(offset: number): boolean {
    if (offset <= this.#lastForgotten || offset < Math.max(this.#first, this.#floor)) return false
    while (this.#repetitions.length > 0 && this.#repetitions.at(-1)!.at >= offset) {
      const { hash, before } = this.#repetitions.pop()!
      const segment = this.#segmentOf(hash[0])
      const slot = segment.find(...hash)
      if (segment.slots[slot + 3] !== 0) segment.slots[slot + 3] = Math.max(1, before - segment.base + 1)
    }
    // In a topic that was made anew other records follow.
    this.compact(offset)
    this.#next = offset
    return true
  }

  /** Removes what has expired, and what came at offset `end` or later. */
  compact(end = Infinity): void {
    for (const segment of new Set(this.#directory)) this.#refill(segment, end, segment)
  }

  #segmentOf(h0: number): Segment {
    return this.#directory[(h0 >>> 1) >>> (31 - this.#depth)]
  }

  #makeRoom(segment: Segment, h0: number): void {
    if (this.#floor > segment.base) this.#refill(segment, Infinity, segment)
    if (segment.used > MAX_KEPT) this.#split(segment, h0)
  }

  #split(segment: Segment, h0: number): void {
    if (segment.depth === this.#depth) {
      this.#directory = this.#directory.flatMap((one) => [one, one])
      this.#depth++
    }
    segment.depth++
    const other = new Segment(segment.depth, segment.base)
    this.#segments++
    // The entries of a segment follow each other; the later half has hashes with the next bit set.
    const half = 1 << (this.#depth - segment.depth)
    const start = ((h0 >>> 1) >>> (31 - this.#depth)) & -(2 * half)
    this.#directory.fill(other, start + half, start + 2 * half)
    this.#refill(segment, Infinity, other)
  }

  /** Puts what is live of the segment in again; what has the last bit of its depth set goes to `other`. */
  #refill(segment: Segment, end: number, other: Segment): void {
    const moved = Math.max(this.#floor - segment.base, 0)
    // As offsets stand in the slots.
    const first = moved + 1
    const last = end - segment.base
    const bit = 2 ** 32 / 2 ** segment.depth
    const [same, others] = [segment.slots, other.slots]
    moving.set(same)
    same.fill(0)
    this.#used -= segment.used
    segment.base += moved
    other.base = segment.base
    segment.used = 0
    for (let at = 0; at < moving.length; at += 4) {
      const known = moving[at + 3]
      if (known < first || known > last) continue
      const isSame = (moving[at] & bit) === 0
      const slots = isSame ? same : others
      let slot = slotOf(moving[at + 1])
      while (slots[slot + 3] !== 0) slot = (slot + 4) & (4 * SEGMENT_SLOTS - 1)
      slots[slot] = moving[at]
      slots[slot + 1] = moving[at + 1]
      slots[slot + 2] = moving[at + 2]
      slots[slot + 3] = known - moved
      if (isSame) segment.used++
      else other.used++
      this.#used++
    }
  }

  #remember(repetition: Repetition): void {
    this.#repetitions.push(repetition)
    if (this.#repetitions.length < 2 * MAX_UNDO) return
    const forgotten = this.#repetitions.splice(0, MAX_UNDO)
    this.#lastForgotten = forgotten.at(-1)!.at
  }
}

/** Where a hash with this second word belongs in its segment. */
const slotOf = (h1: number): number => 4 * (h1 & (SEGMENT_SLOTS - 1))
