import { describe, expect, test } from 'vitest'
import { compare } from '../values/compare.ts'
import { readItem, readValue } from '../values/read.ts'
import { Steps } from '../values/steps.ts'
import { decodeKey, encodeKey, partitionPrefix, tablePrefix } from './encode.ts'
import { keyRange, type SortCondition } from './range.ts'
import {
  checkFilterPaths,
  checkKeyPaths,
  type KeySchema,
  type KeyValue,
  keyItem,
  keyOfItem,
  readKey,
} from './schema.ts'

const NUMBERS = [
  '-9.9999999999999999999999999999999999999e125',
  '-1e125',
  '-1000.5',
  '-1000',
  '-12.5',
  '-12',
  '-1.01',
  '-1',
  '-0.1',
  '-0.01',
  '-1e-130',
  '0',
  '1e-130',
  '0.01',
  '0.09',
  '0.1',
  '1',
  '1.000000000000000000000000000000000001',
  '1.01',
  '9.99',
  '10',
  '12',
  '12.5',
  '99',
  '100',
  '1000',
  '12345678901234567890123456789012345677',
  '12345678901234567890123456789012345678',
  '1e125',
  '9.9999999999999999999999999999999999999e125',
].map((text) => readValue({ N: text }) as KeyValue)
const STRINGS = ['\0', '\0\0', '\0a', 'a', 'a\0', 'a\0b', 'aa', 'ab', 'b', 'é', '\uffff', '\u{10000}'].map(
  (text): KeyValue => ({ S: text }),
)
const BLOBS = [[0], [0, 0], [0, 0xff], [1], [0x7f], [0x80], [0xff], [0xff, 0], [0xff, 0xff]].map(
  (bytes): KeyValue => ({ B: Buffer.from(bytes) }),
)
const PARTITION: KeyValue = { S: 'p' }

describe('keys as bytes', () => {
  test.each([
    ['numbers', NUMBERS],
    ['strings', STRINGS],
    ['binary values', BLOBS],
  ])('%s have their order, and come back', (_, values) => {
    const keys = values.map((sort) => encodeKey('t', { partition: PARTITION, sort }))
    for (let i = 0; i < keys.length; i++) {
      expect(decodeKey(keys[i])).toEqual({ tableId: 't', partition: PARTITION, sort: values[i] })
      for (let j = 0; j < keys.length; j++) {
        const order = Math.sign(compare(values[i], values[j], new Steps())!)
        expect(Buffer.compare(keys[i], keys[j]), `${i} ${j}`).toBe(order)
      }
    }
  })

  test('random numbers have their order, and come back', () => {
    const random = sequence(7)
    const values = Array.from({ length: 400 }, () => readValue({ N: randomNumber(random) }) as KeyValue)
    const keys = values.map((sort) => encodeKey('t', { partition: PARTITION, sort }))
    keys.forEach((key, i) => {
      expect(decodeKey(key).sort).toEqual(values[i])
      const other = (i * 7 + 1) % keys.length
      expect(Buffer.compare(key, keys[other])).toBe(
        Math.sign(compare(values[i], values[other], new Steps())!),
      )
    })
  })

  test('no partition value begins with another one', () => {
    const values = [...NUMBERS, ...STRINGS, ...BLOBS]
    const prefixes = values.map((partition) => partitionPrefix('t', partition))
    for (const [i, prefix] of prefixes.entries()) {
      expect(decodeKey(prefix)).toEqual({ tableId: 't', partition: values[i] })
      for (const [j, other] of prefixes.entries())
        if (i !== j) expect(other.subarray(0, prefix.length).equals(prefix), `${i} ${j}`).toBe(false)
    }
  })

  test('keys of a table begin with its id', () => {
    const key = encodeKey('table', { partition: PARTITION })
    expect(key.subarray(0, 6)).toEqual(tablePrefix('table'))
    expect(tablePrefix('tab')[0]).not.toBe(tablePrefix('table')[0])
    expect(() => tablePrefix('x'.repeat(256))).toThrow('The id of a table has 256 bytes')
  })

  test('have at most 1,000 bytes', () => {
    const sort: KeyValue = { S: 'x'.repeat(1000 - 2 - 1 - 1 - 2 - 1) }
    expect(encodeKey('t', { partition: PARTITION, sort })).toHaveLength(1000)
    expect(() => encodeKey('t', { partition: PARTITION, sort: { S: `${sort.S}x` } })).toThrow(
      'The key has 1001 bytes in storage; at most 1000 are allowed. Use shorter key values',
    )
  })

  test.each([
    [[]],
    [[1]],
    [[1, 0x74]],
    [[1, 0x74, 2, 0x61]],
    [[1, 0x74, 2, 0x61, 0]],
    [[1, 0x74, 2, 0x61, 0, 1]],
    [[1, 0x74, 9, 0x61, 0, 0]],
    [[1, 0x74, 1, 5]],
    [[1, 0x74, 1, 0x81, 130]],
    [[1, 0x74, 1, 0x81, 130, 0]],
    [[1, 0x74, 1, 0x81, 130, 200, 0]],
    [[1, 0x74, 1, 0x80, 1, 0x80, 1]],
  ])('the bytes %j are not a key', (bytes) => {
    expect(() => decodeKey(Buffer.from(bytes))).toThrow('The bytes are not a key of an item')
  })
})

describe('ranges', () => {
  const operators = ['=', '<', '<=', '>', '>='] as const
  const holds: Record<(typeof operators)[number], (order: number) => boolean> = {
    '=': (order) => order === 0,
    '<': (order) => order < 0,
    '<=': (order) => order <= 0,
    '>': (order) => order > 0,
    '>=': (order) => order >= 0,
  }
  const isIn = (sort: SortCondition | undefined, value: KeyValue): boolean => {
    const { start, end } = keyRange('t', { partition: PARTITION, sort })
    const key = encodeKey('t', { partition: PARTITION, sort: value })
    return Buffer.compare(start, key) <= 0 && Buffer.compare(key, end) < 0
  }

  test.each([
    ['numbers', NUMBERS],
    ['strings', STRINGS],
    ['binary values', BLOBS],
  ])('%s are in the ranges of comparisons exactly if they compare so', (_, values) => {
    for (const value of values)
      for (const bound of values) {
        const order = compare(value, bound, new Steps())!
        for (const operator of operators)
          expect(isIn({ operator, value: bound }, value)).toBe(holds[operator](order))
        expect(isIn({ operator: 'BETWEEN', lower: bound, upper: bound }, value)).toBe(order === 0)
      }
    expect(values.every((value) => isIn(undefined, value))).toBe(true)
    const between = values.filter((value) =>
      isIn({ operator: 'BETWEEN', lower: values[1], upper: values[4] }, value),
    )
    expect(between).toEqual(values.slice(1, 5))
  })

  test('begins_with has all that begin so', () => {
    const begin = (value: KeyValue): KeyValue[] =>
      [...STRINGS, ...BLOBS].filter((other) => isIn({ operator: 'begins_with', value }, other))
    expect(begin({ S: 'a' })).toEqual(['a', 'a\0', 'a\0b', 'aa', 'ab'].map((text) => ({ S: text })))
    expect(begin({ B: Buffer.of(0xff) })).toEqual(BLOBS.slice(-3))
    expect(begin({ B: Buffer.of(0xff, 0xff) })).toEqual(BLOBS.slice(-1))
  })

  test('other partition values are outside', () => {
    const { start, end } = keyRange('t', { partition: { S: 'a' } })
    for (const partition of STRINGS) {
      const key = encodeKey('t', { partition, sort: { S: 'x' } })
      const inside = Buffer.compare(start, key) <= 0 && Buffer.compare(key, end) < 0
      expect(inside).toBe('S' in partition && partition.S === 'a')
    }
  })
})

describe('keys of items', () => {
  const schema: KeySchema = { partition: { name: 'p', type: 'S' }, sort: { name: 's', type: 'N' } }
  const item = readItem({ p: { S: 'a' }, s: { N: '1' }, x: { BOOL: true } })

  test('are found in items and in requests', () => {
    const key = { partition: { S: 'a' }, sort: { N: '1' } }
    expect(keyOfItem(schema, item)).toEqual(key)
    expect(readKey(schema, readItem({ s: { N: '1' }, p: { S: 'a' } }))).toEqual(key)
    expect(keyItem(schema, key)).toEqual(readItem({ p: { S: 'a' }, s: { N: '1' } }))
  })

  const invalid = 'One or more parameter values were invalid: '
  const empty =
    'One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty'
  test.each([
    [{ p: { S: 'a' } }, `${invalid}Missing the key s in the item`],
    [{ s: { N: '1' } }, `${invalid}Missing the key p in the item`],
    [{ p: { N: '1' }, s: { N: '1' } }, `${invalid}Type mismatch for key p expected: S actual: N`],
    [{ p: { S: '' }, s: { N: '1' } }, `${empty} string value. Key: p`],
    [
      { p: { S: 'x'.repeat(2049) }, s: { N: '1' } },
      `${invalid}Size of hashkey has exceeded the maximum size limit of2048 bytes`,
    ],
  ])('item %j', (attributes, message) => {
    expect(() => keyOfItem(schema, readItem(attributes))).toThrow(message)
  })

  test.each([
    [{ p: { S: 'a' } }],
    [{ p: { S: 'a' }, s: { S: '1' } }],
    [{ p: { S: 'a' }, x: { N: '1' } }],
    [{ p: { S: 'a' }, s: { N: '1' }, x: { N: '1' } }],
    [{}],
  ])('key %j', (attributes) => {
    expect(() => readKey(schema, readItem(attributes))).toThrow(
      'The provided key element does not match the schema',
    )
  })

  test('a binary sort value has 1 to 1,024 bytes', () => {
    const binary: KeySchema = { partition: { name: 'p', type: 'S' }, sort: { name: 's', type: 'B' } }
    const of = (bytes: number) => readKey(binary, { p: { S: 'a' }, s: { B: Buffer.alloc(bytes) } })
    expect(of(1024).sort).toBeDefined()
    expect(() => of(0)).toThrow(`${empty} binary value. Key: s`)
    expect(() => of(1025)).toThrow(
      'Aggregated size of all range keys has exceeded the size limit of 1024 bytes',
    )
  })

  test('paths do not lead into keys, and filters do not read them', () => {
    checkKeyPaths(schema, [['p'], ['x', 'p', 0]])
    expect(() => checkKeyPaths(schema, [['x'], ['s', 0]])).toThrow(
      "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: s",
    )
    checkFilterPaths(schema, [['x', 'p']])
    expect(() => checkFilterPaths(schema, [['x'], ['p']])).toThrow(
      'Filter Expression can only contain non-primary key attributes: Primary key attribute: p',
    )
  })
})

/** Numbers from 0 to 2^31, the same in every run. */
function sequence(seed: number): () => number {
  let state = seed
  return () => (state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff)
}

function randomNumber(random: () => number): string {
  const digits = Array.from({ length: 1 + ((random() >> 8) % 38) }, () => (random() >> 8) % 10).join('')
  const exponent = ((random() >> 8) % 200) - 100 - digits.length
  return `${(random() >> 8) % 2 ? '-' : ''}${digits}e${exponent}`
}
