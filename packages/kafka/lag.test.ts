import { expect, test } from 'vitest'
import { lagOf, totalLag } from './lag.ts'

test.each([
  [{ startOffset: 0, position: 5, endOffset: 8 }, 3],
  [{ startOffset: 0, position: 8, endOffset: 8 }, 0],
  [{ startOffset: 3, position: -1, endOffset: 8 }, 5],
  [{ startOffset: 356, position: 333, endOffset: 356 }, 0],
  [{ startOffset: 0, position: 5, endOffset: -1 }, 0],
])('%o lags by %i', (reader, lag) => {
  expect(lagOf(reader)).toBe(lag)
  expect(
    totalLag([
      { topic: 't', partition: 0, ...reader },
      { topic: 't', partition: 1, ...reader },
    ]),
  ).toBe(2 * lag)
})
