import { expect, test } from 'vitest'
import { Admission } from './admission.ts'

const MB = 1_000_000
const REQUEST = 16 << 10

function known(admission: Admission, client: string) {
  const lease = admission.lease()
  return lease.identify(client) ? lease : undefined
}

test('memory of requests and memory kept elsewhere are bounded together, and released', () => {
  let elsewhere = 0
  const admission = new Admission(10 * MB, () => elsewhere)
  const lease = known(admission, 'fleet')!
  expect(lease.cover(5 * MB)).toBe(true)
  elsewhere = 4 * MB
  expect(known(admission, 'shop')!.cover(5 * MB)).toBe(false)
  expect(lease.cover(6 * MB)).toBe(false)
  expect(admission.usedBytes).toBe(9 * MB + 2 * REQUEST)
  expect(lease.cover(1 * MB)).toBe(true)
  expect(admission.usedBytes).toBe(5 * MB + 2 * REQUEST)
  lease.release()
  elsewhere = 0
  expect(admission.usedBytes).toBe(REQUEST)
})

test('a single client gets three quarters, and leaves room for another one', () => {
  const admission = new Admission(16 * MB)
  const greedy = Array.from({ length: 1000 }, () => known(admission, 'greedy'))
  for (const lease of greedy) if (lease?.cover(100_000) === false) lease.release()
  expect(admission.usedBytes).toBeGreaterThan(11.8 * MB)
  expect(admission.usedBytes).toBeLessThanOrEqual(12 * MB)
  const other = known(admission, 'other')!
  expect(other.cover(2.9 * MB)).toBe(true)
  expect(known(admission, 'third')!.cover(700_000)).toBe(true)
  for (const lease of greedy) lease?.release()
  expect(other.cover(8 * MB)).toBe(true)
})

test('unknown clients share a small budget of their own, and use none of the common one', () => {
  const admission = new Admission(8 * MB)
  const leases = Array.from({ length: 1000 }, () => admission.lease())
  const admitted = leases.filter((lease) => lease.cover(64 << 10))
  expect(admitted.length).toBe(Math.floor((4 << 20) / ((64 << 10) + REQUEST)))
  expect(admission.usedBytes).toBe(0)
  expect(known(admission, 'fleet')!.cover(5 * MB)).toBe(true)
  // A client that shows its key afterwards frees that room for others.
  expect(admitted[0].identify('fleet')).toBe(true)
  expect(admission.lease().cover(64 << 10)).toBe(true)
})

test('a reader gets as many bytes as there is room for', () => {
  const admission = new Admission(16 * MB)
  const first = known(admission, 'reader')!
  expect(first.coverUpTo(20 * MB, 100_000)).toBe((3 / 4) * (12 * MB - REQUEST))
  // The client's own small requests are served meanwhile.
  expect(known(admission, 'reader')!.cover(1 * MB)).toBe(true)
  const other = known(admission, 'other')!
  expect(other.coverUpTo(100_000, 50_000)).toBe(100_000)
  expect(other.coverUpTo(20 * MB, 5 * MB)).toBe(0)
  first.cover(10)
  expect(first.coverUpTo(1 * MB, 100_000)).toBe(1 * MB)
})

test('a released lease gets no more memory', () => {
  const admission = new Admission(16 * MB)
  for (const lease of [known(admission, 'fleet')!, admission.lease()]) {
    lease.release()
    expect([lease.cover(0), lease.cover(1 * MB), lease.coverUpTo(1 * MB, 1), lease.identify('shop')]).toEqual(
      [false, false, 0, false],
    )
    lease.release()
  }
  expect(admission.usedBytes).toBe(0)
})
