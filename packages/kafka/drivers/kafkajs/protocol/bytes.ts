/** Puts a finished request body into the shape that kafkajs' framing takes. */
import type { Encoded } from 'kafkajs/src/protocol/encoder.js'

export function encoded(buffer: Buffer): Encoded {
  return { buf: buffer, buffer, size: () => buffer.length }
}

/**
 * Writes the primitives of the protocol (big endian, strings with 16-bit lengths) one after the other into a
 * buffer of exact size.
 */
export class Body {
  readonly bytes: Buffer
  #at = 0

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafe(size)
  }

  int8(value: number): this {
    this.#at = this.bytes.writeInt8(value, this.#at)
    return this
  }

  int16(value: number): this {
    this.#at = this.bytes.writeInt16BE(value, this.#at)
    return this
  }

  int32(value: number): this {
    this.#at = this.bytes.writeInt32BE(value, this.#at)
    return this
  }

  int64(value: number): this {
    this.#at = this.bytes.writeBigInt64BE(BigInt(value), this.#at)
    return this
  }

  string(value: string | null): this {
    if (value === null) return this.int16(-1)
    this.int16(Buffer.byteLength(value))
    this.#at += this.bytes.write(value, this.#at)
    return this
  }

  raw(value: Buffer): this {
    this.#at += value.copy(this.bytes, this.#at)
    return this
  }
}

/** Size in bytes of a string with its length. */
export function stringSize(value: string | null): number {
  return 2 + (value === null ? 0 : Buffer.byteLength(value))
}

/** Reads the primitives that Body writes. */
export class Answer {
  readonly bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  int16(): number {
    this.#at += 2
    return this.bytes.readInt16BE(this.#at - 2)
  }

  int32(): number {
    this.#at += 4
    return this.bytes.readInt32BE(this.#at - 4)
  }

  int64(): bigint {
    this.#at += 8
    return this.bytes.readBigInt64BE(this.#at - 8)
  }

  string(): string {
    const length = this.int16()
    this.#at += Math.max(length, 0)
    return length < 0 ? '' : this.bytes.toString('utf8', this.#at - length, this.#at)
  }

  int8(): number {
    return this.bytes.readInt8(this.#at++)
  }

  /** Reads a length of the flexible versions: an unsigned varint, one above the length. */
  compactLength(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes.readUInt8(this.#at++)
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value - 1
    }
  }

  compactString(): string {
    const length = Math.max(this.compactLength(), 0)
    this.#at += length
    return this.bytes.toString('utf8', this.#at - length, this.#at)
  }

  array<T>(read: () => T): T[] {
    const length = this.int32()
    const items: T[] = []
    for (let i = 0; i < length; i++) items.push(read())
    return items
  }

  /** Returns a view. */
  block(): Buffer {
    const length = Math.max(this.int32(), 0)
    this.#at += length
    return this.bytes.subarray(this.#at - length, this.#at)
  }
}
