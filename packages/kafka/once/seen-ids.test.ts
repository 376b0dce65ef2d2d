import { expect, test } from 'vitest'
import { IdHashes, SeenIds } from './seen-ids.ts'

const hashes = new IdHashes()
const encoder = new TextEncoder()

/** Adds the ids as one batch. Returns for each whether it is a repetition. */
function addAll(ids: SeenIds, batch: readonly string[], offset: number): boolean[] {
  hashes.clear()
  for (const [record, id] of batch.entries()) {
    const bytes = encoder.encode(id)
    hashes.push(new DataView(bytes.buffer), 0, bytes.length, record)
  }
  const repeated = new Uint8Array(batch.length)
  const offsets = new Float64Array(batch.length).map((_, record) => offset + record)
  ids.addBatch(hashes, offsets, repeated)
  return Array.from(repeated, Boolean)
}

/** Adds the ids from one number to before another, in batches. Returns the number of repetitions. */
function addRange(ids: SeenIds, from: number, to: number, id: (offset: number) => string): number {
  let repeated = 0
  for (let first = from; first < to; first += 1000) {
    const batch = Array.from({ length: Math.min(1000, to - first) }, (_, i) => id(first + i))
    repeated += addAll(ids, batch, first).filter(Boolean).length
  }
  return repeated
}

const add = (ids: SeenIds, id: string, offset: number): boolean => addAll(ids, [id], offset)[0]

test('a repeated id is seen, however often it is repeated', () => {
  const ids = new SeenIds(100)
  expect([
    add(ids, 'a', 100),
    add(ids, 'b', 101),
    add(ids, 'a', 102),
    add(ids, 'a', 103),
    add(ids, 'c', 104),
  ]).toEqual([false, false, true, true, false])
  expect(ids.next).toBe(105)
})

test('an id from before the window is new, and a repetition within the window keeps it there', () => {
  const ids = new SeenIds(0)
  add(ids, 'a', 0)
  add(ids, 'b', 1)
  expect(add(ids, 'b', 10)).toBe(true)
  ids.expire(5)
  expect(add(ids, 'a', 11)).toBe(false)
  expect(add(ids, 'b', 12)).toBe(true)
})

test('redelivered records get the same verdicts as the first time', () => {
  const ids = new SeenIds(0)
  const log = ['a', 'b', 'a', 'c', 'a', 'b', 'd', 'd']
  const first = log.map((id, offset) => add(ids, id, offset))
  expect(first).toEqual([false, false, true, false, true, true, false, true])
  for (const from of [7, 4, 2, 6, 0, 5, 1]) {
    expect(ids.rewind(from)).toBe(true)
    expect(log.slice(from).map((id, i) => add(ids, id, from + i))).toEqual(first.slice(from))
  }
})

test('the ids behave like a set of strings, through growth, expiry and rewinds', () => {
  const ids = new SeenIds(0)
  const log: string[] = []
  let floor = 0
  const expected = (offset: number): boolean =>
    log.lastIndexOf(log[offset], offset - 1) >= floor &&
    offset > 0 &&
    log.slice(floor, offset).includes(log[offset])
  const verify = (offset: number): void => {
    if (add(ids, log[offset], offset) !== expected(offset)) throw new Error(`${log[offset]} at ${offset}`)
  }
  let random = 1
  const next = (): number => (random = (Math.imul(random, 1103515245) + 12345) >>> 0)
  for (let offset = 0; offset < 4000; offset++) {
    log[offset] = `record-${next() % 1500}`
    if (offset % 200 === 199) {
      floor = Math.max(floor, offset - 1200)
      ids.expire(floor)
    }
    verify(offset)
    if (offset % 777 === 776) {
      const back = offset - (next() % 100)
      expect(ids.rewind(back)).toBe(true)
      for (let again = back; again <= offset; again++) verify(again)
    }
  }
  expect(ids.bytes).toBeLessThan(1 << 20)
})

test('a hundred thousand ids take at most four megabytes, and expired ones none', () => {
  const ids = new SeenIds(0)
  const id = (offset: number): string => `id-${offset}`
  addRange(ids, 0, 100_000, id)
  expect(ids.bytes).toBeLessThan(4 << 20)
  ids.expire(99_000)
  for (let offset = 100_000; offset < 200_000; offset += 1000) {
    addRange(ids, offset, offset + 1000, id)
    ids.expire(offset)
  }
  expect(ids.bytes).toBeLessThan(200 << 10)
})

test('a hundred thousand repetitions can be rewound', () => {
  const ids = new SeenIds(0)
  add(ids, 'a', 0)
  expect(addRange(ids, 1, 100_000, () => 'a')).toBe(99_999)
  expect(ids.rewind(99_000)).toBe(true)
  expect(add(ids, 'a', 99_000)).toBe(true)
  expect(ids.rewind(0)).toBe(true)
  expect(add(ids, 'a', 0)).toBe(false)
})

test('a batch larger than a chunk of the log finds repetitions of itself and of earlier batches', () => {
  const ids = new SeenIds(0)
  const batch = Array.from({ length: 5000 }, (_, i) => `id-${i % 3000}`)
  expect(addAll(ids, batch, 0)).toEqual(batch.map((_, i) => i >= 3000))
  expect(addAll(ids, ['id-2999', 'new', 'id-0', 'new'], 5000)).toEqual([true, false, true, true])
  expect(ids.next).toBe(5004)
})

test('a record without an id may be between others with ids', () => {
  const ids = new SeenIds(0)
  hashes.clear()
  const view = new DataView(new TextEncoder().encode('aab').buffer)
  hashes.push(view, 0, 1, 0)
  hashes.push(view, 1, 2, 2)
  hashes.push(view, 2, 3, 3)
  const repeated = new Uint8Array(4)
  ids.addBatch(hashes, Float64Array.of(10, 11, 12, 13), repeated)
  expect([...repeated]).toEqual([0, 0, 1, 0])
  expect(ids.next).toBe(14)
})

test('a rewind forgets the ids from its offset on, since a recreated topic has other records there', () => {
  const ids = new SeenIds(0)
  for (const [offset, id] of ['a', 'b', 'c', 'd'].entries()) add(ids, id, offset)
  expect(ids.rewind(0)).toBe(true)
  expect(['d', 'x', 'c', 'y', 'b', 'a', 'd'].map((id, offset) => add(ids, id, offset))).toEqual([
    false,
    false,
    false,
    false,
    false,
    false,
    true,
  ])
})

test('a rewind to before the first record forgets everything', () => {
  const ids = new SeenIds(1000)
  add(ids, 'a', 1000)
  expect(ids.rewind(0)).toBe(false)
  ids.expire(1001)
  expect(ids.rewind(1000)).toBe(false)
})
