import { describe, expect, test } from 'vitest'
import { compare, compareText, equal } from './compare.ts'
import { toJson } from './json.ts'
import { add, canonical, compareNumbers, subtract } from './number.ts'
import { readItem, readValue } from './read.ts'
import { includesBytes } from './search.ts'
import { checkItemToPut, MAX_ITEM_BYTES, sizeOf, sizeOfValue } from './size.ts'
import { Steps } from './steps.ts'
import type { AttributeValue } from './value.ts'

const NINES = '9'.repeat(38)

describe('numbers in canonical form', () => {
  test.each([
    ['1.0', '1'],
    ['1e3', '1000'],
    ['-0', '0'],
    ['-0.00', '0'],
    ['0e126', '0'],
    ['+3', '3'],
    ['.123', '0.123'],
    ['5.', '5'],
    ['0001.2300', '1.23'],
    ['-17.4E37', `-174${'0'.repeat(36)}`],
    ['0000012345678901234567890123456789012345678', '12345678901234567890123456789012345678'],
    ['-00001.23456789012345678901234567890123456780000', '-1.2345678901234567890123456789012345678'],
    [`9.${'9'.repeat(37)}e125`, NINES + '0'.repeat(88)],
    ['1e-130', `0.${'0'.repeat(129)}1`],
  ])('%s is %s', (text, expected) => {
    expect(canonical(text)).toBe(expected)
    expect(canonical(expected)).toBe(expected)
  })

  test.each([
    ['', 'The parameter cannot be converted to a numeric value'],
    ...['NaN', 'Infinity', 'dog', ' 1', '1 ', '1e', '--1', '0x10', '1_000', '1e99999999999', '.'].map(
      (text) => [text, `The parameter cannot be converted to a numeric value: ${text}`],
    ),
    ['1e126', 'Number overflow. Attempting to store a number with magnitude larger than supported range'],
    ['-11e125', 'Number overflow. Attempting to store a number with magnitude larger than supported range'],
    [
      '0.9e-130',
      'Number underflow. Attempting to store a number with magnitude smaller than supported range',
    ],
    [
      '1e100000000',
      'Number overflow. Attempting to store a number with magnitude larger than supported range',
    ],
    [`1${NINES}`, 'Attempting to store more than 38 significant digits in a Number'],
  ])('%s is refused', (text, message) => {
    expect(() => canonical(text)).toThrow(expect.objectContaining({ name: 'ItemError', message }))
  })

  test('a text of a megabyte is refused unread', () => {
    expect(() => canonical('1'.repeat(1_000_000))).toThrow(/^The parameter cannot be converted.{0,150}$/)
  })
})

describe('sums are exact', () => {
  test.each([
    ['0.1', '0.2', '0.3'],
    ['1', '10000000000000000000000', '10000000000000000000001'],
    [NINES, '-1', `${'9'.repeat(37)}8`],
    [`9${'0'.repeat(125)}`, `9${'0'.repeat(124)}`, `99${'0'.repeat(124)}`],
    ['5', '-5', '0'],
  ])('%s + %s', (a, b, expected) => {
    expect(add(a, b)).toBe(expected)
    expect(subtract(expected, b)).toBe(a)
  })

  test.each([
    [`9${'0'.repeat(125)}`, `9${'0'.repeat(125)}`],
    [`1${'0'.repeat(50)}`, '1'],
  ])('%s + %s has too many digits', (a, b) => {
    expect(() => add(a, b)).toThrow('Number overflow. Attempting to store a number')
  })

  test('a difference below the smallest number is an underflow', () => {
    const smallest = canonical('1.5e-130')
    expect(() => subtract(smallest, canonical('1.0e-130'))).toThrow('Number underflow.')
  })

  test('numbers compare by value', () => {
    expect(compareNumbers('10', '9')).toBeGreaterThan(0)
    expect(compareNumbers('-10', '9')).toBeLessThan(0)
    expect(compareNumbers(NINES, `${'9'.repeat(37)}8`)).toBeGreaterThan(0)
    expect(compareNumbers(NINES, NINES)).toBe(0)
  })
})

describe('values', () => {
  test('are read in the form of the door and in that of JSON', () => {
    const json = {
      s: { S: '' },
      n: { N: '1.50' },
      b: { B: 'AQI=' },
      t: { BOOL: false },
      z: { NULL: true },
      m: { M: { a: { L: [{ S: 'x' }, { M: {} }] } } },
      ss: { SS: ['a', ''] },
      ns: { NS: ['1.0', '2'] },
      bs: { BS: ['AQ==', ''] },
    }
    const item = readItem(json)
    expect(item.b).toEqual({ B: Buffer.of(1, 2) })
    expect(Object.getPrototypeOf(item)).toBeNull()
    expect(readItem(item)).toEqual(item)
    expect(JSON.parse(JSON.stringify(toJson(item)))).toEqual({
      ...json,
      n: { N: '1.5' },
      ns: { NS: ['1', '2'] },
    })
  })

  test('names of prototypes are names like others', () => {
    const json =
      '{"__proto__":{"S":"a"},"constructor":{"M":{"__proto__":{"N":"1"}}},"toString":{"BOOL":true}}'
    const item = readItem(JSON.parse(json))
    expect(JSON.stringify(toJson(item))).toBe(json)
    expect(sizeOf(item)).toBe(9 + 1 + 11 + 3 + 1 + 9 + 2 + 8 + 1)
    expect(({} as { S?: string }).S).toBeUndefined()
  })

  const invalid = 'One or more parameter values were invalid: '
  test.each([
    [{}, 'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes'],
    [{ X: 1 }, 'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes'],
    [null, 'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes'],
    [
      { S: 'a', N: '1' },
      'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes',
    ],
    [{ SS: [] }, `${invalid}An string set  may not be empty`],
    [{ NS: [] }, `${invalid}An number set  may not be empty`],
    [{ BS: [] }, `${invalid}Binary sets should not be empty`],
    [{ SS: ['a', 'b', 'a'] }, `${invalid}Input collection [a, b, a] contains duplicates.`],
    [{ NS: ['1', '1.0'] }, 'Input collection contains duplicates'],
    [{ BS: ['AQ==', 'AQ=='] }, `${invalid}Input collection [AQ==, AQ==]of type BS contains duplicates.`],
    [{ L: [{ M: { a: { SS: [] } } }] }, `${invalid}An string set  may not be empty`],
    [{ M: { '': { S: 'a' } } }, `${invalid}Empty attribute name`],
    [{ S: 1 }, `${invalid}The value of type S has another form`],
    [{ L: {} }, `${invalid}The value of type L has another form`],
    [{ M: [] }, `${invalid}A map of attribute values is expected`],
    [{ B: 'A' }, `${invalid}A binary value is not base64`],
    [{ S: '\ud800' }, `${invalid}A string has a lone surrogate, which UTF-8 cannot represent`],
  ])('%j is refused', (value, message) => {
    expect(() => readValue(value)).toThrow(expect.objectContaining({ name: 'ItemError', message }))
  })

  test('nest 32 levels', () => {
    expect(readValue(nested(31))).toBeDefined()
    for (const levels of [32, 33, 10_000])
      expect(() => readValue(nested(levels))).toThrow('Nesting Levels have exceeded supported limits')
  })
})

describe('sizes', () => {
  test.each([
    ['1', 2],
    ['12', 2],
    ['123', 3],
    ['12345678901234567890123456789012345678', 20],
    ['100', 2],
    ['1010', 3],
    ['0.0000001', 2],
    ['0', 1],
    ['1e125', 2],
    ['1.5', 3],
    ['1.234', 4],
    ['3.14159', 5],
    ['100.5', 4],
    ['0.15', 2],
    ['-42', 3],
    ['-12345', 5],
  ])('of %s', (number, bytes) => {
    expect(sizeOfValue({ N: canonical(number) })).toBe(bytes)
  })

  test('of an item are those of names and values', () => {
    const item = readItem({
      é: { S: 'éa' },
      b: { B: 'AQI=' },
      l: { L: [{ BOOL: true }, { NULL: true }] },
      m: { M: { xy: { S: 'z' } } },
      ss: { SS: ['ab', 'c'] },
    })
    expect(sizeOf(item)).toBe(2 + 3 + (1 + 2) + (1 + 3 + 4) + (1 + 3 + 1 + 2 + 1) + (2 + 3))
  })

  test('of items are at most 400 KB', () => {
    const item = readItem({ a: { S: 'x'.repeat(MAX_ITEM_BYTES - 1) } })
    checkItemToPut(item)
    expect(() => checkItemToPut({ ...item, b: { S: '' } })).toThrow(
      'Item size has exceeded the maximum allowed size',
    )
  })
})

describe('order and equality', () => {
  test('strings have the order of their UTF-8', () => {
    const texts = [
      '',
      '\0',
      'a',
      'a\0',
      'aa',
      'é',
      '\uffff',
      '\u{10000}',
      '\u{10000}a',
      '\u{10ffff}',
      '\ue000',
    ]
    for (const a of texts)
      for (const b of texts)
        expect(Math.sign(compareText(a, b)), `${a} ${b}`).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
  })

  test('values of different types, and of types without an order', () => {
    expect(compare({ S: '1' }, { N: '1' }, new Steps())).toBeUndefined()
    expect(compare({ BOOL: true }, { BOOL: false }, new Steps())).toBeUndefined()
    expect(compare({ B: Buffer.of(0x80) }, { B: Buffer.of(0x7f, 1) }, new Steps())).toBe(1)
  })

  test.each<[unknown, unknown, boolean]>([
    [{ SS: ['a', 'b'] }, { SS: ['b', 'a'] }, true],
    [{ NS: ['1', '2'] }, { NS: ['2.0', '1'] }, true],
    [{ BS: ['AQ==', 'Ag=='] }, { BS: ['Ag==', 'AQ=='] }, true],
    [{ SS: ['a'] }, { SS: ['a', 'b'] }, false],
    [{ SS: ['1'] }, { NS: ['1'] }, false],
    [{ L: [{ N: '1' }] }, { L: [{ N: '1.0' }] }, true],
    [{ L: [{ N: '1' }, { N: '2' }] }, { L: [{ N: '2' }, { N: '1' }] }, false],
    [{ M: { a: { S: 'x' }, b: { S: 'y' } } }, { M: { b: { S: 'y' }, a: { S: 'x' } } }, true],
    [{ M: { a: { S: 'x' } } }, { M: { constructor: { S: 'x' } } }, false],
    [{ BOOL: true }, { BOOL: false }, false],
    [{ NULL: true }, { NULL: true }, true],
  ])('%j and %j', (a, b, expected) => {
    const [x, y] = [readValue(a), readValue(b)]
    expect(equal(x, y, new Steps())).toBe(expected)
    expect(equal(y, x, new Steps())).toBe(expected)
  })

  test('bytes are found wherever they are', () => {
    const haystack = Buffer.concat([Buffer.alloc(300_000, 'ab'), Buffer.alloc(10_000, 'c')])
    const needle = (text: string, length: number): Buffer => Buffer.alloc(length, text)
    expect(includesBytes(haystack, needle('ab', 200_000))).toBe(true)
    expect(includesBytes(haystack, Buffer.concat([needle('ab', 5000), needle('c', 10_000)]))).toBe(true)
    expect(includesBytes(haystack, Buffer.concat([needle('ab', 5000), needle('c', 10_001)]))).toBe(false)
    expect(includesBytes(haystack, needle('ba', 300_000))).toBe(false)
    expect(includesBytes(haystack, Buffer.alloc(0))).toBe(true)
  })
})

function nested(levels: number): AttributeValue {
  let value: AttributeValue = { S: 'a' }
  for (let i = 0; i < levels; i++) value = i % 2 === 0 ? { L: [value] } : { M: { a: value } }
  return value
}
