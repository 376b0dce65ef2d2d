import type { RecordBatch } from '@weir/kafka'
import { newStream } from '@weir/streams'
import { Serving } from '@weir/streams/serving.ts'
import { expect, test } from 'vitest'
import { recordsOf } from './reading.ts'

const MIB = 1 << 20
const options = {
  name: 's',
  mode: 'PROVISIONED' as const,
  shards: 1,
  maxRecordKiB: 10240,
  tags: {},
  external: false,
}
const serving = new Serving(newStream(options, Date.now()))
const [shard] = serving.stream.shards

/** Records whose keys have one MiB each. */
function batchOf(...dataMebibytes: number[]): RecordBatch {
  const { length } = dataMebibytes
  const starts: number[] = []
  const ends: number[] = []
  for (const [i, size] of dataMebibytes.entries()) {
    starts.push(ends[i - 1] ?? 0)
    ends.push(starts[i] + (size + 1) * MIB)
  }
  const keyEnds = Int32Array.from(starts, (start) => start + MIB)
  const valueEnd = Int32Array.from(ends)
  return {
    topic: 'stream.s',
    partition: 0,
    length,
    nextOffset: length,
    endOffset: length,
    bytes: Buffer.alloc(ends.at(-1)!),
    offsets: Float64Array.from(dataMebibytes.keys()),
    timestamps: new Float64Array(length),
    keyStart: Int32Array.from(starts),
    keyEnd: keyEnds,
    valueStart: keyEnds,
    valueEnd,
    headersStart: valueEnd,
    headersEnd: valueEnd,
  }
}

test('an answer has at most 10 MiB including keys, or a single record, and the next answer continues after it', () => {
  const batch = batchOf(4, 4, 4, 10, 0)
  const pages: [count: number, next: number][] = []
  for (let first = 0; first < batch.length; ) {
    const { records, next } = recordsOf(batch, serving, shard, 10_000, first)
    pages.push([records.length, next])
    first += records.length
  }
  expect(pages).toEqual([
    [2, 2],
    [1, 3],
    [1, 4],
    [1, 5],
  ])
})

test('an answer has at most the requested number of records, and none beyond the end of the shard', () => {
  const batch = batchOf(0, 0, 0)
  expect(recordsOf(batch, serving, shard, 2)).toMatchObject({ records: { length: 2 }, next: 2 })
  expect(recordsOf(batch, serving, { ...shard, to: 1 }, 10)).toMatchObject({
    records: { length: 1 },
    next: 1,
  })
})
