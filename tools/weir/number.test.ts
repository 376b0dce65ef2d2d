import { expect, test } from 'vitest'
import { decimal } from './number.ts'

test.each([
  ['12', 12],
  ['+0.5', 0.5],
  ['.5', 0.5],
  ['5.', 5],
  ['-1.5E3', -1500],
])('%s is decimal', (text, value) => expect(decimal(text)).toBe(value))

test.each(['', ' ', '0x10', '0b11', '1 ', '1_0', '1,5', 'Infinity', '1e999', 'e5', '.'])(
  '%j is not decimal',
  (text) => expect(decimal(text)).toBeNaN(),
)
