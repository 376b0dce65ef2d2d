/**
 * Kafka's flexible message encoding over a plain buffer: compact strings and arrays, tagged fields (KIP-482).
 * All versions used here are flexible.
 */
import { type Reader, Writer } from '@platformatic/kafka'
import type { TopicPartition } from '../../port.ts'

export type { TopicPartition }

export class Encoder {
  #bytes = Buffer.allocUnsafe(512)
  #at = 0

  int8(value: number): this {
    this.#reserve(1)
    this.#at = this.#bytes.writeInt8(value, this.#at)
    return this
  }

  bool(value: boolean): this {
    return this.int8(value ? 1 : 0)
  }

  int16(value: number): this {
    this.#reserve(2)
    this.#at = this.#bytes.writeInt16BE(value, this.#at)
    return this
  }

  int32(value: number): this {
    this.#reserve(4)
    this.#at = this.#bytes.writeInt32BE(value, this.#at)
    return this
  }

  int64(value: bigint | number): this {
    this.#reserve(8)
    this.#at = this.#bytes.writeBigInt64BE(BigInt(value), this.#at)
    return this
  }

  /** Writes a compact length or count: 0 stands for null. */
  count(value: number | null): this {
    this.#reserve(5)
    let rest = value === null ? 0 : value + 1
    while (rest > 0x7f) {
      this.#bytes[this.#at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#bytes[this.#at++] = rest
    return this
  }

  string(value: string | null): this {
    if (value === null) return this.count(null)
    const length = Buffer.byteLength(value)
    this.count(length)
    this.#reserve(length)
    this.#at += this.#bytes.write(value, this.#at)
    return this
  }

  bytes(value: Buffer): this {
    this.count(value.length)
    return this.raw(value)
  }

  /** Writes bytes of a fixed width, for instance a topic id. */
  raw(value: Buffer): this {
    this.#reserve(value.length)
    this.#at += value.copy(this.#bytes, this.#at)
    return this
  }

  /** Writes a topic id, given in hex. */
  uuid(hex: string): this {
    return this.raw(Buffer.from(hex, 'hex'))
  }

  array<T>(items: readonly T[] | null, write: (item: T) => void): this {
    this.count(items?.length ?? null)
    items?.forEach(write)
    return this
  }

  /**
   * Writes [name [partition …]], the shape that most requests share. `write` writes one partition, with its
   * own tags if it has any.
   */
  byTopic<T extends TopicPartition>(items: readonly T[], write: (item: T) => void): this {
    return this.array([...Map.groupBy(items, (item) => item.topic)], ([topic, partitions]) => {
      this.string(topic).array(partitions, write).tags()
    })
  }

  /** Writes that there are no tagged fields. */
  tags(): this {
    return this.int8(0)
  }

  /** Returns what was written since the last take(). */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#at)
    this.#bytes = this.#bytes.subarray(this.#at)
    this.#at = 0
    return taken
  }

  request(): Writer {
    return Writer.create().append(this.take())
  }

  #reserve(size: number): void {
    if (this.#at + size <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(512, 2 * (this.#at + size)))
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
  }
}

/** Throws a RangeError if the bytes end too early. */
export class Decoder {
  readonly #bytes: Buffer
  #at = 0

  /**
   * Decodes the whole response as one buffer. It is copied if it arrived in several pieces, which happens
   * regularly only for fetches (they have their own reader).
   */
  static of(reader: Reader): Decoder {
    return new Decoder(reader.buffer.buffer)
  }

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  int8(): number {
    return this.#bytes.readInt8(this.#at++)
  }

  bool(): boolean {
    return this.int8() !== 0
  }

  int16(): number {
    this.#at += 2
    return this.#bytes.readInt16BE(this.#at - 2)
  }

  int32(): number {
    this.#at += 4
    return this.#bytes.readInt32BE(this.#at - 4)
  }

  int64(): bigint {
    this.#at += 8
    return this.#bytes.readBigInt64BE(this.#at - 8)
  }

  /** Reads an offset or a time: exact below 2^53. */
  number64(): number {
    return Number(this.int64())
  }

  varint(): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
      const byte = this.#bytes.readUInt8(this.#at++)
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
    throw new RangeError('a length is longer than five bytes')
  }

  string(): string | null {
    return this.bytes()?.toString() ?? null
  }

  bytes(): Buffer | null {
    const length = this.varint() - 1
    if (length < 0) return null
    return this.raw(length)
  }

  raw(length: number): Buffer {
    this.#at += length
    if (this.#at > this.#bytes.length) throw new RangeError('a response is cut short')
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  uuid(): string {
    return this.raw(16).toString('hex')
  }

  array<T>(read: () => T): T[] {
    const count = this.varint() - 1
    if (count > this.#bytes.length - this.#at) throw new RangeError('an array is longer than its response')
    const items: T[] = []
    for (let i = 0; i < count; i++) items.push(read())
    return items
  }

  /** Reads [name [partition …]] as a flat list; `read` reads one partition with its own tags. */
  byTopic<T>(read: (topic: string) => T): T[] {
    return this.array(() => {
      const topic = this.string() ?? ''
      const partitions = this.array(() => read(topic))
      this.tags()
      return partitions
    }).flat()
  }

  /** Passes each tagged field to `known`, which may ignore it; skips them all without `known`. */
  tags(known?: (tag: number, field: Decoder) => void): void {
    for (let count = this.varint(); count > 0; count--) {
      const tag = this.varint()
      const field = this.raw(this.varint())
      known?.(tag, new Decoder(field))
    }
  }
}
