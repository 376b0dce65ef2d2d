import { expect, test } from 'vitest'
import { jsonFault } from './json-syntax.ts'

/** Whether JSON.parse accepts the text: the oracle of these tests. */
function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const VALID = [
  '{}',
  '[]',
  ' \t\r\n0 ',
  '-0',
  '0.5',
  '1e5',
  '1E-5',
  '-1.25e+10',
  '"x"',
  '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD834\\udd1e"',
  'true',
  'false',
  'null',
  '[1,[2,{"a":{}}],"]"]',
  '{"a":1,"a":2,"":[]}',
  ' { "a" : [ 1 , 2 ] , "b" : { "c" : null } } ',
  '"é€😀"',
  '[[],{},[[]]]',
]
const INVALID = [
  '',
  ' ',
  '{',
  '[',
  '}',
  ']',
  '[1',
  '[1,',
  '[,1]',
  '[1 2]',
  '{"a"}',
  '{"a":}',
  '{"a":1,}',
  '{a:1}',
  '{"a" 1}',
  '{1:2}',
  '[}',
  '{]',
  '[1}',
  '{"a":1]',
  '01',
  '1.',
  '.5',
  '1e',
  '+1',
  '-',
  '--1',
  '0x10',
  'NaN',
  'Infinity',
  'tru',
  'truex',
  'nul',
  'True',
  "'x'",
  '"x',
  '"\\x"',
  '"\\u12"',
  '"\\u12G4"',
  '"\n"',
  '"\t"',
  '[] []',
  '{}x',
  '1 2',
  '/**/1',
  '\ufeff1',
  '\v1',
]

test.each([...VALID, ...INVALID])('the text %j is judged as by JSON.parse', (text) => {
  expect(jsonFault(Buffer.from(text)) === undefined).toBe(parses(text))
})

test('texts with a byte changed, removed or inserted anywhere are judged as by JSON.parse', () => {
  const bytes = [...'{}[]",:\\0-.eEtfnu \n\u0001a']
  let valid = 0
  for (const text of VALID) {
    for (let at = 0; at <= text.length; at++) {
      const [before, rest] = [text.slice(0, at), text.slice(at + 1)]
      const changes = bytes.flatMap((byte) => [before + byte + text.slice(at), before + byte + rest])
      for (const changed of [before + rest, ...changes]) {
        const expected = parses(changed)
        if (expected) valid++
        if ((jsonFault(Buffer.from(changed)) === undefined) !== expected)
          expect.fail(`${JSON.stringify(changed)}: ${expected ? 'is' : 'is not'} JSON`)
      }
    }
  }
  expect(valid).toBeGreaterThan(1000)
})

test('the position of the first fault is reported', () => {
  expect(jsonFault(Buffer.from('{"a":1,]'))).toBe(7)
  expect(jsonFault(Buffer.from('[1,2'))).toBe(4)
  expect(jsonFault(Buffer.from('[1,2]x'))).toBe(5)
})

test('a text may nest up to a thousand levels, and no more', () => {
  const nested = (depth: number): Buffer => Buffer.from('['.repeat(depth) + ']'.repeat(depth))
  expect(jsonFault(nested(1000))).toBeUndefined()
  expect(jsonFault(nested(1001))).toBe(1000)
  expect(jsonFault(Buffer.from('['.repeat(1_000_000)))).toBe(1000)
})
