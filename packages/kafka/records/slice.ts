/** Cuts and joins record batches without touching single records. */
import type { RecordBatch } from '../port.ts'
import { allocateColumns } from './batch-reader.ts'

/** The first `count` records; a view. Its nextOffset is the offset of the record that follows. */
export function head(batch: RecordBatch, count: number): RecordBatch {
  return cut(batch, 0, count, batch.offsets[count])
}

/** The records after the first `count`; a view. */
export function tail(batch: RecordBatch, count: number): RecordBatch {
  return cut(batch, count, batch.length, batch.nextOffset)
}

function cut(batch: RecordBatch, from: number, to: number, nextOffset: number): RecordBatch {
  const { topic, partition, bytes, endOffset } = batch
  return {
    topic,
    partition,
    bytes,
    endOffset,
    nextOffset,
    length: to - from,
    offsets: batch.offsets.subarray(from, to),
    timestamps: batch.timestamps.subarray(from, to),
    keyStart: batch.keyStart.subarray(from, to),
    keyEnd: batch.keyEnd.subarray(from, to),
    valueStart: batch.valueStart.subarray(from, to),
    valueEnd: batch.valueEnd.subarray(from, to),
    headersStart: batch.headersStart.subarray(from, to),
    headersEnd: batch.headersEnd.subarray(from, to),
  }
}

/** Joins successive batches of one partition into one batch, copied into one buffer. */
export function join(batches: readonly RecordBatch[]): RecordBatch {
  const last = batches[batches.length - 1]
  if (batches.length === 1) return last
  let length = 0
  for (const batch of batches) length += batch.length
  const bytes = Buffer.concat(batches.map((batch) => batch.bytes))
  const columns = allocateColumns(length)
  let row = 0
  let shift = 0
  for (const batch of batches) {
    columns.offsets.set(batch.offsets.subarray(0, batch.length), row)
    columns.timestamps.set(batch.timestamps.subarray(0, batch.length), row)
    for (let i = 0; i < batch.length; i++, row++) {
      const hasKey = batch.keyStart[i] >= 0
      const hasValue = batch.valueStart[i] >= 0
      columns.keyStart[row] = hasKey ? batch.keyStart[i] + shift : -1
      columns.keyEnd[row] = hasKey ? batch.keyEnd[i] + shift : -1
      columns.valueStart[row] = hasValue ? batch.valueStart[i] + shift : -1
      columns.valueEnd[row] = hasValue ? batch.valueEnd[i] + shift : -1
      columns.headersStart[row] = batch.headersStart[i] + shift
      columns.headersEnd[row] = batch.headersEnd[i] + shift
    }
    shift += batch.bytes.length
  }
  return { ...last, length, bytes, ...columns }
}
