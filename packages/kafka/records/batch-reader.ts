/**
 * Reads the record batches of a fetch response (format v2) into columns over one buffer. Whatever the bytes
 * hold, the result is a batch or a KafkaError.
 */
import { crc32c } from '@node-rs/crc32'
import { KafkaError } from '../errors.ts'
import type { RecordBatch } from '../port.ts'
import { inflate, MAX_INFLATED } from './codecs.ts'
import {
  ABORT_MARKER,
  AT,
  CODEC_MASK,
  CONTROL,
  LENGTH_PREFIX,
  LOG_APPEND_TIME,
  MAGIC,
  MIN_RECORD,
  readInt64,
  TRANSACTIONAL,
} from './format.ts'
import { readRecords } from './record-reader.ts'
import { UnreadableBatch } from './unreadable-batch.ts'
import { readVarint, varint } from './varint.ts'

/** An aborted transaction in the fetched part of the partition, from the fetch response. */
export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: number
}

/** One partition's part of a fetch response. */
export interface FetchedRecords {
  readonly topic: string
  readonly partition: number
  /** The requested offset: records below it in the first batch are dropped. */
  readonly position: number
  /** Whole batches; the last one may be cut short and is then ignored. */
  readonly bytes: Buffer
  readonly aborted: readonly AbortedTransaction[]
  readonly endOffset: number
}

/** The records of one broker batch: `bytes` from `from` to `to`. */
interface Segment {
  /** The batch's position in the response. */
  readonly at: number
  readonly bytes: Buffer
  readonly from: number
  readonly to: number
  readonly baseOffset: number
  readonly lastOffsetDelta: number
  readonly baseTimestamp: number
  /** The broker's arrival time; -1 if each record has its own time. */
  readonly appendTime: number
  readonly count: number
}

/**
 * Merges all complete broker batches into one. Control batches and aborted transactions are left out, but
 * nextOffset is past them. Ends before a batch that cannot be read, and throws UnreadableBatch if that one
 * comes first: its bytes break the format, fail their checksum, or have a format before v2 or an unknown
 * codec.
 */
export function readBatches(fetched: FetchedRecords): RecordBatch {
  const { position, bytes, aborted } = fetched
  const abortedProducers = new Set<bigint>()
  const upcoming = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset)
  const segments: Segment[] = []
  let nextOffset = position
  let expected = 0
  let inflated = 0

  for (let at = 0; bytes.length - at > AT.magic; ) {
    try {
      const end = endOf(bytes, at)
      if (end > bytes.length) break
      const baseOffset = readInt64(bytes, at + AT.baseOffset)
      const lastOffsetDelta = bytes.readInt32BE(at + AT.lastOffsetDelta)
      const lastOffset = baseOffset + lastOffsetDelta
      if (!isSound(bytes, at)) throw new KafkaError('corrupt', 'it fails its checksum')
      if (baseOffset < expected || lastOffsetDelta < 0)
        throw new KafkaError('corrupt', 'its offsets are out of order')
      const attributes = bytes.readInt16BE(at + AT.attributes)

      // A transaction counts as aborted from its first offset on until its abort marker is met, as in the
      // Java client.
      while (upcoming.length > 0 && upcoming[0].firstOffset <= lastOffset) {
        abortedProducers.add(upcoming.shift()!.producerId)
      }
      const producerId = bytes.readBigInt64BE(at + AT.producerId)
      if (attributes & CONTROL) {
        if (isAbortMarker(bytes, at, end)) abortedProducers.delete(producerId)
      } else if (
        lastOffset >= position &&
        !(attributes & TRANSACTIONAL && abortedProducers.has(producerId))
      ) {
        const segment = segmentOf(bytes, at, end)
        if (segment.bytes !== bytes) inflated += segment.bytes.length
        if (inflated > MAX_INFLATED && segments.length > 0) break
        segments.push(segment)
      }
      expected = lastOffset + 1
      nextOffset = Math.max(nextOffset, lastOffset + 1)
      at = end
    } catch (error) {
      if (nextOffset > position) break
      throw unreadable(fetched, at, error as Error)
    }
  }
  return merge(fetched, segments, nextOffset)
}

/**
 * Returns where the batch ends, which is beyond the bytes if it is cut short. Throws if it is not a batch of
 * format v2.
 */
function endOf(bytes: Buffer, at: number): number {
  if (bytes[at + AT.magic] !== MAGIC)
    throw new KafkaError('unsupported', `it has format v${bytes[at + AT.magic]}`)
  const end = at + LENGTH_PREFIX + bytes.readInt32BE(at + AT.batchLength)
  if (end < at + AT.records) throw new KafkaError('corrupt', 'its length is impossible')
  return end
}

function segmentOf(bytes: Buffer, at: number, end: number): Segment {
  const attributes = bytes.readInt16BE(at + AT.attributes)
  const codec = attributes & CODEC_MASK
  const records = codec === 0 ? undefined : inflate(codec, bytes.subarray(at + AT.records, end))
  const segment = {
    at,
    bytes: records ?? bytes,
    from: records ? 0 : at + AT.records,
    to: records ? records.length : end,
    baseOffset: readInt64(bytes, at + AT.baseOffset),
    lastOffsetDelta: bytes.readInt32BE(at + AT.lastOffsetDelta),
    baseTimestamp: readInt64(bytes, at + AT.baseTimestamp),
    appendTime: attributes & LOG_APPEND_TIME ? readInt64(bytes, at + AT.maxTimestamp) : -1,
    count: bytes.readInt32BE(at + AT.recordCount),
  }
  const { count, from, to } = segment
  if (count < 0 || count > (to - from) / MIN_RECORD)
    throw new KafkaError('corrupt', `its record count is ${count}`)
  return segment
}

/**
 * Decides which offsets to skip. Neighbours must not be skipped with the batch, and its header may be damaged
 * as well. The next batch of the response bounds it; without one, the header is believed if it agrees with
 * itself and with the end of the log. Otherwise one offset is skipped: the broker returns the same batch for
 * the next one.
 */
function unreadable(fetched: FetchedRecords, at: number, error: Error): UnreadableBatch {
  const { topic, partition, position, bytes, endOffset } = fetched
  const baseOffset = readInt64(bytes, at + AT.baseOffset)
  const end = at + LENGTH_PREFIX + bytes.readInt32BE(at + AT.batchLength)
  const following = isSound(bytes, end) ? readInt64(bytes, end + AT.baseOffset) : undefined
  const claimed = baseOffset + offsetsOf(bytes, at)
  const believed = claimed > position && claimed <= (following ?? endOffset)
  const nextOffset = believed
    ? claimed
    : following !== undefined && following > position
      ? following
      : position + 1
  const firstOffset = baseOffset > position && baseOffset < nextOffset ? baseOffset : position
  return new UnreadableBatch({ topic, partition, firstOffset, nextOffset }, error)
}

/** How many offsets the header says the batch takes; 0 if it contradicts itself. */
function offsetsOf(bytes: Buffer, at: number): number {
  if (bytes[at + AT.magic] !== MAGIC) return 1 // v0 and v1 give the offset of a single record, or of the last one
  if (bytes.length - at < AT.records) return 0
  const offsets = bytes.readInt32BE(at + AT.lastOffsetDelta) + 1
  return isSound(bytes, at) || offsets === bytes.readInt32BE(at + AT.recordCount) ? offsets : 0
}

/** Whether a whole batch with the right checksum begins there. */
function isSound(bytes: Buffer, at: number): boolean {
  if (at < 0 || bytes.length - at < AT.records || bytes[at + AT.magic] !== MAGIC) return false
  const end = at + LENGTH_PREFIX + bytes.readInt32BE(at + AT.batchLength)
  if (end < at + AT.records || end > bytes.length) return false
  return crc32c(bytes.subarray(at + AT.attributes, end)) === bytes.readUInt32BE(at + AT.crc)
}

function isAbortMarker(bytes: Buffer, batch: number, end: number): boolean {
  const at = batch + AT.records
  if (end - at < MIN_RECORD) return false
  readVarint(bytes, at) // length
  readVarint(bytes, varint.next + 2) // offset delta, after attributes and a timestamp delta of one byte
  const keyLength = readVarint(bytes, varint.next)
  return keyLength >= 4 && varint.next + 4 <= end && bytes.readInt16BE(varint.next + 2) === ABORT_MARKER
}

function merge(fetched: FetchedRecords, segments: readonly Segment[], nextOffset: number): RecordBatch {
  const { topic, partition, position, endOffset } = fetched
  let most = 0
  for (const segment of segments) most += segment.count
  const columns = allocateColumns(most)
  const one = segments.every((segment) => segment.bytes === segments[0].bytes)
  const bytes =
    segments.length === 0
      ? EMPTY
      : one
        ? segments[0].bytes
        : Buffer.allocUnsafe(segments.reduce((sum, { from, to }) => sum + to - from, 0))
  let length = 0
  let copied = 0
  for (const segment of segments) {
    let { from, to } = segment
    if (!one) {
      segment.bytes.copy(bytes, copied, from, to)
      to = copied + to - from
      from = copied
      copied = to
    }
    try {
      length = readRecords(bytes, from, to, segment, position, columns, length)
    } catch (error) {
      if (segment.baseOffset <= position) throw unreadable(fetched, segment.at, error as Error)
      nextOffset = segment.baseOffset
      break
    }
  }
  return { topic, partition, length, bytes, ...columns, nextOffset, endOffset }
}

const EMPTY = Buffer.alloc(0)

export type Columns = Pick<
  RecordBatch,
  'offsets' | 'timestamps' | 'keyStart' | 'keyEnd' | 'valueStart' | 'valueEnd' | 'headersStart' | 'headersEnd'
>

/** One allocation for all columns of `count` records. */
export function allocateColumns(count: number): Columns {
  const memory = new ArrayBuffer(count * 40)
  const ints = (column: number): Int32Array => new Int32Array(memory, count * (16 + 4 * column), count)
  return {
    offsets: new Float64Array(memory, 0, count),
    timestamps: new Float64Array(memory, count * 8, count),
    keyStart: ints(0),
    keyEnd: ints(1),
    valueStart: ints(2),
    valueEnd: ints(3),
    headersStart: ints(4),
    headersEnd: ints(5),
  }
}
