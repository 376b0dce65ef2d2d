import { expect, test } from 'vitest'
import { isObject, isRawNumber, parseExactly } from './json.ts'
import { decimal } from './number.ts'

const again = (text: string): string => JSON.stringify(parseExactly(text))

test.each([
  '{"id":9007199254740993,"list":[9007199254740992,-12345678901234567890]}',
  '[0.12345678901234567]',
  '1795843663123456789',
  '[1e400,1e-400]',
  '[1.00000000000000000001,9007199254740990.6]',
  '"9007199254740993"',
  '[1,-0.5,1500]',
])('%s survives', (text) => {
  expect(again(text)).toBe(text)
})

test('numbers that JavaScript has exactly are numbers', () => {
  for (const text of [
    '[0,-1,9007199254740991,37.9902411234567,0.1]',
    '[1e21]',
    '["1234567890123456",1000000000000000]',
    '[7.000000000000000000]',
  ])
    expect(parseExactly(text)).toEqual(JSON.parse(text))
  expect(isRawNumber(parseExactly('9007199254740993'))).toBe(true)
  expect([{}, [], null, parseExactly('9007199254740993')].map(isObject)).toEqual([true, false, false, false])
  expect(() => parseExactly('{"a":1')).toThrow(SyntaxError)
})

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
