import { describe, expect, test } from 'vitest'
import { readItem } from '../values/read.ts'
import type { Item } from '../values/value.ts'
import { parseCondition } from './conditions.ts'
import { Placeholders } from './placeholders.ts'

const ITEM = readItem({
  n: { N: '5' },
  s: { S: 'hello' },
  b: { B: 'AQL/' },
  t: { BOOL: true },
  z: { NULL: true },
  l: { L: [{ N: '1' }, { S: 'x' }, { M: { y: { N: '7' } } }] },
  m: { M: { a: { S: 'x' }, and: { M: { or: { N: '2' } } } } },
  ss: { SS: ['a', 'b', 'hello'] },
  ns: { NS: ['1', '5'] },
  bs: { BS: ['AQ==', 'Ag=='] },
  l2: { L: [{ N: '1.0' }, { S: 'x' }, { M: { y: { N: '7' } } }] },
})
const VALUES = {
  ':n': { N: '5.0' },
  ':one': { N: '1' },
  ':s': { S: 'hello' },
  ':hel': { S: 'hel' },
  ':b': { B: 'AQL/' },
  ':b1': { B: 'AQ==' },
  ':t': { BOOL: true },
  ':z': { NULL: true },
  ':l': { L: [] },
  ':m': { M: {} },
  ':ss': { SS: ['hello', 'b', 'a'] },
  ':N': { S: 'N' },
  ':X': { S: 'X' },
}
const NAMES = { '#n': 'n', '#and': 'and', '#or': 'or', '#dots': 'm.a' }

function parse(text: string) {
  return parseCondition(text, new Placeholders(NAMES, VALUES))
}

describe('conditions', () => {
  test.each([
    'n = :n',
    '#n = :n',
    ':n = n',
    'n <> s',
    'n >= :one AND n <= :n',
    'n > :one',
    's = :s',
    'b = :b',
    't = :t',
    'z = :z',
    'l = l2',
    'ss = :ss',
    'NOT n = :one',
    'not n < :one',
    'm.a <> :s',
    'm.#and.#or > l[0]',
    'l[2].y > n',
    'l[ 2 ] . y > n',
    'n BETWEEN :one AND :n',
    'n between l[0] and l[2].y',
    'n IN (:s, :n)',
    'n in (s, t, #n, n)',
    'attribute_exists(m.a)',
    'attribute_exists (l[2])',
    'attribute_not_exists(m.b)',
    'attribute_not_exists(l[3])',
    'attribute_not_exists(n.a)',
    'attribute_not_exists(#dots)',
    'attribute_type(n, :N)',
    'begins_with(s, :hel)',
    'begins_with(b, :b1)',
    'begins_with(:s, :hel)',
    'contains(s, :hel)',
    'contains(b, :b1)',
    'contains(ss, s)',
    'contains(ns, n)',
    'contains(bs, :b1)',
    'contains(l, :one)',
    'contains(l, m.a)',
    'contains(l, l2[2])',
    'size(s) = :n',
    'size(b) < :n',
    'size(l) < size(s)',
    'size(m) > :one',
    'size(ss) <> :one',
    'size(:s) = n',
    // An attribute that is not there differs from everything.
    'x <> :n',
    'x <> y',
    'size(n) <> :n',
    // AND before OR, NOT before AND.
    'n = :n OR n = :one AND n = :one',
    'NOT n = :one AND n = :n',
    'NOT (n = :n AND n = :one)',
    '(n = :n OR n = :n) AND (n = :n)',
    '(n) = (:n)',
    '(m).a <> :s',
    'NOT NOT n = :n',
  ])('%s holds', (text) => {
    expect(parse(text).matches(ITEM)).toBe(true)
  })

  test.each([
    'n = s',
    'n = :one',
    'x = :n',
    'x = y',
    'x < :n',
    ':n < x',
    's < :n',
    'n < :s',
    't < n',
    'l < n',
    'x BETWEEN :one AND :n',
    'n BETWEEN x AND :n',
    'n BETWEEN l[2].y AND :n',
    'x IN (:n, y)',
    'n IN (:s)',
    'attribute_exists(m.b)',
    'attribute_exists(l.a)',
    'attribute_exists(m[0])',
    'attribute_type(x, :N)',
    'attribute_type(s, :N)',
    'begins_with(n, :hel)',
    'begins_with(s, :b1)',
    'contains(n, :one)',
    'contains(ns, :s)',
    'contains(x, :s)',
    'contains(m, :s)',
    'size(n) = :n',
    'size(x) = :n',
    '(n = :n OR n = :one) AND n = :one',
    'NOT n = :n OR n = :one',
  ])('%s does not hold', (text) => {
    expect(parse(text).matches(ITEM)).toBe(false)
  })

  test('an item that does not exist has no attributes', () => {
    const nothing: Item = {}
    expect(parse('attribute_not_exists(n)').matches(nothing)).toBe(true)
    expect(parse('n = :n').matches(nothing)).toBe(false)
  })

  test('tell which paths they read', () => {
    expect(parse('size(m.#and) > n OR l[0] = :n').paths).toEqual([['m', 'and'], ['n'], ['l', 0]])
  })
})

describe('errors', () => {
  const function_ = 'operator or function'
  test.each([
    ['', 'The expression can not be empty;'],
    [' ', 'Syntax error; token: "<EOF>", near: ""'],
    ['n', 'Syntax error; token: "<EOF>", near: "n"'],
    ['n =', 'Syntax error; token: "<EOF>", near: "="'],
    ['n = 4', 'Syntax error; token: "4", near: "= 4"'],
    ['n == :n', 'Syntax error; token: "=", near: "== :n"'],
    ['things are not', 'Syntax error; token: "are", near: "things are not"'],
    ['_n = :n', 'Syntax error; token: "_", near: "_n"'],
    ['n-a = :n', 'Syntax error; token: "-", near: "n-a"'],
    ['n IN ()', 'Syntax error; token: ")", near: "()"'],
    ['n = :n AND', 'Syntax error; token: "<EOF>", near: "AND"'],
    ['n = :n n = :n', 'Syntax error; token: "n", near: ":n n ="'],
    ['(n = :n', 'Syntax error; token: "<EOF>", near: ":n"'],
    ['n = :n)', 'Syntax error; token: ")", near: ":n)"'],
    ['(n) AND n = :n', 'Syntax error; token: "AND", near: ") AND n"'],
    ['NOT n', 'Syntax error; token: "<EOF>", near: "n"'],
    ['(size(n))[0] > n', 'Syntax error; token: "[", near: ")[0"'],
    ['n[#n] = :n', 'Syntax error; token: "#n", near: "[#n]"'],
    ['attribute_exists()', 'Syntax error; token: ")", near: "()"'],
    ['é = :n', 'Syntax error; token: "é", near: "é ="'],
    ['n = "hello"', 'Syntax error; token: """, near: "= "hello"'],
    ['((n = :n))', 'The expression has redundant parentheses;'],
    ['n = ((:n))', 'The expression has redundant parentheses;'],
    ['dog(n)', 'Invalid function name; function: dog'],
    ['SIZE(n) > :n', 'Invalid function name; function: SIZE'],
    ['constructor(n)', 'Invalid function name; function: constructor'],
    ['size(n)', 'The function is not allowed to be used this way in an expression; function: size'],
    [
      'attribute_exists(n) < :n',
      'The function is not allowed to be used this way in an expression; function: attribute_exists',
    ],
    [
      'n = :n AND if_not_exists(n, n) = :n',
      'The function is not allowed to be used this way in an expression; function: if_not_exists',
    ],
    ['n = :n OR Abort = :n', 'Attribute name is a reserved keyword; reserved keyword: Abort'],
    ['m.size = :n', 'Attribute name is a reserved keyword; reserved keyword: size'],
    [
      'n = :n AND #x = :n',
      'An expression attribute name used in the document path is not defined; attribute name: #x',
    ],
    ['n = :x', 'An expression attribute value used in expression is not defined; attribute value: :x'],
    [
      'size(n, n) = :n',
      `Incorrect number of operands for ${function_}; ${function_}: size, number of operands: 2`,
    ],
    [
      'begins_with(s)',
      `Incorrect number of operands for ${function_}; ${function_}: begins_with, number of operands: 1`,
    ],
    [
      '#n = n',
      'The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [n]',
    ],
    [
      'contains(l[0], l[0])',
      'The first operand must be distinct from the remaining operands for this operator or function; operator: contains, first operand: [l, [0]]',
    ],
    ['attribute_exists(:n)', `Operator or function requires a document path; ${function_}: attribute_exists`],
    [
      'begins_with(s, :n)',
      `Incorrect operand type for ${function_}; ${function_}: begins_with, operand type: N`,
    ],
    [
      'attribute_type(n, :n)',
      `Incorrect operand type for ${function_}; ${function_}: attribute_type, operand type: N`,
    ],
    [
      'attribute_type(n, s)',
      `Incorrect operand type for ${function_}; ${function_}: attribute_type, operand type: {NS,SS,L,BS,N,M,B,BOOL,NULL,S}`,
    ],
    [
      'attribute_type(n, :X)',
      'Invalid attribute type name found; type: X, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}',
    ],
    ['size(:n) = :n', `Incorrect operand type for ${function_}; ${function_}: size, operand type: N`],
    ['size(size(s)) = :n', `Incorrect operand type for ${function_}; ${function_}: size, operand type: N`],
    ['n < :l', `Incorrect operand type for ${function_}; ${function_}: <, operand type: L`],
    [
      'n BETWEEN :s AND :n',
      'The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {S:hello}, upper bound operand: AttributeValue: {N:5}',
    ],
    [
      'n BETWEEN :n AND :one',
      'The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:5}, upper bound operand: AttributeValue: {N:1}',
    ],
  ])('%s', (text, message) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({
        name: 'ItemError',
        code: 'ValidationException',
        message: `Invalid ConditionExpression: ${message}`,
      }),
    )
  })

  test('name the parameter', () => {
    expect(() => parseCondition('', new Placeholders(), 'FilterExpression')).toThrow(
      'Invalid FilterExpression: The expression can not be empty;',
    )
  })
})

describe('placeholders', () => {
  test.each([
    [{}, undefined, 'ExpressionAttributeNames must not be empty'],
    [undefined, {}, 'ExpressionAttributeValues must not be empty'],
    [{ a: 'a' }, undefined, 'ExpressionAttributeNames contains invalid key: Syntax error; key: "a"'],
    [{ '#': 'a' }, undefined, 'ExpressionAttributeNames contains invalid key: Syntax error; key: "#"'],
    [
      undefined,
      { ':a!': { S: 'a' } },
      'ExpressionAttributeValues contains invalid key: Syntax error; key: ":a!"',
    ],
    [
      undefined,
      { ':a': { SS: [] } },
      'ExpressionAttributeValues contains invalid value: One or more parameter values were invalid: An string set  may not be empty for key :a',
    ],
    [
      { '#a': '' },
      undefined,
      'ExpressionAttributeNames contains invalid value: One or more parameter values were invalid: Empty attribute name for key #a',
    ],
  ])('%j %j', (names, values, message) => {
    expect(() => new Placeholders(names, values)).toThrow(
      expect.objectContaining({ name: 'ItemError', message }),
    )
  })

  test('that no expression uses are refused', () => {
    const placeholders = new Placeholders(
      { '#a': 'a', '#b': 'b', '#__proto__': '__proto__' },
      { ':a': { N: '1' }, ':b': { N: '1' } },
    )
    parseCondition('#a = :a', placeholders)
    expect(() => placeholders.checkUsed()).toThrow(
      'Value provided in ExpressionAttributeNames unused in expressions: keys: {#b, #__proto__}',
    )
    parseCondition('#b = #__proto__', placeholders)
    expect(() => placeholders.checkUsed()).toThrow(
      'Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}',
    )
    parseCondition('a = :b', placeholders)
    placeholders.checkUsed()
  })

  test('may name whatever an object has', () => {
    const item = readItem(JSON.parse('{"__proto__":{"N":"1"},"m":{"M":{"constructor":{"N":"2"}}}}'))
    const placeholders = new Placeholders(
      { '#p': '__proto__', '#c': 'constructor', '#t': 'toString' },
      { ':one': { N: '1' } },
    )
    const text = '#p = :one AND m.#c > :one AND attribute_not_exists(#t) AND attribute_not_exists(m.#t)'
    expect(parseCondition(text, placeholders).matches(item)).toBe(true)
  })
})
