/** Projections with the parts of an item. The unit tests and the comparison with DynamoDB Local use them. */
import { readItem } from '../values/read.ts'

export const ITEM = readItem(
  JSON.parse(
    '{"a":{"S":"x"},"l":{"L":[{"N":"0"},{"M":{"b":{"N":"1"},"c":{"N":"2"}}},{"N":"2"}]},"m":{"M":{"b":{"M":{"c":{"S":"y"}}},"d":{"S":"z"}}},"__proto__":{"S":"p"}}',
  ),
)
export const NAMES = { '#a': 'a', '#proto': '__proto__', '#dots': 'm.d' }

/** Projections, and the parts as JSON. */
export const PARTS: readonly (readonly [string, string])[] = [
  ['a', '{"a":{"S":"x"}}'],
  ['#a, x, #dots', '{"a":{"S":"x"}}'],
  ['m.b.c', '{"m":{"M":{"b":{"M":{"c":{"S":"y"}}}}}}'],
  ['m.d , m.b', '{"m":{"M":{"d":{"S":"z"},"b":{"M":{"c":{"S":"y"}}}}}}'],
  ['l[2], l[0]', '{"l":{"L":[{"N":"0"},{"N":"2"}]}}'],
  ['l[1].c, l[1].b, l[7]', '{"l":{"L":[{"M":{"c":{"N":"2"},"b":{"N":"1"}}}]}}'],
  ['l[7], m.x, a.b, l[4294967294]', '{}'],
  ['a[0], l.x, m[0]', '{}'],
  ['#proto', '{"__proto__":{"S":"p"}}'],
]

/** Texts that are refused, and the errors without the name of the parameter. */
export const REFUSED: readonly (readonly [string, string])[] = [
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
  ['a[4294967295]', 'List index is not within the allowable range; index: [4294967295]'],
  [`a${'.a'.repeat(32)}`, 'The document path has too many nesting levels; nesting levels: 33'],
]
