import { expect, test } from 'vitest'
import { randomText } from './random.ts'

test('texts have all their bytes and never come again, also when the pool is filled anew', () => {
  const texts = Array.from({ length: 1000 }, () => randomText(72, 'base64'))
  expect(new Set(texts).size).toBe(1000)
  for (const text of texts) expect(Buffer.from(text, 'base64')).toHaveLength(72)
  expect(randomText(4096, 'hex')).toHaveLength(8192)
  expect(randomText(8, 'hex')).toMatch(/^[0-9a-f]{16}$/)
})
