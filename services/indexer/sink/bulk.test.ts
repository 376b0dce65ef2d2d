import { expect, test } from 'vitest'
import { actionOf, Bulk, lineBytes } from './bulk.ts'
import { Settlement } from './settlement.ts'

const owner = new Settlement({ length: 100 }, new AbortController().signal)
const action = actionOf('taxi-2026.11.22')
const id = (n: number) => JSON.stringify(`id-${n}`)
const document = (n: number) => JSON.stringify({ n, text: '漢字'.repeat(n % 4) })
const line = (n: number) => `${action}${id(n)}}}\n${document(n)}\n`

function filled(count: number): Bulk {
  const bulk = new Bulk(100_000, 50)
  for (let n = 0; n < count; n++) expect(bulk.add(action, id(n), document(n), owner, 1000 + n)).toBe(true)
  return bulk
}

const all = (places: readonly number[]) => places.map(line).join('')

test('is NDJSON, two lines a document', () => {
  const bulk = filled(5)
  expect(bulk.body().toString()).toBe(all([0, 1, 2, 3, 4]))
  const [first, second] = bulk.body().toString().split('\n')
  expect(JSON.parse(first)).toEqual({ create: { _index: 'taxi-2026.11.22', _id: 'id-0' } })
  expect(JSON.parse(second)).toEqual({ n: 0, text: '' })
})

test('keeps the documents that must be repeated, byte for byte, again and again', () => {
  const bulk = filled(10)
  bulk.keep([0, 3, 4, 9])
  expect(bulk.body().toString()).toBe(all([0, 3, 4, 9]))
  expect(Array.from(bulk.records.subarray(0, bulk.count))).toEqual([1000, 1003, 1004, 1009])
  bulk.keep([1, 3])
  expect(bulk.body().toString()).toBe(all([3, 9]))
  bulk.keep([])
  expect([bulk.count, bulk.length, bulk.owners.length]).toEqual([0, 0, 0])
})

test('halves into two requests that are the first one together', () => {
  const bulk = filled(7)
  const whole = bulk.body().toString()
  const other = new Bulk(100_000, 50)
  bulk.splitInto(other)
  expect([bulk.count, other.count]).toEqual([3, 4])
  expect(bulk.body().toString() + other.body().toString()).toBe(whole)
  expect(other.records[0]).toBe(1003)
})

test('takes what fits to the last byte, and no more', () => {
  const size = lineBytes(action, id(3), document(3))
  const bulk = new Bulk(2 * size, 50)
  expect(bulk.add(action, id(3), document(3), owner, 0)).toBe(true)
  expect(bulk.add(action, id(3), document(3), owner, 1)).toBe(true)
  expect(bulk.add(action, id(0), document(0), owner, 2)).toBe(false)
  expect(bulk.length).toBe(2 * size)
  expect(new Bulk(2 * size - 1, 50).add(action, id(3), document(3), owner, 0)).toBe(true)
  expect(new Bulk(size - 1, 50).add(action, id(3), document(3), owner, 0)).toBe(false)
})

test('takes as many documents as it was made for', () => {
  const bulk = new Bulk(100_000, 2)
  expect([0, 1, 2].map((n) => bulk.add(action, id(n), document(n), owner, n))).toEqual([true, true, false])
  bulk.clear()
  expect(bulk.add(action, id(5), document(5), owner, 5)).toBe(true)
  expect(bulk.body().toString()).toBe(line(5))
})
