import { expect, test } from 'vitest'
import { backOff } from './back-off.ts'

test('pauses double from 100 ms to 10 s, and are randomized', () => {
  for (const [n, most] of [
    [1, 100],
    [2, 200],
    [7, 6400],
    [8, 10_000],
    [1000, 10_000],
  ]) {
    const pauses = Array.from({ length: 100 }, () => backOff(n))
    expect(Math.max(...pauses)).toBeLessThanOrEqual(most)
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(most * 0.75)
    expect(new Set(pauses).size).toBeGreaterThan(50)
  }
})
