/**
 * A hash table from keys to values. Both are bytes in one buffer, which the garbage collector need not look into. An
 * entry takes about 60 bytes besides its key and value. Its id is a small number that it keeps until it is removed.
 */
import { hashOf } from './key-hash.ts'
import { NO_TIMERS, type TimerKind, type Timers } from './timers.ts'

/**
 * An entry in the buffer, aligned to eight bytes:
 * hash 4 | key length 2 | marks 1 | - 1 | value length 4 | value room 4 | event timer 8 | clock timer 8 | key | value
 */
const HASH = 0
const KEY_LENGTH = 4
const MARKS = 6
const VALUE_LENGTH = 8
const VALUE_ROOM = 12
const EVENT_TIMER = 16
const CLOCK_TIMER = 24
const HEAD_BYTES = 32

/** The value differs from the one on disk. */
export const DIRTY = 1
/** The key has no value, which the disk need not know yet. */
export const REMOVED = 2
/** The entry was read or written since marks were cleared. */
export const USED = 4

const FIRST_BYTES = 64 << 10
const FIRST_SLOTS = 1024
/** Buffers of this length cannot be addressed with places of 32 bits. */
const MAX_BYTES = 2 ** 34
const NONE = -1

export class ByteTable {
  bytes = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #view = new DataView(this.bytes.buffer)
  /** Where the next entry begins. */
  #end = 0
  #garbage = 0
  /** Slots hold ids, so that moving entries does not touch them. */
  #slots = new Int32Array(FIRST_SLOTS).fill(NONE)
  /** The place of each id's entry, in units of eight bytes; NONE if the id is free. */
  #places = new Int32Array(FIRST_SLOTS / 2).fill(NONE)
  #freeIds: number[] = []
  #ids = 0
  size = 0

  /** Bytes of the entries, and of the tables that find them. */
  get usedBytes(): number {
    return this.#end - this.#garbage + this.#slots.byteLength + this.#places.byteLength
  }

  /** One more than the highest id. */
  get ids(): number {
    return this.#ids
  }

  has(id: number): boolean {
    return this.#places[id] !== NONE
  }

  /** Returns the id of the key's entry, or -1. */
  find(key: Uint8Array, start: number, end: number): number {
    const hash = hashOf(key, start, end)
    const mask = this.#slots.length - 1
    for (let slot = slotOf(hash, mask); ; slot = (slot + 1) & mask) {
      const id = this.#slots[slot]
      if (id === NONE) return NONE
      if (this.#isAt(id, hash, key, start, end)) return id
    }
  }

  /** Adds a key that is not in the table, without a value. Returns its id. */
  add(key: Buffer, start: number, end: number): number {
    if ((this.size + 1) * 2 > this.#slots.length) this.#growSlots()
    const id = this.#freeIds.pop() ?? this.#newId()
    const hash = hashOf(key, start, end)
    const at = this.#allocate(HEAD_BYTES + end - start)
    this.#view.setInt32(at + HASH, hash, true)
    this.#view.setUint16(at + KEY_LENGTH, end - start, true)
    this.bytes[at + MARKS] = REMOVED
    this.#view.setInt32(at + VALUE_LENGTH, 0, true)
    this.#view.setInt32(at + VALUE_ROOM, 0, true)
    this.#setTimers(at, NO_TIMERS)
    key.copy(this.bytes, at + HEAD_BYTES, start, end)
    this.#places[id] = at / 8
    this.#putSlot(hash, id)
    this.size++
    return id
  }

  /** Sets the value of an entry and its marks. */
  setValue(id: number, value: Buffer, start: number, end: number, timers: Timers, marks: number): void {
    const length = end - start
    let at = this.#at(id)
    if (this.#view.getInt32(at + VALUE_ROOM, true) < length) at = this.#move(id, length)
    const valueAt = at + HEAD_BYTES + this.#view.getUint16(at + KEY_LENGTH, true)
    value.copy(this.bytes, valueAt, start, end)
    this.#view.setInt32(at + VALUE_LENGTH, length, true)
    this.#setTimers(at, timers)
    this.bytes[at + MARKS] = marks
  }

  /** Takes the value of an entry away; the entry stays. */
  clearValue(id: number, marks: number): void {
    const at = this.#at(id)
    this.#view.setInt32(at + VALUE_LENGTH, 0, true)
    this.#setTimers(at, NO_TIMERS)
    this.bytes[at + MARKS] = marks | REMOVED
  }

  setTimers(id: number, timers: Timers): void {
    this.#setTimers(this.#at(id), timers)
  }

  remove(id: number): void {
    const at = this.#at(id)
    const hash = this.#view.getInt32(at + HASH, true)
    this.#garbage += this.#lengthAt(at)
    this.#removeSlot(hash, id)
    this.#places[id] = NONE
    this.#freeIds.push(id)
    this.size--
  }

  marks(id: number): number {
    return this.bytes[this.#at(id) + MARKS]
  }

  setMarks(id: number, marks: number): void {
    this.bytes[this.#at(id) + MARKS] = marks
  }

  /** Returns the time that was given with the value, or Infinity. */
  timer(id: number, kind: TimerKind): number {
    return this.#view.getFloat64(this.#at(id) + (kind === 'event' ? EVENT_TIMER : CLOCK_TIMER), true)
  }

  forgetTimer(id: number, kind: TimerKind): void {
    this.#view.setFloat64(this.#at(id) + (kind === 'event' ? EVENT_TIMER : CLOCK_TIMER), Infinity, true)
  }

  keyStart(id: number): number {
    return this.#at(id) + HEAD_BYTES
  }

  /** Also where the value begins. */
  keyEnd(id: number): number {
    const at = this.#at(id)
    return at + HEAD_BYTES + this.#view.getUint16(at + KEY_LENGTH, true)
  }

  valueEnd(id: number): number {
    return this.keyEnd(id) + this.#view.getInt32(this.#at(id) + VALUE_LENGTH, true)
  }

  /** Compares the keys of two entries, byte by byte. */
  compareKeys(one: number, other: number): number {
    return this.bytes.compare(
      this.bytes,
      this.keyStart(other),
      this.keyEnd(other),
      this.keyStart(one),
      this.keyEnd(one),
    )
  }

  #setTimers(at: number, { event, clock }: Timers): void {
    this.#view.setFloat64(at + EVENT_TIMER, event, true)
    this.#view.setFloat64(at + CLOCK_TIMER, clock, true)
  }

  #at(id: number): number {
    return this.#places[id] * 8
  }

  #isAt(id: number, hash: number, key: Uint8Array, start: number, end: number): boolean {
    const at = this.#at(id)
    if (this.#view.getInt32(at + HASH, true) !== hash) return false
    const length = end - start
    if (this.#view.getUint16(at + KEY_LENGTH, true) !== length) return false
    for (let i = 0; i < length; i++) if (this.bytes[at + HEAD_BYTES + i] !== key[start + i]) return false
    return true
  }

  #newId(): number {
    if (this.#ids === this.#places.length) {
      const places = new Int32Array(this.#places.length * 2).fill(NONE)
      places.set(this.#places)
      this.#places = places
    }
    return this.#ids++
  }

  #lengthAt(at: number): number {
    const key = this.#view.getUint16(at + KEY_LENGTH, true)
    return aligned(HEAD_BYTES + key + this.#view.getInt32(at + VALUE_ROOM, true))
  }

  /** Returns the place of `length` free bytes. All entries may move to make room. */
  #allocate(length: number): number {
    const needed = aligned(length)
    if (this.#end + needed > this.bytes.length) this.#makeRoom(needed)
    const at = this.#end
    this.#end += needed
    return at
  }

  /** Gives an entry room for a longer value, and for more if it has grown before. Returns its new place. */
  #move(id: number, valueLength: number): number {
    const hasGrown = this.#view.getInt32(this.#at(id) + VALUE_ROOM, true) > 0
    const room = valueLength + (hasGrown ? valueLength >> 2 : 0)
    const keyLength = this.keyEnd(id) - this.keyStart(id)
    const at = this.#allocate(HEAD_BYTES + keyLength + room)
    const before = this.#at(id)
    this.bytes.copy(this.bytes, at, before, before + HEAD_BYTES + keyLength)
    this.#garbage += this.#lengthAt(before)
    const ownRoom = aligned(HEAD_BYTES + keyLength + room) - HEAD_BYTES - keyLength
    this.#view.setInt32(at + VALUE_ROOM, ownRoom, true)
    this.#places[id] = at / 8
    return at
  }

  /** Copies the entries to a new buffer, without what was left behind. */
  #makeRoom(needed: number): void {
    const live = this.#end - this.#garbage
    const wanted = Math.ceil(((live + needed) * 1.5) / FIRST_BYTES) * FIRST_BYTES
    const length = Math.max(this.bytes.length, wanted)
    if (length > MAX_BYTES) throw new RangeError(`A table of states cannot have ${length} bytes.`)
    const bytes = Buffer.allocUnsafeSlow(length)
    let end = 0
    for (let id = 0; id < this.#ids; id++) {
      if (!this.has(id)) continue
      const at = this.#at(id)
      const entryLength = this.#lengthAt(at)
      this.bytes.copy(bytes, end, at, at + entryLength)
      this.#places[id] = end / 8
      end += entryLength
    }
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer)
    this.#end = end
    this.#garbage = 0
  }

  #growSlots(): void {
    this.#slots = new Int32Array(this.#slots.length * 2).fill(NONE)
    for (let id = 0; id < this.#ids; id++)
      if (this.has(id)) this.#putSlot(this.#view.getInt32(this.#at(id) + HASH, true), id)
  }

  #putSlot(hash: number, id: number): void {
    const mask = this.#slots.length - 1
    let slot = slotOf(hash, mask)
    while (this.#slots[slot] !== NONE) slot = (slot + 1) & mask
    this.#slots[slot] = id
  }

  /** Moves the slots behind it up, so that no search ends too early (Knuth 6.4, algorithm R). */
  #removeSlot(hash: number, id: number): void {
    const mask = this.#slots.length - 1
    let hole = slotOf(hash, mask)
    while (this.#slots[hole] !== id) hole = (hole + 1) & mask
    for (let slot = (hole + 1) & mask; this.#slots[slot] !== NONE; slot = (slot + 1) & mask) {
      const home = slotOf(this.#view.getInt32(this.#at(this.#slots[slot]) + HASH, true), mask)
      // The entry may move to the hole unless its home lies behind the hole.
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue
      this.#slots[hole] = this.#slots[slot]
      hole = slot
    }
    this.#slots[hole] = NONE
  }
}

const aligned = (length: number): number => (length + 7) & ~7

/** Multiplied by 2^32 over the golden ratio, so that neighbouring hashes are far apart (Knuth 6.4). */
const slotOf = (hash: number, mask: number): number => (Math.imul(hash, 0x9e37_79b1) >>> 7) & mask
