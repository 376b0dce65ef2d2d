/**
 * The ids of a partition's recent records: 96 bits of each id's hash, under a seed that no client knows, and
 * the offset of its record. At a million records a second, two different ids among ten million are taken for
 * one with a probability of 10^-15 a year.
 *
 * A log has the entries in the order of arrival, and an index of four bytes per slot gives the last entry of
 * an id. Nearly all ids are new: looking one up only reads the index, which is small enough for the
 * processor's cache, and the log is only appended to. An id takes about 30 bytes.
 */
import { murmur3 } from './murmur3.ts'

/** Words of a hash, and how many of them are kept. */
const WORDS = 4
const KEPT_WORDS = 3
/** Entries per chunk of the log. */
const CHUNK_BITS = 10
const CHUNK = 1 << CHUNK_BITS
const CHUNK_MASK = CHUNK - 1
const MIN_SLOTS = 1 << 10
/** The index is rebuilt when it is fuller than this. */
const MAX_LOAD = 0.7
/** A rebuilt index has at most this load, and usually at least half of it. */
const NEW_LOAD = 0.4
/**
 * A slot holds the lowest bits of the entry's number, and above them bits of its hash, which are never all 0.
 * No more entries are kept than these bits can number.
 */
const NUMBER_BITS = 23
const NUMBER_MASK = (1 << NUMBER_BITS) - 1
/** `#fetchSlots` stores the values it reads here, since reads without an effect would be optimized away. */
const fetched = new Int32Array(CHUNK)
/** Close to where numbers wrap around, so that this happens early and in every test. */
const FIRST_NUMBER = 2 ** 31 - CHUNK
const SEED = Math.floor(Math.random() * 2 ** 32)

/** Hashes of the ids of a batch, each with its record's number in the batch. Reused: `clear` keeps the memory. */
export class IdHashes {
  words = new Int32Array(WORDS * 1024)
  records = new Int32Array(1024)
  length = 0

  /** Adds the id in `bytes[start, end)`, of the batch's record number `record`. */
  push(bytes: DataView, start: number, end: number, record: number): void {
    if (this.length === this.records.length) this.#grow()
    murmur3(bytes, start, end, SEED, this.words, WORDS * this.length)
    this.records[this.length++] = record
  }

  clear(): void {
    this.length = 0
  }

  #grow(): void {
    const [words, records] = [this.words, this.records]
    this.words = new Int32Array(2 * words.length)
    this.words.set(words)
    this.records = new Int32Array(2 * records.length)
    this.records.set(records)
  }
}

interface Chunk {
  readonly hashes: Int32Array
  readonly offsets: Float64Array
}

export class SeenIds {
  readonly #firstOffset: number
  #nextOffset: number
  #floor = 0
  /**
   * The entries numbered `#first` to `#end`, exclusive; `#first` is the number of a chunk's first entry.
   * Numbers have 32 bits and wrap around, so only their differences count.
   */
  readonly #chunks: Chunk[] = []
  #first = FIRST_NUMBER
  #end = FIRST_NUMBER
  /** The chunk that was dropped last, to be reused. */
  #spare: Chunk | undefined
  #slots = new Int32Array(MIN_SLOTS)
  /** Slots taken, including those of entries that have been dropped since. */
  #taken = 0

  /** @param first the offset of the first record that will be added */
  constructor(first: number) {
    this.#firstOffset = first
    this.#nextOffset = first
  }

  /** The offset after the last record that was added. */
  get next(): number {
    return this.#nextOffset
  }

  /** Memory in bytes. */
  get bytes(): number {
    return this.#slots.byteLength + this.#chunks.length * CHUNK * (4 * KEPT_WORDS + 8)
  }

  /** Entries kept. */
  get size(): number {
    return (this.#end - this.#first) | 0
  }

  /** Forgets ids that came only before this offset. */
  expire(before: number): void {
    this.#floor = Math.max(this.#floor, before)
    while (this.size >= CHUNK && this.#chunks[0].offsets[CHUNK - 1] < this.#floor) {
      this.#spare = this.#chunks.shift()
      this.#first = (this.#first + CHUNK) | 0
    }
  }

  /** Advances the position without records. */
  skipTo(offset: number): void {
    this.#nextOffset = Math.max(this.#nextOffset, offset)
  }

  /**
   * Adds the ids of a batch, whose record `i` has the offset `offsets[i]`, and sets `repeated[i]` to 1 for
   * each that an earlier record had too. Offsets must increase, except after `rewind`.
   */
  addBatch(ids: IdHashes, offsets: Float64Array, repeated: Uint8Array): void {
    for (let from = 0; from < ids.length; ) {
      const to = Math.min(ids.length, from + CHUNK - (this.#end & CHUNK_MASK))
      if (this.#taken + to - from > MAX_LOAD * this.#slots.length) this.#buildIndex(to - from)
      this.#fetchSlots(ids, from, to)
      this.#addToChunk(ids, from, to, offsets, repeated)
      from = to
    }
  }

  /**
   * Reads the slots of the ids, so that they are in the processor's cache when the ids are added: it fetches
   * many at a time, whereas it would wait for each by itself later.
   */
  #fetchSlots({ words }: IdHashes, from: number, to: number): void {
    const slots = this.#slots
    const mask = slots.length - 1
    for (let i = from; i < to; i++) fetched[i - from] = slots[words[WORDS * i] & mask]
  }

  /** Adds ids that fit into the last chunk. */
  #addToChunk(
    { words, records }: IdHashes,
    from: number,
    to: number,
    offsets: Float64Array,
    repeated: Uint8Array,
  ): void {
    const slots = this.#slots
    const mask = slots.length - 1
    const floor = this.#floor
    const chunk = this.#lastChunk()
    const start = (this.#end - from) | 0
    for (let i = from; i < to; i++) {
      const number = (start + i) | 0
      const place = number & CHUNK_MASK
      const h0 = words[WORDS * i]
      const h1 = words[WORDS * i + 1]
      const h2 = words[WORDS * i + 2]
      const slot = this.#find(slots, mask, h0, h1, h2, number)
      const before = slots[slot]
      if (before === 0) this.#taken++
      else if (this.#offsetOf(numberIn(before, number)) >= floor) repeated[records[i]] = 1
      slots[slot] = slotValue(h1, number)
      chunk.hashes[KEPT_WORDS * place] = h0
      chunk.hashes[KEPT_WORDS * place + 1] = h1
      chunk.hashes[KEPT_WORDS * place + 2] = h2
      chunk.offsets[place] = offsets[records[i]]
    }
    this.#end = (start + to) | 0
    this.#nextOffset = offsets[records[to - 1]] + 1
  }

  /**
   * Prepares for the records from `offset` on to be added once more. False if nothing is known about the
   * records before it: then begin with a new SeenIds.
   */
  rewind(offset: number): boolean {
    if (offset < Math.max(this.#firstOffset, this.#floor)) return false
    // In a recreated topic, other records follow.
    while (this.size > 0 && this.#offsetOf((this.#end - 1) | 0) >= offset) this.#end = (this.#end - 1) | 0
    this.#chunks.length = Math.ceil(this.size / CHUNK)
    this.#buildIndex(0)
    this.#nextOffset = offset
    return true
  }

  /** The slot of the last entry before `next` that has the hash, or the free one where it belongs. */
  #find(slots: Int32Array, mask: number, h0: number, h1: number, h2: number, next: number): number {
    const bits = bitsOf(h1)
    for (let slot = h0 & mask; ; slot = (slot + 1) & mask) {
      const value = slots[slot]
      if (value === 0) return slot
      if (value >>> NUMBER_BITS === bits && this.#has(numberIn(value, next), h0, h1, h2)) return slot
    }
  }

  #has(number: number, h0: number, h1: number, h2: number): boolean {
    if (((number - this.#first) | 0) < 0) return false
    const { hashes } = this.#chunkOf(number)
    const at = KEPT_WORDS * (number & CHUNK_MASK)
    return hashes[at] === h0 && hashes[at + 1] === h1 && hashes[at + 2] === h2
  }

  #offsetOf(number: number): number {
    return this.#chunkOf(number).offsets[number & CHUNK_MASK]
  }

  #chunkOf(number: number): Chunk {
    return this.#chunks[((number - this.#first) | 0) >> CHUNK_BITS]
  }

  /** The chunk of the entry that comes next. */
  #lastChunk(): Chunk {
    if ((this.#end & CHUNK_MASK) === 0) {
      this.#chunks.push(
        this.#spare ?? { hashes: new Int32Array(KEPT_WORDS * CHUNK), offsets: new Float64Array(CHUNK) },
      )
      this.#spare = undefined
    }
    return this.#chunks[this.#chunks.length - 1]
  }

  /** Makes an index of the entries kept, with room for `more`. */
  #buildIndex(more: number): void {
    let length = MIN_SLOTS
    while (this.size + more > NEW_LOAD * length) length *= 2
    if (length === this.#slots.length) this.#slots.fill(0)
    else this.#slots = new Int32Array(length)
    this.#taken = 0
    const slots = this.#slots
    const mask = length - 1
    for (let number = this.#first; number !== this.#end; number = (number + 1) | 0) {
      const { hashes } = this.#chunkOf(number)
      const at = KEPT_WORDS * (number & CHUNK_MASK)
      const slot = this.#find(slots, mask, hashes[at], hashes[at + 1], hashes[at + 2], number)
      if (slots[slot] === 0) this.#taken++
      slots[slot] = slotValue(hashes[at + 1], number)
    }
  }
}

/** 9 bits of the hash. Two hashes mostly differ in these; if they do not, the log decides. */
const bitsOf = (h1: number): number => h1 >>> NUMBER_BITS || 1

const slotValue = (h1: number, number: number): number => (bitsOf(h1) << NUMBER_BITS) | (number & NUMBER_MASK)

/** The greatest number of an entry before `next` that has the lowest bits of the slot's value. */
const numberIn = (value: number, next: number): number => (next - 1 - ((next - 1 - value) & NUMBER_MASK)) | 0
