/**
 * Record batches, format v2 (Kafka protocol guide, "Record Batch"): the positions of the fields in the
 * 61-byte header.
 */
export const AT = {
  baseOffset: 0,
  /** Bytes that follow this field. */
  batchLength: 8,
  leaderEpoch: 12,
  magic: 16,
  /** CRC32C of everything from `attributes` on. */
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
  records: 61,
} as const

/** The bytes before those that `batchLength` counts. */
export const LENGTH_PREFIX = 12
export const MAGIC = 2

/** Bits of `attributes`. */
export const CODEC_MASK = 0x07
export const LOG_APPEND_TIME = 0x08
export const TRANSACTIONAL = 0x10
export const CONTROL = 0x20

/**
 * The bytes of the shortest record: length, attributes, timestamp delta, offset delta, key length, value
 * length and header count of one byte each.
 */
export const MIN_RECORD = 7

/**
 * The type of an abort marker. The key of a control batch's first record is a version, then type 0 for an
 * abort marker or 1 for a commit marker.
 */
export const ABORT_MARKER = 0

/** Reads a signed 64-bit number; exact below 2^53. */
export function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 4294967296 + bytes.readUInt32BE(at + 4)
}

export function writeInt64(bytes: Buffer, at: number, value: number): void {
  bytes.writeInt32BE(Math.floor(value / 4294967296), at)
  bytes.writeUInt32BE(value >>> 0, at + 4)
}

/** Lengths, deltas and attributes of a record, and what a codec may add to bytes that do not compress. */
const BESIDE_BYTES = 1024

/**
 * The most bytes that key, value and headers of one record may have together, so that a batch of this record
 * alone is within max.message.bytes.
 */
export function maxRecordBytes(maxBatchBytes: number): number {
  return maxBatchBytes - AT.records - BESIDE_BYTES
}
