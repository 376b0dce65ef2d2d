import { expect, test } from 'vitest'
import { parseSequenceNumber, SequenceNumbers } from './sequence-number.ts'

test.each([1, 2, 3, 77, 100_000])('generation %i: what is formatted is the sum, grows, and is read back', (generation) => {
  const numbers = new SequenceNumbers(generation)
  let last = -1n
  for (const offset of [0, 1, 2, 999_999_999_999, 1_000_000_000_000, 290_448_384_000, 290_448_384_001, 2 ** 40, 2 ** 52, Number.MAX_SAFE_INTEGER].sort((a, b) => a - b)) {
    const text = numbers.at(offset)
    expect(BigInt(text)).toBe((BigInt(generation) << 64n) + BigInt(offset))
    expect(BigInt(text) > last).toBe(true)
    last = BigInt(text)
    expect(parseSequenceNumber(text)).toEqual({ generation, offset })
    expect(parseSequenceNumber(numbers.before(offset))).toEqual({ generation, offset: offset - 1 })
  }
})

test.each(['', '-1', '01', '1.5', 'x', `1${'0'.repeat(129)}`, '9'.repeat(129)])('%j is none', (text) => {
  expect(parseSequenceNumber(text)).toBeUndefined()
})
