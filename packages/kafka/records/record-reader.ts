/**
 * Reads the records inside a broker batch. Every length is checked here once, so that code which reads the
 * columns or the headers needs no checks.
 */
import type { Columns } from './batch-reader.ts'
import { readVarint, readVarlong, varint } from './varint.ts'

interface Head {
  readonly baseOffset: number
  readonly lastOffsetDelta: number
  readonly baseTimestamp: number
  readonly appendTime: number
  readonly count: number
}

/**
 * Appends the records of `bytes[at, end)` to `columns` from `row` on, leaving out those below `position`.
 * Returns the row after the last one. Throws a RangeError for records that break the format.
 */
export function readRecords(
  bytes: Buffer,
  at: number,
  end: number,
  head: Head,
  position: number,
  columns: Columns,
  row: number,
): number {
  const { offsets, timestamps, keyStart, keyEnd, valueStart, valueEnd, headersStart, headersEnd } = columns
  const { baseOffset, lastOffsetDelta, baseTimestamp, appendTime } = head
  let least = 0
  for (let left = head.count; left > 0; left--) {
    const length = readVarint(bytes, at)
    const recordEnd = varint.next + length
    if (length < 0 || recordEnd > end) throw new RangeError('a record is longer than its batch')
    at = varint.next + 1 // after the attributes, of which none are defined

    // The delta takes one byte in nearly every batch, since a producer writes a batch within milliseconds.
    let timestampDelta: number
    if (bytes[at] < 0x80) {
      timestampDelta = (bytes[at] >>> 1) ^ -(bytes[at] & 1)
      at++
    } else {
      timestampDelta = readVarlong(bytes, at)
      at = varint.next
    }
    const offsetDelta = readVarint(bytes, at)
    if (offsetDelta < least || offsetDelta > lastOffsetDelta) throw new RangeError('offsets are not in order')
    least = offsetDelta + 1

    const keyLength = readVarint(bytes, varint.next)
    const keyAt = varint.next
    const keyStop = keyAt + Math.max(keyLength, 0)
    if (keyLength < -1 || keyStop >= recordEnd) throw new RangeError('a key is longer than its record')
    const valueLength = readVarint(bytes, keyStop)
    const valueAt = varint.next
    const valueStop = valueAt + Math.max(valueLength, 0)
    if (valueLength < -1 || valueStop >= recordEnd) throw new RangeError('a value is longer than its record')
    checkHeaders(bytes, valueStop, recordEnd)
    at = recordEnd

    if (baseOffset + offsetDelta < position) continue
    offsets[row] = baseOffset + offsetDelta
    timestamps[row] = appendTime >= 0 ? appendTime : baseTimestamp + timestampDelta
    keyStart[row] = keyLength < 0 ? -1 : keyAt
    keyEnd[row] = keyLength < 0 ? -1 : keyStop
    valueStart[row] = valueLength < 0 ? -1 : valueAt
    valueEnd[row] = valueLength < 0 ? -1 : valueStop
    headersStart[row] = valueStop
    headersEnd[row] = recordEnd
    row++
  }
  if (at !== end) throw new RangeError('bytes follow the last record')
  return row
}

function checkHeaders(bytes: Buffer, at: number, end: number): void {
  let count = readVarint(bytes, at)
  at = varint.next
  if (count < 0 || count > end - at) throw new RangeError('more headers than bytes')
  while (count-- > 0) {
    const nameLength = readVarint(bytes, at)
    at = varint.next + nameLength
    if (nameLength < 0 || at >= end) throw new RangeError('a header name is longer than its record')
    const valueLength = readVarint(bytes, at)
    at = varint.next + Math.max(valueLength, 0)
    if (valueLength < -1 || at > end) throw new RangeError('a header value is longer than its record')
  }
  if (at !== end) throw new RangeError('bytes follow the headers')
}
