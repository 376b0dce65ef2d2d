/**
 * Decodes and encodes CBOR (RFC 8949) as AWS's SDKs do. Decoding is bounded, because anybody may send a body.
 * Timestamps are tag 1 with milliseconds, where the RFC has seconds.
 */
import { isUtf8 } from 'node:buffer'
import { serializationError } from './errors.ts'
import { MAX_DEPTH } from './scalars.ts'

/**
 * Values of one body, including keys. The largest PutRecords (500 records of 3 members) has a thirtieth of
 * these.
 */
const MAX_VALUES = 100_000
/** The range of a Date: ms before and after 1970. */
const MAX_TIME = 8.64e15

const TIME_TAG = 1
const INDEFINITE = 31
const BREAK = Symbol('break')

/**
 * Returns Buffers (views of the body) for bytes, Dates for times, null for undefined, plain objects for maps
 * and numbers for all numbers. Throws SerializationException, also for numbers that are not finite, texts
 * that are not UTF-8, keys that are not texts or are repeated, and bytes after the value.
 */
export function decodeCbor(body: Buffer): unknown {
  const reader = new Reader(body)
  const value = reader.read(0)
  if (value === BREAK || reader.at !== body.length) throw serializationError()
  return value
}

class Reader {
  at = 0
  readonly #bytes: Buffer
  #left = MAX_VALUES

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  read(depth: number): unknown {
    if (this.at >= this.#bytes.length || depth > MAX_DEPTH || --this.#left < 0) throw serializationError()
    const first = this.#bytes[this.at++]
    const minor = first & 31
    switch (first >> 5) {
      case 0:
        return this.#argument(minor)
      case 1:
        return -1 - this.#argument(minor)
      case 2:
        return minor === INDEFINITE ? this.#chunks(2) : this.#view(this.#argument(minor))
      case 3:
        return minor === INDEFINITE
          ? this.#text(this.#chunks(3))
          : this.#text(this.#view(this.#argument(minor)))
      case 4:
        return this.#array(minor === INDEFINITE ? Infinity : this.#argument(minor), depth + 1)
      case 5:
        return this.#map(minor === INDEFINITE ? Infinity : this.#argument(minor), depth + 1)
      case 6:
        return this.#tagged(this.#argument(minor), depth + 1)
      default:
        return this.#simple(minor)
    }
  }

  #argument(minor: number): number {
    if (minor < 24) return minor
    const size = minor === 24 ? 1 : minor === 25 ? 2 : minor === 26 ? 4 : minor === 27 ? 8 : this.#fail()
    const at = this.#skip(size)
    if (size === 1) return this.#bytes[at]
    if (size === 2) return this.#bytes.readUInt16BE(at)
    return size === 4
      ? this.#bytes.readUInt32BE(at)
      : this.#bytes.readUInt32BE(at) * 2 ** 32 + this.#bytes.readUInt32BE(at + 4)
  }

  #view(length: number): Buffer {
    const at = this.#skip(length)
    return this.#bytes.subarray(at, this.at)
  }

  #text(bytes: Buffer): string {
    const text = bytes.toString()
    // The decoder replaces invalid bytes by this character, which would make two texts equal.
    return text.includes('\uFFFD') && !isUtf8(bytes) ? this.#fail() : text
  }

  /** Reads a string in parts of the same kind and of definite length. */
  #chunks(major: number): Buffer {
    const parts: Buffer[] = []
    for (;;) {
      const first = this.#bytes[this.#skip(1)]
      if (first === 0xff) return Buffer.concat(parts)
      if (first >> 5 !== major || --this.#left < 0) this.#fail()
      parts.push(this.#view(this.#argument(first & 31)))
    }
  }

  #array(length: number, depth: number): unknown[] {
    const items: unknown[] = []
    for (let i = 0; i < length; i++) {
      const item = this.read(depth)
      if (item !== BREAK) items.push(item)
      else if (length === Infinity) break
      else this.#fail()
    }
    return items
  }

  #map(length: number, depth: number): Record<string, unknown> {
    const entries: Record<string, unknown> = {}
    for (let i = 0; i < length; i++) {
      const key = this.read(depth)
      if (key === BREAK && length === Infinity) break
      if (typeof key !== 'string' || Object.hasOwn(entries, key)) this.#fail()
      const value = this.read(depth)
      if (value === BREAK) this.#fail()
      if (key === '__proto__')
        Object.defineProperty(entries, key, { value, enumerable: true, configurable: true, writable: true })
      else entries[key as string] = value
    }
    return entries
  }

  #tagged(tag: number, depth: number): unknown {
    const value = this.read(depth)
    if (value === BREAK) this.#fail()
    if (tag !== TIME_TAG) return value
    if (typeof value !== 'number') this.#fail()
    return new Date(Math.max(-MAX_TIME, Math.min(MAX_TIME, Math.round(value as number))))
  }

  #simple(minor: number): unknown {
    switch (minor) {
      case 20:
        return false
      case 21:
        return true
      case 22:
      case 23:
        return null
      case 25:
        return this.#finite(half(this.#bytes.readUInt16BE(this.#skip(2))))
      case 26:
        return this.#finite(this.#bytes.readFloatBE(this.#skip(4)))
      case 27:
        return this.#finite(this.#bytes.readDoubleBE(this.#skip(8)))
      case 31:
        return BREAK
      default:
        return this.#fail()
    }
  }

  #finite(value: number): number {
    return Number.isFinite(value) ? value : this.#fail()
  }

  /** Advances, and returns the position before. */
  #skip(length: number): number {
    const { at } = this
    if (length > this.#bytes.length - at) this.#fail()
    this.at = at + length
    return at
  }

  #fail(): never {
    throw serializationError()
  }
}

/** RFC 8949, appendix D. */
function half(bits: number): number {
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  const value =
    exponent === 0
      ? fraction * 2 ** -24
      : exponent === 31
        ? fraction === 0
          ? Infinity
          : NaN
        : (fraction + 1024) * 2 ** (exponent - 25)
  return bits & 0x8000 ? -value : value
}

const MIN_BUFFER = 1 << 10

/** Writes into a buffer that grows. The lengths of containers are written before their items. */
export class CborWriter {
  #bytes = Buffer.allocUnsafe(MIN_BUFFER)
  #at = 0

  /** Returns the written bytes. Later writes go to another buffer. */
  finish(): Buffer {
    const written = this.#bytes.subarray(0, this.#at)
    this.#bytes = Buffer.allocUnsafe(MIN_BUFFER)
    this.#at = 0
    return written
  }

  /** @param count the number of items that follow */
  array(count: number): void {
    this.#head(4, count)
  }

  /** @param count the number of entries that follow, each a key and a value */
  map(count: number): void {
    this.#head(5, count)
  }

  number(value: number): void {
    if (!Number.isSafeInteger(value)) {
      this.#room(9)
      this.#bytes[this.#at] = 0xfb
      this.#at = this.#bytes.writeDoubleBE(value, this.#at + 1)
    } else if (value >= 0) this.#head(0, value)
    else this.#head(1, -1 - value)
  }

  boolean(value: boolean): void {
    this.#room(1)
    this.#bytes[this.#at++] = value ? 0xf5 : 0xf4
  }

  /** Writes milliseconds under tag 1. */
  time(value: Date): void {
    this.#head(6, TIME_TAG)
    this.number(value.getTime())
  }

  bytes(value: Uint8Array): void {
    this.#head(2, value.length)
    this.raw(value)
  }

  text(value: string): void {
    const length = Buffer.byteLength(value)
    this.#head(3, length)
    this.#room(length)
    if (length === value.length) this.#bytes.write(value, this.#at, length, 'latin1')
    else this.#bytes.write(value, this.#at, length, 'utf8')
    this.#at += length
  }

  /** Writes bytes that are CBOR already. */
  raw(value: Uint8Array): void {
    this.#room(value.length)
    this.#bytes.set(value, this.#at)
    this.#at += value.length
  }

  #head(major: number, argument: number): void {
    this.#room(9)
    const kind = major << 5
    if (argument < 24) this.#bytes[this.#at++] = kind | argument
    else if (argument < 2 ** 8) {
      this.#bytes[this.#at++] = kind | 24
      this.#bytes[this.#at++] = argument
    } else if (argument < 2 ** 16) {
      this.#bytes[this.#at] = kind | 25
      this.#at = this.#bytes.writeUInt16BE(argument, this.#at + 1)
    } else if (argument < 2 ** 32) {
      this.#bytes[this.#at] = kind | 26
      this.#at = this.#bytes.writeUInt32BE(argument, this.#at + 1)
    } else {
      this.#bytes[this.#at] = kind | 27
      this.#bytes.writeUInt32BE(Math.floor(argument / 2 ** 32), this.#at + 1)
      this.#at = this.#bytes.writeUInt32BE(argument % 2 ** 32, this.#at + 5)
    }
  }

  #room(length: number): void {
    const needed = this.#at + length
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
    larger.set(this.#bytes.subarray(0, this.#at))
    this.#bytes = larger
  }
}
