import { expect, test } from 'vitest'
import { plainLine, plainLines } from './plain.ts'

test('a terminal does not obey what text of others says', () => {
  expect(plainLine('a\u001b[31mred\nb\u009b2J\u202e')).toBe('a\\x1b[31mred\\x0ab\\x9b2J\\u202e')
  expect(plainLines('a\tb\nc\r\u0007')).toBe('a\tb\nc\\x0d\\x07')
  expect(plainLine('é 🚕 \\x1b')).toBe('é 🚕 \\x1b')
})
