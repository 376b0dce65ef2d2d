import { describe, expect, inject, test } from 'vitest'
import { evaluate, message, run } from '../testing/run.ts'
import { add, compare, multiply } from './arithmetic.ts'
import { make } from './decimal.ts'

describe('decimals', () => {
  test.each([
    ['0.1 + 0.2', '0.3'],
    ['1.1 * 1.1', '1.21'],
    ['0.3 - 0.1', '0.2'],
    ['1.005 * 100', '100.5'],
    ['0.07 * 100', '7'],
    ['54.98 * 1.8 + 32', '130.964'],
    ['1 / 3.0001', '0.3333222225925802473250891636945435'],
    ['10.0 / 4', '2'],
    ['10.0 / 4.5', '2.222222222222222222222222222222222'],
    ['2.5 / 0.5', '5'],
    ['0.1 = 0.10000000000000001', 'false'],
    ['0.30000000000000004 = 0.1 + 0.2', 'false'],
    ['1234567890123456.5 + 0.25', '1234567890123456.75'],
    ['0.000001', '0.000001'],
    ['cast(0.0000001 AS String)', '"1E-7"'],
    ['round(0.49999999999999994)', '0'],
    ['round(2.5)', '3'],
    ['trunc(-2.789, 1)', '-2.7'],
  ])('%s is %s', (expression, expected) => {
    expect(evaluate(expression)).toBe(expected)
  })
})

describe('Ints have 34 digits', () => {
  test.each([
    ['9007199254740991 + 2', '9007199254740993'],
    ['9007199254740993 - 2', '9007199254740991'],
    ['99999999999999999 * 9', '899999999999999991'],
    ['9007199254740993 / 2', '4503599627370496'],
    ['9007199254740993 % 10', '3'],
    ['9999999999999999999999999999999999', '9999999999999999999999999999999999'],
    ['9999999999999999999999999999999999 + 1', '1.000000000000000000000000000000000E+34'],
    ['bitand(36893488147419103233, 3)', '1'],
    ['1e20', '100000000000000000000'],
    ['9007199254740993 > 9007199254740992', 'true'],
    ['bitnot(0)', '-1'],
    ['bitnot(-14)', '13'],
  ])('%s is %s', (expression, expected) => {
    expect(evaluate(expression)).toBe(expected)
  })
})

test('exponents reach 999, and numbers beyond are Undefined', () => {
  expect(evaluate('1E500 * 1E400')).toBe('1E+900')
  expect(evaluate('1E500 * 1E500')).toBeUndefined()
  expect(evaluate('1E-500 * 1E-500')).toBe('0')
  expect(evaluate('1E999 > 1E-999')).toBe('true')
})

describe('numbers of the payload keep their digits', () => {
  test.each([
    ['9007199254740993', '9007199254740993'],
    ['0.1234567890123456789012345678901234', '0.1234567890123456789012345678901234'],
    ['-122.33599760000001', '-122.33599760000001'],
    ['1e20', '100000000000000000000'],
    ['1E-7', '1e-7'],
    ['10.0', '10'],
    ['12345678901234567890123456789012345678', '1.234567890123456789012345678901235E+37'],
  ])('%s', (text, expected) => {
    expect(run("SELECT x, 1 AS y FROM 'a'", message(`{"x":${text}}`))).toBe(`{"x":${expected},"y":1}`)
  })

  test('strings with digits are not numbers', () => {
    const text = '{"x":"12345678901234567890","y":"1e\\"5\\\\"}'
    expect(run("SELECT * FROM 'a'", message(text))).toBe(text)
  })

  test('a payload with a number beyond 9.99E999 is not read', () => {
    expect(run("SELECT x FROM 'a'", message('{"x":1e1000}'))).toBe('not-json')
    expect(run("SELECT x FROM 'a'", message('{"x":1e99999999999999999999}'))).toBe('not-json')
  })
})

describe('in SQL version 2015-10-08 a whole number may be a Decimal', () => {
  test.each([
    ['x', '10.0'],
    ['x / 4', '2.5'],
    ['10 / 4', '2'],
    ['x + 1', '11.0'],
    ['x * 2', '20.0'],
    ['cast(7 AS Double) / 2', '3.5'],
    ['floor(x)', '10'],
    ['5.0', '5.0'],
    ['x = 10', 'true'],
    ['0.5 + 0.5', '1.0'],
    ['trunc(x, 2)', '10'],
  ])('%s is %s', (expression, expected) => {
    const sql = `SELECT ${expression} AS r FROM 'a'`
    expect(run(sql, message('{"x":10.0}'), '2015-10-08')).toBe(`{"r":${expected}}`)
  })
})

test('sums, products and orders of random decimals are exact', () => {
  const random = sequence(42)
  for (let i = 0; i < (inject('thorough') ? 3000 : 500); i++) {
    const [a, b] = [randomDecimal(random), randomDecimal(random)]
    const exponent = Math.min(a.exponent, b.exponent)
    const [x, y] = [a, b].map((parts) => parts.coefficient * 10n ** BigInt(parts.exponent - exponent))
    const [left, right] = [a, b].map((parts) => make(parts.coefficient, parts.exponent, false)!)
    const label = `${left} and ${right}`
    expect(add(left, right, false), label).toEqual(make(x + y, exponent, false))
    const product = make(a.coefficient * b.coefficient, a.exponent + b.exponent, false)
    expect(multiply(left, right, false), label).toEqual(product)
    expect(Math.sign(compare(left, right)), label).toBe(x < y ? -1 : x > y ? 1 : 0)
  }
})

/** Numbers from 0 to 2^31, the same in every run. */
function sequence(seed: number): () => number {
  let state = seed
  return () => (state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff)
}

/** Up to 17 digits, up to 8 of them after the point. */
function randomDecimal(random: () => number): { coefficient: bigint; exponent: number } {
  const size = 10n ** BigInt((random() >> 8) % 18)
  const coefficient = (BigInt(random()) * 2n ** 31n + BigInt(random())) % size
  return { coefficient: random() & 256 ? -coefficient : coefficient, exponent: -((random() >> 8) % 9) }
}
