/**
 * The ids of a partition's recent records: 96 bits of each id's hash, under a seed that no client knows, and
 * the offset of its record. At a million records a second, two different ids among ten million are taken for
 * one with a probability of 10^-15 a year.
 *
 * A log has the entries in the order of arrival, and an index of four bytes per slot gives the last entry of
 * an id. Nearly all ids are new: looking one up only reads the index, which is small enough for the
 * processor's cache, and the log is only appended to. An id takes about 30 bytes.
 */
import { murmur3, words } from './murmur3.ts'

/** Words per hash. */
const HASH_WORDS = 3
/** Entries per chunk of the log. */
const CHUNK = 1 << 10
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
const SEED = Math.floor(Math.random() * 2 ** 32)

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

interface Chunk {
  readonly hashes: Int32Array
  readonly offsets: Float64Array
}

export class SeenIds {
  readonly #firstOffset: number
  #nextOffset: number
  #floor = 0
  /** The entries numbered `#first` to `#end`, exclusive; `#first` is the number of a chunk's first entry. */
  readonly #chunks: Chunk[] = []
  #first = 0
  #end = 0
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
    return this.#slots.byteLength + this.#chunks.length * CHUNK * (4 * HASH_WORDS + 8)
  }

  /** Entries kept. */
  get size(): number {
    return this.#end - this.#first
  }

  /** Forgets ids that came only before this offset. */
  expire(before: number): void {
    this.#floor = Math.max(this.#floor, before)
    while (this.#end - this.#first >= CHUNK && this.#chunks[0].offsets[CHUNK - 1] < this.#floor) {
      this.#spare = this.#chunks.shift()
      this.#first += CHUNK
    }
  }

  /** Advances the position without records. */
  skipTo(offset: number): void {
    this.#nextOffset = Math.max(this.#nextOffset, offset)
  }

  /**
   * Reads the slots of the ids, so that they are in the processor's cache when the ids are added: it fetches
   * many at a time, whereas each `add` would wait for its own. Returns how many of these slots are taken.
   */
  touch({ words, length }: IdHashes): number {
    const slots = this.#slots
    const mask = slots.length - 1
    let taken = 0
    for (let at = 0; at < HASH_WORDS * length; at += HASH_WORDS) if (slots[words[at] & mask] !== 0) taken++
    return taken
  }

  /**
   * Adds the id with hash number `index`, of the record at `offset`; true if an earlier record had the same
   * id. Offsets must increase, except after `rewind`.
   */
  add({ words }: IdHashes, index: number, offset: number): boolean {
    if (this.#taken >= MAX_LOAD * this.#slots.length) this.#buildIndex()
    const at = HASH_WORDS * index
    const h0 = words[at]
    const h1 = words[at + 1]
    const h2 = words[at + 2]
    const slot = this.#find(h0, h1, h2)
    const before = this.#lastOffset(slot)
    this.#append(h0, h1, h2, offset)
    this.#point(slot, h1, this.#end - 1)
    this.#nextOffset = offset + 1
    return before >= this.#floor
  }

  /**
   * Prepares for the records from `offset` on to be added once more. False if nothing is known about the
   * records before it: then begin with a new SeenIds.
   */
  rewind(offset: number): boolean {
    if (offset < Math.max(this.#firstOffset, this.#floor)) return false
    // In a recreated topic, other records follow.
    while (this.#end > this.#first && this.#offsetOf(this.#end - 1) >= offset) this.#end--
    this.#chunks.length = Math.ceil((this.#end - this.#first) / CHUNK)
    this.#buildIndex()
    this.#nextOffset = offset
    return true
  }

  /** The slot that points to the last entry with the hash, or the free one where it belongs. */
  #find(h0: number, h1: number, h2: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    const bits = bitsOf(h1)
    for (let slot = h0 & mask; ; slot = (slot + 1) & mask) {
      const value = slots[slot]
      if (value === 0) return slot
      if (value >>> NUMBER_BITS === bits && this.#has(this.#numberIn(value), h0, h1, h2)) return slot
    }
  }

  #has(number: number, h0: number, h1: number, h2: number): boolean {
    if (number < this.#first) return false
    const { hashes } = this.#chunkOf(number)
    const at = HASH_WORDS * ((number - this.#first) % CHUNK)
    return hashes[at] === h0 && hashes[at + 1] === h1 && hashes[at + 2] === h2
  }

  /** The offset of the entry that the slot points to; -1 if the slot is free. */
  #lastOffset(slot: number): number {
    const value = this.#slots[slot]
    return value === 0 ? -1 : this.#offsetOf(this.#numberIn(value))
  }

  /**
   * The greatest number of an entry that has these lowest bits; one that is less than `#first` was dropped.
   */
  #numberIn(value: number): number {
    const last = this.#end - 1
    return last - (((last % (NUMBER_MASK + 1)) - (value & NUMBER_MASK)) & NUMBER_MASK)
  }

  #offsetOf(number: number): number {
    return this.#chunkOf(number).offsets[(number - this.#first) % CHUNK]
  }

  #chunkOf(number: number): Chunk {
    return this.#chunks[Math.trunc((number - this.#first) / CHUNK)]
  }

  #append(h0: number, h1: number, h2: number, offset: number): void {
    const place = (this.#end - this.#first) % CHUNK
    if (place === 0) {
      this.#chunks.push(
        this.#spare ?? { hashes: new Int32Array(HASH_WORDS * CHUNK), offsets: new Float64Array(CHUNK) },
      )
      this.#spare = undefined
    }
    const { hashes, offsets } = this.#chunks[this.#chunks.length - 1]
    hashes[HASH_WORDS * place] = h0
    hashes[HASH_WORDS * place + 1] = h1
    hashes[HASH_WORDS * place + 2] = h2
    offsets[place] = offset
    this.#end++
  }

  #point(slot: number, h1: number, number: number): void {
    if (this.#slots[slot] === 0) this.#taken++
    this.#slots[slot] = (bitsOf(h1) << NUMBER_BITS) | (number % (NUMBER_MASK + 1))
  }

  #buildIndex(): void {
    let length = MIN_SLOTS
    while (this.size > NEW_LOAD * length) length *= 2
    if (length === this.#slots.length) this.#slots.fill(0)
    else this.#slots = new Int32Array(length)
    this.#taken = 0
    for (let number = this.#first; number < this.#end; number++) {
      const { hashes } = this.#chunkOf(number)
      const at = HASH_WORDS * ((number - this.#first) % CHUNK)
      this.#point(this.#find(hashes[at], hashes[at + 1], hashes[at + 2]), hashes[at + 1], number)
    }
  }
}

/** 9 bits of the hash. Two hashes mostly differ in these; if they do not, the log decides. */
const bitsOf = (h1: number): number => h1 >>> NUMBER_BITS || 1
