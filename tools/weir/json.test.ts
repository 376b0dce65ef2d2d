import { expect, test } from 'vitest'
import { isObject, isRawNumber, parseExactly } from './json.ts'

const roundTrip = (text: string): string => JSON.stringify(parseExactly(text))

test.each([
  '{"id":9007199254740993,"list":[9007199254740992,-12345678901234567890]}',
  '[0.12345678901234567]',
  '1795843663123456789',
  '[1e400,1e-400]',
  '[1.00000000000000000001,9007199254740990.6]',
  '"9007199254740993"',
  '[1,-0.5,1500]',
])('the JSON %s is written as it was read', (text) => {
  expect(roundTrip(text)).toBe(text)
})

test('only numbers that would be rounded are kept as text', () => {
  for (const text of [
    '[0,-1,9007199254740991,37.9902411234567,0.1]',
    '[1e21]',
    '["1234567890123456",1000000000000000]',
    '[7.000000000000000000]',
  ])
    expect(parseExactly(text)).toEqual(JSON.parse(text))
  expect(isRawNumber(parseExactly('9007199254740993'))).toBe(true)
})

test('a truncated text is a SyntaxError', () => {
  expect(() => parseExactly('{"a":1')).toThrow(SyntaxError)
})

test('only objects are objects: not lists, null or numbers', () => {
  expect([{}, [], null, parseExactly('9007199254740993')].map(isObject)).toEqual([true, false, false, false])
})
