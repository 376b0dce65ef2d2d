/** The guide's tables of argument types, and the values that a conversion cannot make. */
import { describe, expect, test } from 'vitest'
import { evaluate } from '../testing/run.ts'

/** One value of each type. `missing` is Undefined. */
const PAYLOAD = {
  int: 4,
  decimal: 0.5,
  boolean: true,
  number: '0.5',
  text: 'abc',
  array: [1, 'a'],
  object: { a: 1 },
  null: null,
}
const ALL = [
  'int',
  'decimal',
  'boolean',
  'number',
  'text',
  'array',
  'object',
  'get(*, "null")',
  'missing',
] as const

/** Applies a call to a value of each type; `?` stands for the value. */
function table(call: string): (string | undefined)[] {
  return ALL.map((name) => evaluate(call.replace('?', name), PAYLOAD))
}

const U = undefined

describe('functions of numbers take strings that are numbers, and nothing else', () => {
  test.each<[call: string, int: string, decimal: string, text: string]>([
    ['abs(?)', '4', '0.5', '0.5'],
    ['ceil(?)', '4', '1', '1'],
    ['floor(?)', '4', '0', '0'],
    ['round(?)', '4', '1', '1'],
    ['sign(?)', '1', '1', '1'],
    ['exp(?)', '54.598150033144236', '1.6487212707001282', '1.6487212707001282'],
    ['ln(?)', '1.3862943611198906', '-0.6931471805599453', '-0.6931471805599453'],
    ['sqrt(?)', '2', '0.7071067811865476', '0.7071067811865476'],
    ['mod(?, 3)', '1', '0.5', '0.5'],
    ['power(?, 2)', '16', '0.25', '0.25'],
    ['trunc(?, 0)', '4', '0', '0'],
    ['bitand(?, 6)', '4', '0', '0'],
    ['chr(?)', '"\\u0004"', '"\\u0000"', '"\\u0000"'],
  ])('%s', (call, int, decimal, text) => {
    expect(table(call)).toEqual([int, decimal, U, text, U, U, U, U, U])
  })

  test('imaginary and infinite results are Undefined', () => {
    const calls = [
      'acos(2)',
      'asin("-2")',
      'sqrt(-1)',
      'ln(0)',
      'log(-1)',
      'power(10, 1000)',
      'power(-8, 0.5)',
    ]
    expect(calls.map((call) => evaluate(call))).toEqual(calls.map(() => U))
  })

  test('division by zero is Undefined', () => {
    const calls = ['1 / 0', '1.5 / 0', '"1" / "0"', '1 % 0', 'mod(1, 0)', 'remainder(1.5, 0)']
    expect(calls.map((call) => evaluate(call))).toEqual(calls.map(() => U))
  })
})

describe('functions of strings convert all types but Null and Undefined', () => {
  test.each<[call: string, expected: readonly (string | undefined)[]]>([
    ['length(?)', ['1', '3', '4', '3', '3', '7', '7', U, U]],
    ['upper(?)', ['"4"', '"0.5"', '"TRUE"', '"0.5"', '"ABC"', '"[1,\\"A\\"]"', '"{\\"A\\":1}"', U, U]],
    ['startswith(?, "a")', ['false', 'false', 'false', 'false', 'true', 'false', 'false', U, U]],
    ['endswith("abc4", ?)', ['true', 'false', 'false', 'false', 'false', 'false', 'false', U, U]],
    ['indexof(?, "a")', ['-1', '-1', '-1', '-1', '0', '4', '2', U, U]],
    ['rpad("a", ?)', ['"a    "', '"a"', U, '"a"', U, U, U, U, U]],
    ['substring("abcdef", ?)', ['"ef"', '"abcdef"', U, '"abcdef"', U, U, U, U, U]],
    ['regexp_matches(?, "^a")', ['false', 'false', 'false', 'false', 'true', 'false', 'false', U, U]],
    ['replace("4abc", ?, "-")', ['"-abc"', '"4abc"', '"4abc"', '"4abc"', '"4-"', '"4abc"', '"4abc"', U, U]],
    [
      'encode(?, "base64")',
      ['"NA=="', '"MC41"', '"dHJ1ZQ=="', '"MC41"', '"YWJj"', '"WzEsImEiXQ=="', '"eyJhIjoxfQ=="', U, U],
    ],
  ])('%s', (call, expected) => {
    expect(table(call)).toEqual(expected)
  })
})

describe('functions of any type', () => {
  test.each<[call: string, expected: readonly (string | undefined)[]]>([
    ['isNull(?)', ['false', 'false', 'false', 'false', 'false', 'false', 'false', 'true', 'false']],
    ['isUndefined(?)', ['false', 'false', 'false', 'false', 'false', 'false', 'false', 'false', 'true']],
    ['nanvl(?, 7)', ['4', '0.5', 'true', '"0.5"', '"abc"', '[1,"a"]', '{"a":1}', '7', '7']],
    ['get_or_default(?, 7)', ['4', '0.5', 'true', '"0.5"', '"abc"', '[1,"a"]', '{"a":1}', '7', '7']],
    ['concat(?)', ['4', '0.5', 'true', '"0.5"', '"abc"', '[1,"a"]', '{"a":1}', 'null', U]],
    [
      'concat(?, "-")',
      ['"4-"', '"0.5-"', '"true-"', '"0.5-"', '"abc-"', '[1,"a","-"]', '"{\\"a\\":1}-"', U, U],
    ],
    ['get([10, 20, 30, 40, 50], ?)', ['50', '10', U, '10', U, U, U, U, U]],
    ['get(?, 0)', [U, U, U, '"0"', '"a"', '1', U, U, U]],
    ['get(?, "a")', [U, U, U, U, U, U, '1', U, U]],
  ])('%s', (call, expected) => {
    expect(table(call)).toEqual(expected)
  })

  test('the number of arguments must be right', () => {
    const calls = [
      'abs()',
      'abs(1, 2)',
      'mod(1)',
      'substring("a")',
      'isNull()',
      'get(array)',
      'topic(1, 2)',
      'timestamp(1)',
    ]
    expect(calls.map((call) => evaluate(call, PAYLOAD))).toEqual(calls.map(() => U))
  })
})

describe('cast', () => {
  test.each<[type: string, expected: readonly (string | undefined)[]]>([
    ['String', ['"4"', '"0.5"', '"true"', '"0.5"', '"abc"', '"[1,\\"a\\"]"', '"{\\"a\\":1}"', U, U]],
    ['Int', ['4', '0', '1', '0', U, U, U, U, U]],
    ['Decimal', ['4', '0.5', '1', '0.5', U, U, U, U, U]],
    ['Double', ['4', '0.5', '1', '0.5', U, U, U, U, U]],
    ['Boolean', ['true', 'true', 'true', U, U, U, U, U, U]],
  ])('to %s', (type, expected) => {
    expect(table(`cast(? AS ${type})`)).toEqual(expected)
  })

  test('other names of the types', () => {
    const types = ['Nvarchar', 'Text', 'Ntext', 'varchar', 'Integer', 'Bool']
    expect(types.map((type) => evaluate(`cast(1 AS ${type})`))).toEqual([
      '"1"',
      '"1"',
      '"1"',
      '"1"',
      '1',
      'true',
    ])
  })

  test('"true" and "false" are Booleans in any case', () => {
    expect(evaluate('cast("TRUE" AS Bool)')).toBe('true')
    expect(evaluate('cast("False" AS Bool)')).toBe('false')
  })
})

describe('the operator', () => {
  test.each<[operation: string, expected: string | undefined]>([
    ['true AND true', 'true'],
    ['true AND false', 'false'],
    ['"TRUE" AND true', 'true'],
    ['true AND "yes"', U],
    ['false AND missing', 'false'],
    ['missing AND false', 'false'],
    ['true AND missing', U],
    ['1 AND true', U],
    ['false OR true', 'true'],
    ['"false" OR false', 'false'],
    ['true OR missing', 'true'],
    ['missing OR true', 'true'],
    ['false OR missing', U],
    ['1 OR "yes"', U],
    ['isUndefined(missing) OR missing <> 1', 'true'],
    ['NOT true', 'false'],
    ['NOT "False"', 'true'],
    ['NOT 0', U],
    ['2 > 1', 'true'],
    ['"2" > 1.5', 'true'],
    ['"10" > "9"', 'true'],
    ['"a" > 1', U],
    ['true > false', U],
    ['get(*, "null") < 1', U],
    ['1 <= 1.0', 'true'],
    ['0.1 >= 0.10', 'true'],
    ['1 = 1.0', 'true'],
    ['"1" = 1', 'false'],
    ['"a" = "a"', 'true'],
    ['"a" <> "A"', 'true'],
    ['true = true', 'true'],
    ['NULL = NULL', 'true'],
    ['NULL <> NULL', 'false'],
    ['missing = 1', U],
    ['missing <> missing', U],
    ['[1, {"a": 2}] = [1, {"a": 2.0}]', 'true'],
    ['[1, 2] = [2, 1]', 'false'],
    ['{"a": 1, "b": 2} = {"b": 2, "a": 1}', 'true'],
    ['{"a": 1} = {"a": 1, "b": 2}', 'false'],
    ['array = [1, "a"]', 'true'],
    ['{"a": 1} <> object', 'false'],
    ['3 IN [1, 2, 3]', 'true'],
    ['"3" IN [1, 2, 3]', 'false'],
    ['3 IN 3', U],
    ['missing IN array', U],
    ['"a" + 1', '"a1"'],
    ['1 + "a"', '"1a"'],
    ['"a" + [1]', '"a[1]"'],
    ['"a" + NULL', U],
    ['true + 1', U],
    ['1 + 2', '3'],
    ['1 + 0.5', '1.5'],
    ['"3" - "1"', '2'],
    ['"a" - 1', U],
    ['"3" * 2', '6'],
    ['7 / 2', '3'],
    ['-7 / 2', '-3'],
    ['"7" / 2', '3.5'],
    ['7.5 / 2', '3.75'],
    ['7 % 3', '1'],
    ['-7 % 3', '-1'],
    ['7.5 % 2', '1.5'],
    ['-int', '-4'],
    ['-"4"', '-4'],
    ['-text', U],
  ])('%s is %s', (operation, expected) => {
    expect(evaluate(operation, PAYLOAD)).toBe(expected)
  })

  test.each([
    ['1 + 2 * 3', '7'],
    ['(1 + 2) * 3', '9'],
    ['10 - 4 - 3', '3'],
    ['100 / 10 / 2', '5'],
    ['NOT false AND false', 'false'],
    ['NOT 1 = 2', 'true'],
    ['true OR true AND false', 'true'],
    ['1 + 1 = 2 AND 3 > 2', 'true'],
    ['2 * -3', '-6'],
    ['1 - -1', '2'],
    ['1 IN [1] = true', 'true'],
  ])('%s groups as in standard SQL', (operation, expected) => {
    expect(evaluate(operation)).toBe(expected)
  })
})

describe('CASE', () => {
  test.each<[expression: string, expected: string | undefined]>([
    ["CASE 2 WHEN 1 THEN 'a' WHEN 2 THEN 'b' WHEN 2.0 THEN 'c' END", '"b"'],
    ["CASE 3 WHEN 1 THEN 'a' END", U],
    ["CASE missing WHEN 1 THEN 'a' ELSE 'b' END", U],
    ["CASE 1 WHEN missing THEN 'a' ELSE 'b' END", '"b"'],
    ["CASE get(*, 'null') WHEN NULL THEN 'a' ELSE 'b' END", '"a"'],
  ])('%s is %s', (expression, expected) => {
    expect(evaluate(expression, PAYLOAD)).toBe(expected)
  })
})
