import { expect, test } from 'vitest'
import { decimal } from './number.ts'

test.each([
  ['12', 12],
  ['+0.5', 0.5],
  ['.5', 0.5],
  ['5.', 5],
  ['-1.5E3', -1500],
])('the text %s is a decimal number', (text, value) => expect(decimal(text)).toBe(value))

test.each(['', ' ', '0x10', '0b11', '1 ', '1_0', '1,5', 'Infinity', '1e999', 'e5', '.'])(
  'the text %j is not a decimal number',
  (text) => expect(decimal(text)).toBeNaN(),
)
