import type { RecordBatch } from '@weir/kafka'
import { newStream } from '@weir/streams'
import { Serving } from '@weir/streams/serving.ts'
import { expect, test } from 'vitest'
import { recordsOf } from './reading.ts'

const MIB = 1 << 20
const serving = new Serving(newStream({ name: 's', mode: 'PROVISIONED', shards: 1, maxRecordKiB: 10240, tags: {}, external: false }, Date.now()))
const [shard] = serving.stream.shards

/** Records with a key of one MiB and data of so many more, one after the other. */
function batchOf(...mebibytes: number[]): RecordBatch {
  const ends = mebibytes.map((_, i) => mebibytes.slice(0, i + 1).reduce((sum, size) => sum + (size + 1) * MIB, 0))
  const starts = ends.map((end, i) => end - (mebibytes[i] + 1) * MIB)
  const keyEnds = starts.map((start) => start + MIB)
  return {
    topic: 'stream.s', partition: 0, length: mebibytes.length, bytes: Buffer.alloc(ends.at(-1) ?? 0), nextOffset: mebibytes.length, endOffset: mebibytes.length,
    offsets: Float64Array.from(mebibytes.keys()), timestamps: new Float64Array(mebibytes.length), keyStart: Int32Array.from(starts), keyEnd: Int32Array.from(keyEnds),
    valueStart: Int32Array.from(keyEnds), valueEnd: Int32Array.from(ends), headersStart: Int32Array.from(ends), headersEnd: Int32Array.from(ends),
  }
}

test('an answer has 10 MiB with its keys, or one record, and the next one goes on behind it', () => {
  const batch = batchOf(4, 4, 4, 10, 0)
  const pages: [count: number, next: number][] = []
  for (let first = 0; first < batch.length;) {
    const { records, next } = recordsOf(batch, serving, shard, 10_000, first)
    pages.push([records.length, next])
    first += records.length
  }
  expect(pages).toEqual([[2, 2], [1, 3], [1, 4], [1, 5]])
})

test('no more records than asked for, and none behind the end of the shard', () => {
  const batch = batchOf(0, 0, 0)
  expect(recordsOf(batch, serving, shard, 2)).toMatchObject({ records: { length: 2 }, next: 2 })
  expect(recordsOf(batch, serving, { ...shard, to: 1 }, 10)).toMatchObject({ records: { length: 1 }, next: 1 })
})
