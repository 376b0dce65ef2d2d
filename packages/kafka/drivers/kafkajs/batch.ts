/** Records of several deliveries that go to one partition together. */
import { BatchWriter } from '../../records/batch-writer.ts'
import { AT } from '../../records/format.ts'
import { readVarint, varint } from '../../records/varint.ts'
import type { OpenDelivery } from './delivery.ts'

/** Consecutive records of one delivery. */
export interface Segment {
  readonly delivery: OpenDelivery
  /** Index of the first of them among the delivery's records to that partition. */
  readonly fromIndex: number
  count: number
}

export interface Batch {
  readonly writer: BatchWriter
  readonly segments: readonly Segment[]
}

/**
 * Copies the batch's records from index `from` up to, but not including, `to`. Leaves out segments that
 * `keep` rejects.
 */
export function part(
  { writer, segments }: Batch,
  from: number,
  to: number,
  keep: (segment: Segment) => boolean,
): Batch {
  const copy = new BatchWriter()
  const kept: Segment[] = []
  const { bytes } = writer
  let at: number = AT.records
  let number = 0
  for (const segment of segments) {
    const { delivery, fromIndex } = segment
    let target: Segment | undefined
    const wanted = keep(segment)
    for (let i = 0; i < segment.count; i++, number++) {
      const length = readVarint(bytes, at)
      const end = varint.next + length
      if (wanted && number >= from && number < to) {
        if (target === undefined) kept.push((target = { delivery, fromIndex: fromIndex + i, count: 0 }))
        target.count++
        copyRecord(bytes, varint.next, end, copy)
      }
      at = end
    }
  }
  return { writer: copy, segments: kept }
}

/** `at` is the position of the record's attributes. */
function copyRecord(bytes: Buffer, at: number, end: number, to: BatchWriter): void {
  readVarint(bytes, at + 2) // offset delta, after attributes and a timestamp delta of one byte
  const keyLength = readVarint(bytes, varint.next)
  const keyStart = varint.next
  const keyEnd = keyStart + Math.max(keyLength, 0)
  const valueLength = readVarint(bytes, keyEnd)
  const valueStart = varint.next
  const valueEnd = valueStart + Math.max(valueLength, 0)
  to.append(
    keyLength < 0 ? null : bytes,
    keyStart,
    keyEnd,
    valueLength < 0 ? null : bytes,
    valueStart,
    valueEnd,
    bytes,
    valueEnd,
    end,
  )
}
