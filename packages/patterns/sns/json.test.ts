import { describe, expect, test } from 'vitest'
import { FilterPolicyError } from '../errors.ts'
import { type Json, type JsonNumber, MAX_NESTING, parseJson } from './json.ts'

const HIDDEN = '[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)'
const VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"

function plain(json: Json): unknown {
  if (json instanceof Map) return Object.fromEntries([...json].map(([name, value]) => [name, plain(value)]))
  if (Array.isArray(json)) return json.map(plain)
  return typeof json === 'object' && json !== null ? (json as JsonNumber).value : json
}

test.each([
  '{}',
  '[]',
  ' { "a" : [ 1 , -2.5e3 , 0 , 1E+2 , true , false , null ] , "b" : { "c" : "" } } ',
  String.raw`["\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é😀"]`,
  '\t\r\n"text"',
  '{"a":1,"b":2,"a":3}',
])('%s is read as by JSON.parse', (text) => {
  expect(plain(parseJson(text))).toEqual(JSON.parse(text))
})

test('names keep their order, numbers their text', () => {
  const json = parseJson('{"b":1.50,"2":0,"1":-0}') as ReadonlyMap<string, JsonNumber>
  expect([...json].map(([name, { text }]) => [name, text])).toEqual([
    ['b', '1.50'],
    ['2', '0'],
    ['1', '-0'],
  ])
})

describe('the error says what is wrong, and where', () => {
  test.each<[text: string, problem: string, line: number, column: number]>([
    ['invalid-json', `Unrecognized token 'invalid': was expecting ${VALUES}`, 1, 8],
    [
      "{invalid: 'x'}",
      "Unexpected character ('i' (code 105)): was expecting double-quote to start field name",
      1,
      2,
    ],
    ['', 'No content to map due to end-of-input', 1, 1],
    ['{"a":\n[1,]}', `Unexpected character (']' (code 93)): expected a valid value ${VALUES}`, 2, 4],
    [
      '{"a" 1}',
      "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value",
      1,
      6,
    ],
    ['[1 2]', "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries", 1, 4],
    ['["x', 'Unexpected end-of-input: was expecting closing quote for a string value', 1, 4],
    ['{"a"', 'Unexpected end-of-input within/between Object entries', 1, 5],
    [
      '{"a":[1',
      `Unexpected end-of-input: expected close marker for Array (start marker at ${HIDDEN}; line: 1, column: 6])`,
      1,
      8,
    ],
    [
      '{"a":[1}',
      `Unexpected close marker '}': expected ']' (for Array starting at ${HIDDEN}; line: 1, column: 6])`,
      1,
      8,
    ],
  ])('%j', (text, problem, line, column) => {
    expect(() => parseJson(text)).toThrow(
      new FilterPolicyError(
        `FilterPolicy: failed to parse JSON. ${problem}\n at ${HIDDEN}; line: ${line}, column: ${column}]`,
      ),
    )
  })

  test.each([
    '{} {}',
    '["\n"]',
    '["\\x"]',
    '["\\u12g4"]',
    '["\\',
    '[01]',
    '[-]',
    '[1.]',
    '[1e]',
    '[.5]',
    '[+1]',
    '[NaN]',
    '[@]',
  ])('%j is refused, as by JSON.parse', (text) => {
    expect(() => JSON.parse(text)).toThrow(SyntaxError)
    expect(() => parseJson(text)).toThrow(FilterPolicyError)
  })
})

test('deep nesting is refused', () => {
  expect(() => parseJson('['.repeat(MAX_NESTING) + ']'.repeat(MAX_NESTING))).not.toThrow()
  expect(() => parseJson('['.repeat(250_000))).toThrow(
    'nesting depth (1001) exceeds the maximum allowed (1000',
  )
})
