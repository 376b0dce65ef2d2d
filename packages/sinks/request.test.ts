import { expect, test } from 'vitest'
import { type Layout, Request } from './request.ts'
import { Settlement } from './settlement.ts'

const owner = new Settlement({ length: 100 }, new AbortController().signal)
const text = (n: number) => `${n} ${'漢字'.repeat(n % 4)}\n`

/** Lines of text. */
const layout: Layout<string> = {
  bytes: (line) => Buffer.byteLength(line),
  maxBytes: (line) => 3 * line.length,
  write: (line, into, at) => at + into.write(line, at),
}

function filled(count: number): Request<string> {
  const request = new Request(layout, 100_000, 50)
  for (let n = 0; n < count; n++) expect(request.add(text(n), owner, 1000 + n)).toBe(true)
  return request
}

const all = (places: readonly number[]) => places.map(text).join('')

test('a request holds its items one after the other', () => {
  const request = filled(5)
  expect(request.body().toString()).toBe(all([0, 1, 2, 3, 4]))
  expect(request.item(3).toString()).toBe(text(3))
})

test('a request keeps the items to be repeated, byte for byte, several times over', () => {
  const request = filled(10)
  request.keep([0, 3, 4, 9])
  expect(request.body().toString()).toBe(all([0, 3, 4, 9]))
  expect(Array.from(request.records.subarray(0, request.count))).toEqual([1000, 1003, 1004, 1009])
  request.keep([1, 3])
  expect(request.body().toString()).toBe(all([3, 9]))
  request.keep([])
  expect([request.count, request.length, request.owners.length]).toEqual([0, 0, 0])
})

test('a request is halved into two that together equal it', () => {
  const request = filled(7)
  const whole = request.body().toString()
  const other = new Request(layout, 100_000, 50)
  request.splitInto(other)
  expect([request.count, other.count]).toEqual([3, 4])
  expect(request.body().toString() + other.body().toString()).toBe(whole)
  expect(other.records[0]).toBe(1003)
})

test('a request accepts items up to its last byte', () => {
  const size = layout.bytes(text(3))
  const request = new Request(layout, 2 * size, 50)
  expect(request.add(text(3), owner, 0)).toBe(true)
  expect(request.add(text(3), owner, 1)).toBe(true)
  expect(request.add(text(0), owner, 2)).toBe(false)
  expect(request.length).toBe(2 * size)
  expect(new Request(layout, 2 * size - 1, 50).add(text(3), owner, 0)).toBe(true)
  expect(new Request(layout, size - 1, 50).add(text(3), owner, 0)).toBe(false)
})

test('a request accepts as many items as it was made for', () => {
  const request = new Request(layout, 100_000, 2)
  expect([0, 1, 2].map((n) => request.add(text(n), owner, n))).toEqual([true, true, false])
  request.clear()
  expect(request.add(text(5), owner, 5)).toBe(true)
  expect(request.body().toString()).toBe(text(5))
})
