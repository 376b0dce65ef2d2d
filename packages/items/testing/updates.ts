/** Updates with what they make of an item. The unit tests and the comparison with DynamoDB Local use them. */
import { readItem } from '../values/read.ts'

export const KEY = readItem({ p: { S: 'k' } })
export const ITEM = readItem({
  p: { S: 'k' },
  n: { N: '5' },
  s: { S: 'hello' },
  l: { L: [{ N: '0' }, { N: '1' }, { N: '2' }, { N: '3' }] },
  m: { M: { a: { N: '1' }, b: { L: [{ M: { c: { S: 'x' } } }] } } },
  ss: { SS: ['a', 'b'] },
  ns: { NS: ['1', '2'] },
  bs: { BS: ['AQ==', 'Ag=='] },
})
export const VALUES = {
  ':one': { N: '1' },
  ':s': { S: 'new' },
  ':l': { L: [{ S: 'x' }, { S: 'y' }] },
  ':m': { M: {} },
  ':b': { B: 'AQ==' },
  ':t': { BOOL: true },
  ':z': { NULL: true },
  ':ss': { SS: ['b', 'c'] },
  ':all': { SS: ['a', 'b'] },
  ':ns': { NS: ['2.0', '3'] },
  ':bs': { BS: ['Ag==', 'Aw=='] },
}
export const NAMES = { '#a': 'a', '#c': 'c', '#proto': '__proto__', '#dots': '[3]' }

/** Updates, and the attributes that they change, without types. */
export const CHANGES: readonly (readonly [string, Record<string, unknown>])[] = [
  ['SET n = :s', { n: 'new' }],
  ['sEt  n=:s ', { n: 'new' }],
  ['SET x = n', { x: 5 }],
  ['SET x = n, n = s REMOVE s', { n: 'hello', s: undefined, x: 5 }],
  ['SET n = n + :one', { n: 6 }],
  ['SET n = :one - n', { n: -4 }],
  ['SET n = (n - :one)', { n: 4 }],
  ['SET n = ((n) + (:one))', { n: 6 }],
  ['SET x = if_not_exists(x, :one) + :one', { x: 2 }],
  ['SET n = if_not_exists(n, :s)', {}],
  ['SET x = if_not_exists(y, if_not_exists(z, :s))', { x: 'new' }],
  ['SET x = list_append(:l, l)', { x: ['x', 'y', 0, 1, 2, 3] }],
  ['SET l = list_append(if_not_exists(l, :l), :l)', { l: [0, 1, 2, 3, 'x', 'y'] }],
  ['SET m.#a = :s, m.x = :l', { m: { a: 'new', b: [{ c: 'x' }], x: ['x', 'y'] } }],
  ['SET m.b[0].#c = :one', { m: { a: 1, b: [{ c: 1 }] } }],
  ['SET l[1] = :s', { l: [0, 'new', 2, 3] }],
  ['SET l[9] = :s, l[7] = :one, l[2] = l[0]', { l: [0, 1, 0, 3, 1, 'new'] }],
  ['REMOVE l[1], l[3], l[9]', { l: [0, 2] }],
  ['REMOVE l[1] SET l[3] = :s', { l: [0, 2, 'new'] }],
  ['REMOVE m.#a, m.x, x', { m: { b: [{ c: 'x' }] } }],
  ['REMOVE m.b[0]', { m: { a: 1, b: [] } }],
  ['REMOVE n, s', { n: undefined, s: undefined }],
  ['ADD n :one, x :one', { n: 6, x: 1 }],
  ['ADD m.#a :one', { m: { a: 2, b: [{ c: 'x' }] } }],
  ['ADD l[9] :one', { l: [0, 1, 2, 3, 1] }],
  ['ADD ss :ss', { ss: ['a', 'b', 'c'] }],
  ['ADD ns :ns, bs :bs', { ns: ['1', '2', '3'], bs: ['AQ==', 'Ag==', 'Aw=='] }],
  ['ADD x :ss', { x: ['b', 'c'] }],
  ['DELETE ss :ss, x :ss', { ss: ['a'] }],
  ['DELETE ns :ns, bs :bs', { ns: ['1'], bs: ['AQ=='] }],
  ['DELETE ss :all', { ss: undefined }],
  ['SET #proto = :s', JSON.parse('{"__proto__":"new"}')],
]

const path = 'The document path provided in the update expression is invalid for update'
const type = 'An operand in the update expression has an incorrect data type'
const absent = 'The provided expression refers to an attribute that does not exist in the item'

/** Updates that do not fit the item, and the errors. */
export const UNFIT: readonly (readonly [string, string])[] = [
  ['SET x.a = :s', path],
  ['SET n.a = :s', path],
  ['SET l.a = :s', path],
  ['SET m[0] = :s', path],
  ['SET m.x.y = :s', path],
  ['REMOVE x.a', path],
  ['REMOVE m[0]', path],
  ['ADD x.a :one', path],
  ['DELETE l.x :ss', path],
  ['SET x = y', absent],
  ['SET x = x + :one', absent],
  ['SET x = list_append(x, :l)', absent],
  ['SET x = :s, y = x', absent],
  ['SET x = s + :one', type],
  ['SET x = list_append(n, :l)', type],
  ['ADD s :one', type],
  ['ADD n :ss', type],
  ['ADD ss :ns', type],
  ['DELETE ss :ns', type],
  ['DELETE n :ss', type],
]

const function_ = 'operator or function'

/** Texts that are refused, and the errors without the name of the parameter. */
export const REFUSED: readonly (readonly [string, string])[] = [
  ['', 'The expression can not be empty;'],
  ['whatever', 'Syntax error; token: "whatever", near: "whatever"'],
  ['INVALID SYNTAX', 'Syntax error; token: "INVALID", near: "INVALID SYNTAX"'],
  ['SET _123 = :s', 'Syntax error; token: "_", near: "SET _123"'],
  ['set x', 'Syntax error; token: "<EOF>", near: "x"'],
  ['set x = set', 'Syntax error; token: "set", near: "= set"'],
  ['set', 'Syntax error; token: "<EOF>", near: "set"'],
  ['add x', 'Syntax error; token: "<EOF>", near: "x"'],
  ['add x = y', 'Syntax error; token: "=", near: "x = y"'],
  ['delete x y', 'Syntax error; token: "y", near: "x y"'],
  ['remove x = y', 'Syntax error; token: "=", near: "x = y"'],
  ['remove x y', 'Syntax error; token: "y", near: "x y"'],
  ['set :s = x', 'Syntax error; token: ":s", near: "set :s ="'],
  ['set x = y / z', 'Syntax error; token: "/", near: "y / z"'],
  ['set x = 1', 'Syntax error; token: "1", near: "= 1"'],
  ['set x = y + z + n', 'Syntax error; token: "+", near: "z + n"'],
  ['set x = (y.c).d + e', 'Syntax error; token: ".", near: ").d"'],
  ['set x = if_not_exists(x, 100)', 'Syntax error; token: "100", near: ", 100)"'],
  ['set x = if_not_exists(x, :one + :one)', 'Syntax error; token: "+", near: ":one + :one"'],
  ['set (x) = y', 'Syntax error; token: "(", near: "set (x"'],
  ['set x = y,', 'Syntax error; token: "<EOF>", near: ","'],
  ['set l[x] = y', 'Syntax error; token: "x", near: "[x]"'],
  ['set x = ((y))', 'The expression has redundant parentheses;'],
  ['set #x = :y set abOrt = x', 'Attribute name is a reserved keyword; reserved keyword: abOrt'],
  ['set #x = if_not_exist(:y) set c = d', 'Invalid function name; function: if_not_exist'],
  ['set x = LIST_APPEND(l, :l)', 'Invalid function name; function: LIST_APPEND'],
  ['set x = #x set y = :y', 'The "SET" section can only be used once in an update expression;'],
  ['add #x :y set x = z add e :f', 'The "ADD" section can only be used once in an update expression;'],
  ['set x = size(l)', 'The function is not allowed in an update expression; function: size'],
  [
    'set x = list_append(list_append(:l, :l), :l)',
    'The function is not allowed to be used this way in an expression; function: list_append',
  ],
  [
    'set #x = :one',
    'An expression attribute name used in the document path is not defined; attribute name: #x',
  ],
  ['set x = :x', 'An expression attribute value used in expression is not defined; attribute value: :x'],
  [
    'set x.y = :s, x.y = :s',
    'Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [x, y], path two: [x, y]',
  ],
  [
    'set x[1].y = :s remove x',
    'Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [x, [1], y], path two: [x]',
  ],
  [
    'remove x set x.#c = :s',
    'Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [x], path two: [x, c]',
  ],
  [
    'set #c[3].#dots = x, #c.#dots[3] = x',
    'Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [c, [3], [3]], path two: [c, [3], [3]]',
  ],
  [
    'remove x.#c set x[1] = y',
    'Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [x, c], path two: [x, [1]]',
  ],
  ['add x :s', `Incorrect operand type for ${function_}; operator: ADD, operand type: STRING`],
  ['add x :b', `Incorrect operand type for ${function_}; operator: ADD, operand type: BINARY`],
  ['add x :t', `Incorrect operand type for ${function_}; operator: ADD, operand type: BOOLEAN`],
  ['add x :z', `Incorrect operand type for ${function_}; operator: ADD, operand type: NULL`],
  ['add x :l', `Incorrect operand type for ${function_}; operator: ADD, operand type: LIST`],
  ['add x :m', `Incorrect operand type for ${function_}; operator: ADD, operand type: MAP`],
  ['delete x :one', `Incorrect operand type for ${function_}; operator: DELETE, operand type: NUMBER`],
  [
    'set x = if_not_exists(y)',
    `Incorrect number of operands for ${function_}; ${function_}: if_not_exists, number of operands: 1`,
  ],
  [
    'set x = list_append(l, l, l)',
    `Incorrect number of operands for ${function_}; ${function_}: list_append, number of operands: 3`,
  ],
  [
    'set x = if_not_exists(:s, y)',
    `Operator or function requires a document path; ${function_}: if_not_exists`,
  ],
  [
    'set x = list_append(:s, l)',
    `Incorrect operand type for ${function_}; ${function_}: list_append, operand type: S`,
  ],
  ['set x = x + :s', `Incorrect operand type for ${function_}; ${function_}: +, operand type: S`],
  ['set x = :ss - x', `Incorrect operand type for ${function_}; ${function_}: -, operand type: SS`],
]
