/** Writes records straight into one growing buffer as a record batch of format v2. No object per record. */
import { crc32c } from '@node-rs/crc32'
import { compress } from './codecs.ts'
import { AT, LENGTH_PREFIX, MAGIC, TRANSACTIONAL, writeInt64 } from './format.ts'
import { readVarint, varint, varintSize, writeVarint } from './varint.ts'

/** The sender of the batch, for the broker's check of sequences. */
export interface Sender {
  readonly producerId: bigint
  readonly producerEpoch: number
  /** Sequence of the batch's first record. */
  readonly baseSequence: number
  readonly transactional: boolean
}

const FIRST_CAPACITY = 16 * 1024
/** The most bytes of length, attributes, timestamp delta, offset delta, key length and value length. */
const MAX_OVERHEAD = 5 + 1 + 1 + 5 + 5 + 5

/** Reused: clear() keeps the buffer. */
export class BatchWriter {
  bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY)
  /** Uncompressed size so far, header included. */
  size: number = AT.records
  count = 0
  /** The time of all records, ms since the epoch. */
  timestamp = 0

  /**
   * Every record has the time of the batch's first one: the topics of Weir stamp the arrival time themselves.
   */
  append(
    key: Buffer | null,
    keyStart: number,
    keyEnd: number,
    value: Buffer | null,
    valueStart: number,
    valueEnd: number,
    headers: Buffer,
    headersStart: number,
    headersEnd: number,
  ): void {
    const keyLength = key === null ? -1 : keyEnd - keyStart
    const valueLength = value === null ? -1 : valueEnd - valueStart
    const headersLength = headersEnd - headersStart
    const body =
      2 +
      varintSize(this.count) +
      varintSize(keyLength) +
      varintSize(valueLength) +
      headersLength +
      Math.max(0, keyLength) +
      Math.max(0, valueLength)
    let at = this.size
    if (at + body + MAX_OVERHEAD > this.bytes.length) this.#grow(at + body + MAX_OVERHEAD)
    const bytes = this.bytes
    if (this.count === 0) this.timestamp = Date.now()

    at = writeVarint(bytes, at, body)
    bytes[at++] = 0 // attributes: none are defined
    bytes[at++] = 0 // timestamp delta
    at = writeVarint(bytes, at, this.count)
    at = writeVarint(bytes, at, keyLength)
    if (keyLength > 0) at = copy(key!, keyStart, keyEnd, bytes, at)
    at = writeVarint(bytes, at, valueLength)
    if (valueLength > 0) at = copy(value!, valueStart, valueEnd, bytes, at)
    this.size = copy(headers, headersStart, headersEnd, bytes, at)
    this.count++
  }

  /** Appends all records of another writer. */
  appendAll(from: BatchWriter): void {
    for (let at: number = AT.records; at < from.size; ) {
      const length = readVarint(from.bytes, at)
      const start = varint.next
      readVarint(from.bytes, start + 2) // offset delta, after attributes and a timestamp delta of one byte
      const rest = varint.next
      at = start + length
      const body = 2 + varintSize(this.count) + at - rest
      if (this.size + body + MAX_OVERHEAD > this.bytes.length) this.#grow(this.size + body + MAX_OVERHEAD)
      if (this.count === 0) this.timestamp = from.timestamp
      let to = writeVarint(this.bytes, this.size, body)
      this.bytes[to++] = 0 // attributes: none are defined
      this.bytes[to++] = 0 // timestamp delta
      to = writeVarint(this.bytes, to, this.count++)
      this.size = copy(from.bytes, rest, at, this.bytes, to)
    }
  }

  /**
   * Completes the header and the checksum. The result is a view of this writer's buffer (a new buffer if it
   * is compressed), valid until clear() or the next append().
   * @param codec as in the batch's attributes; 0 for none
   */
  finish({ producerId, producerEpoch, baseSequence, transactional }: Sender, codec: number): Buffer {
    let batch = this.bytes.subarray(0, this.size)
    if (codec !== 0) {
      const records = compress(codec, batch.subarray(AT.records))
      batch = Buffer.allocUnsafe(AT.records + records.length)
      records.copy(batch, AT.records)
    }
    writeInt64(batch, AT.baseOffset, 0)
    batch.writeInt32BE(batch.length - LENGTH_PREFIX, AT.batchLength)
    batch.writeInt32BE(-1, AT.leaderEpoch)
    batch[AT.magic] = MAGIC
    batch.writeInt16BE(codec | (transactional ? TRANSACTIONAL : 0), AT.attributes)
    batch.writeInt32BE(this.count - 1, AT.lastOffsetDelta)
    writeInt64(batch, AT.baseTimestamp, this.timestamp)
    writeInt64(batch, AT.maxTimestamp, this.timestamp)
    batch.writeBigInt64BE(producerId, AT.producerId)
    batch.writeInt16BE(producerEpoch, AT.producerEpoch)
    batch.writeInt32BE(baseSequence, AT.baseSequence)
    batch.writeInt32BE(this.count, AT.recordCount)
    batch.writeUInt32BE(crc32c(batch.subarray(AT.attributes)), AT.crc)
    return batch
  }

  clear(): void {
    this.size = AT.records
    this.count = 0
  }

  #grow(least: number): void {
    let capacity = this.bytes.length
    while (capacity < least) capacity *= 2
    const larger = Buffer.allocUnsafeSlow(capacity)
    this.bytes.copy(larger, 0, 0, this.size)
    this.bytes = larger
  }
}

/** Below this many bytes a loop beats the call into the runtime. */
const SHORT = 32

function copy(from: Buffer, start: number, end: number, to: Buffer, at: number): number {
  if (end - start > SHORT) return at + from.copy(to, at, start, end)
  while (start < end) to[at++] = from[start++]
  return at
}
