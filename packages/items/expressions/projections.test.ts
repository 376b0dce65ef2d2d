import { expect, test } from 'vitest'
import { toJson } from '../values/json.ts'
import { readItem } from '../values/read.ts'
import { Placeholders } from './placeholders.ts'
import { parseProjection } from './projections.ts'

const ITEM = readItem(
  JSON.parse(
    '{"a":{"S":"x"},"l":{"L":[{"N":"0"},{"M":{"b":{"N":"1"},"c":{"N":"2"}}},{"N":"2"}]},"m":{"M":{"b":{"M":{"c":{"S":"y"}}},"d":{"S":"z"}}},"__proto__":{"S":"p"}}',
  ),
)
const NAMES = { '#a': 'a', '#proto': '__proto__', '#dots': 'm.d' }

const parse = (text: string) => parseProjection(text, new Placeholders(NAMES))

test.each([
  ['a', '{"a":{"S":"x"}}'],
  ['#a, x, #dots', '{"a":{"S":"x"}}'],
  ['m.b.c', '{"m":{"M":{"b":{"M":{"c":{"S":"y"}}}}}}'],
  ['m.d , m.b', '{"m":{"M":{"d":{"S":"z"},"b":{"M":{"c":{"S":"y"}}}}}}'],
  ['l[2], l[0]', '{"l":{"L":[{"N":"0"},{"N":"2"}]}}'],
  ['l[1].c, l[1].b, l[7]', '{"l":{"L":[{"M":{"c":{"N":"2"},"b":{"N":"1"}}}]}}'],
  ['l[7], m.x, a.b', '{}'],
  ['a[0], l.x, m[0]', '{}'],
  ['#proto', '{"__proto__":{"S":"p"}}'],
])('%s', (text, expected) => {
  expect(JSON.stringify(toJson(parse(text).project(ITEM)))).toBe(expected)
})

test.each([
  ['', 'The expression can not be empty;'],
  ['a,', 'Syntax error; token: "<EOF>", near: ","'],
  ['a b', 'Syntax error; token: "b", near: "a b"'],
  ['!!!', 'Syntax error; token: "!", near: "!!"'],
  ['a.', 'Syntax error; token: "<EOF>", near: "."'],
  ['a[-1]', 'Syntax error; token: "-", near: "[-1"'],
  ['a[:i]', 'Syntax error; token: ":i", near: "[:i]"'],
  ['a.Name', 'Attribute name is a reserved keyword; reserved keyword: Name'],
  ['#b', 'An expression attribute name used in the document path is not defined; attribute name: #b'],
  [
    'm.x, #a, a',
    'Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a]',
  ],
  [
    'm, m.x',
    'Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [m], path two: [m, x]',
  ],
  [
    'm[1], m.x',
    'Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [m, [1]], path two: [m, x]',
  ],
  ['a[99999999999]', 'List index is not within the allowable range; index: [99999999999]'],
  [`a${'.a'.repeat(32)}`, 'The document path has too many nesting elements; nesting levels: 33'],
])('%s is refused', (text, message) => {
  expect(() => parse(text)).toThrow(
    expect.objectContaining({ name: 'ItemError', message: `Invalid ProjectionExpression: ${message}` }),
  )
})
