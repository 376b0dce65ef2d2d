import { expect, test } from 'vitest'
import { readBatches } from '../../records/batch-reader.ts'
import { BatchWriter } from '../../records/batch-writer.ts'
import { encodeHeaders, NO_HEADERS } from '../../records/headers.ts'
import { type Batch, part } from './batch.ts'
import type { OpenDelivery } from './delivery.ts'

const [first, second] = [{ name: 'first' }, { name: 'second' }] as unknown as OpenDelivery[]
const HEADERS = encodeHeaders({ 'weir-id': 'x' })

/**
 * Six records: two of the first delivery, three of the second, one of the first; the fourth is a tombstone
 * without key.
 */
function sixRecords(): Batch {
  const writer = new BatchWriter()
  for (let i = 0; i < 6; i++) {
    const bytes = Buffer.from(`k${i}v${i}`)
    if (i === 3) writer.append(null, 0, 0, null, 0, 0, NO_HEADERS, 0, 1)
    else writer.append(bytes, 0, 2, bytes, 2, 4, HEADERS, 0, HEADERS.length)
  }
  return {
    writer,
    segments: [
      { delivery: first, fromIndex: 10, count: 2 },
      { delivery: second, fromIndex: 0, count: 3 },
      { delivery: first, fromIndex: 12, count: 1 },
    ],
  }
}

function contents({ writer }: Batch): string[] {
  const bytes = writer.finish({ producerId: 1n, producerEpoch: 0, baseSequence: 0, transactional: false }, 0)
  const batch = readBatches({ topic: 't', partition: 0, position: 0, bytes, aborted: [], endOffset: 100 })
  return Array.from(
    { length: batch.length },
    (_, i) =>
      `${batch.offsets[i]} ${batch.keyStart[i] < 0 ? 'null' : batch.bytes.toString('latin1', batch.keyStart[i], batch.keyEnd[i])} ${batch.valueStart[i] < 0 ? 'null' : batch.bytes.toString('latin1', batch.valueStart[i], batch.valueEnd[i])} ${batch.headersEnd[i] - batch.headersStart[i]}`,
  )
}

test('halves keep their records whole, and say whose they are', () => {
  const [left, right] = [part(sixRecords(), 0, 3, () => true), part(sixRecords(), 3, 6, () => true)]
  expect(contents(left)).toEqual([
    `0 k0 v0 ${HEADERS.length}`,
    `1 k1 v1 ${HEADERS.length}`,
    `2 k2 v2 ${HEADERS.length}`,
  ])
  expect(contents(right)).toEqual(['0 null null 1', `1 k4 v4 ${HEADERS.length}`, `2 k5 v5 ${HEADERS.length}`])
  expect(left.segments).toEqual([
    { delivery: first, fromIndex: 10, count: 2 },
    { delivery: second, fromIndex: 0, count: 1 },
  ])
  expect(right.segments).toEqual([
    { delivery: second, fromIndex: 1, count: 2 },
    { delivery: first, fromIndex: 12, count: 1 },
  ])
})

test('the records of a delivery that failed are left out', () => {
  const rest = part(sixRecords(), 0, 6, ({ delivery }) => delivery !== first)
  expect(contents(rest)).toEqual([`0 k2 v2 ${HEADERS.length}`, '1 null null 1', `2 k4 v4 ${HEADERS.length}`])
  expect(rest.segments).toEqual([{ delivery: second, fromIndex: 0, count: 3 }])
})
