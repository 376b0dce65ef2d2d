import { describe, expect, test } from 'vitest'
import type { MessageAttribute } from './attributes.ts'
import { array, matchesAttributes, number, text } from './testing/matches.ts'

/** Alternatives for the attribute "x", and values that they accept and refuse. */
type Case = readonly [
  alternatives: readonly unknown[],
  accepted: readonly MessageAttribute[],
  refused: readonly MessageAttribute[],
]

const check = (
  alternatives: readonly unknown[],
  accepted: readonly unknown[],
  refused: readonly unknown[],
) => {
  const matches = (value: unknown) => matchesAttributes({ x: alternatives }, { x: value as MessageAttribute })
  expect(accepted.map(matches)).toEqual(accepted.map(() => true))
  expect(refused.map(matches)).toEqual(refused.map(() => false))
}

describe('texts of attributes match as SNS documents', () => {
  test.each<Case>([
    [
      ['rugby', 'tennis'],
      [text('rugby'), text('tennis'), array(['rugby', 'tennis'])],
      [text('baseball'), array(['baseball']), text('Rugby')],
    ],
    [
      [{ 'anything-but': ['rugby', 'tennis'] }],
      [text('baseball'), text('football'), array(['rugby', 'baseball'])],
      [text('rugby'), array(['rugby']), array(['rugby', 'tennis'])],
    ],
    [
      [{ 'anything-but': { prefix: 'order-' } }],
      [text('data-entry'), text('order_number')],
      [text('order-cancelled')],
    ],
    [
      [{ wildcard: '*ball' }],
      [text('baseball'), array(['rugby', 'basketball'])],
      [text('rugby'), number('1')],
    ],
    [[{ wildcard: '*/src/*.js' }], [text('app/src/index.js')], [text('app/src/index.ts'), text('src/a.js')]],
    [[{ wildcard: 'log-*-2025.txt' }], [text('log-app-2025.txt')], [text('LOG-app-2025.txt')]],
    [
      [{ 'anything-but': { wildcard: '*ball' } }],
      [text('rugby'), array(['baseball', 'rugby']), number('1')],
      [text('baseball'), array(['baseball', 'basketball'])],
    ],
    [['prod', { wildcard: 'staging-*' }], [text('prod'), text('staging-us')], [text('staging')]],
    [[{ 'equals-ignore-case': 'tennis' }], [text('TENNIS'), text('Tennis')], [text('tenis')]],
    [
      [{ cidr: '10.0.0.0/24' }],
      [text('10.0.0.0'), text('10.0.0.255')],
      [text('10.1.1.0'), text('10.0.0.256')],
    ],
    [[{ prefix: 'bas' }], [text('baseball'), text('basketball')], [text('rugby'), number('1')]],
    [[{ suffix: 'ball' }], [text('baseball'), text('basketball')], [text('rugby')]],
  ])('%j', check)
})

describe('numbers of attributes match as SNS documents', () => {
  test.each<Case>([
    [[{ numeric: ['=', 301.5] }], [number('301.5'), number('3.015e2')], [number('301.6'), text('301.5')]],
    [
      [{ 'anything-but': [100, 500] }],
      [number('101'), number('100.1'), array([100, 50]), text('100')],
      [number('100')],
    ],
    [[{ 'anything-but': 100 }], [number('50'), number('150')], [number('100')]],
    [[{ 'anything-but': ['100'] }], [number('50'), number('100')], [text('100')]],
    [[{ numeric: ['<', 0] }], [number('-1'), number('-0.5')], [number('0'), number('1')]],
    [[{ numeric: ['<=', 0] }], [number('0')], [number('0.1')]],
    [[{ numeric: ['>', 100] }], [number('100.00001'), number('1000000000')], [number('100')]],
    [[{ numeric: ['>', 0, '<=', 150] }], [number('0.1'), number('150')], [number('0'), number('150.1')]],
    [[{ numeric: ['>', 49, '<=', 100] }], [number('50'), number('100')], [number('150')]],
    [[{ numeric: ['>=', 1, '<', 2] }], [number('1'), array([0, 1.5])], [number('2')]],
    [[100], [number('100'), number('100.0'), number('1e2')], [number('101'), text('100')]],
    [[100.1], [number('100.1')], [number('100')]],
  ])('%j', check)

  test('with six digits after the decimal point', () => {
    check([100.123456789], [number('100.1234567'), array([100.1234567, 50])], [number('100.123455')])
  })

  test('up to five billion either way; others are equal to themselves', () => {
    check([1000000001], [number('1000000001')], [number('1000000002')])
    check([5e9], [number('5000000000')], [number('5000000001')])
    check([6e9], [number('6000000000')], [number('6000000001')])
    check([{ numeric: ['>', 0] }], [number('5000000000')], [number('6000000000')])
  })

  test('not if the text is no decimal number', () => {
    check(
      [16, 0, { exists: true }],
      [number('16'), number('+16.'), number('.0')],
      [number('0x10'), number('')],
    )
    check([{ 'anything-but': 1 }], [], [number('one'), number('NaN'), number('1e')])
  })
})

describe('the type of an attribute decides', () => {
  test('the elements of an array are compared each, by their own types', () => {
    check([100, 500], [array([100, 50]), array(['x', 500])], [array([50]), array(['100'])])
    check([true], [array([true, false])], [array([false]), array(['true']), text('true')])
    check([null], [array([null])], [array(['null']), array([0]), text('null')])
    check(['a'], [array([['b', ['a']]])], [array([{ x: 'a' }]), array({ x: 'a' })])
  })

  test('an array attribute may also have a single value', () => {
    check([100, 500], [array(100)], [array('100')])
    check(['a'], [array('a')], [])
  })

  test('an array that is no JSON matches nothing', () => {
    const malformed = { DataType: 'String.Array', StringValue: 'one hundred' }
    check([100, { exists: true }, { exists: false }, { 'anything-but': 'x' }], [], [malformed])
    expect(matchesAttributes({ y: [{ exists: false }] }, { x: malformed })).toBe(true)
  })

  test('binary attributes are ignored, labels are not compared', () => {
    const binary = { DataType: 'Binary', BinaryValue: Buffer.from('a') }
    check(['a', { exists: true }], [], [binary, { ...binary, StringValue: 'a' }])
    check(['a'], [], [{ DataType: 'Binary.Array', StringValue: '["a"]' }])
    check([{ exists: false }], [binary], [])
    check(
      ['a'],
      [{ DataType: 'String.label', StringValue: 'a' }],
      [{ DataType: 'Binary.x', StringValue: 'a' }],
    )
    check([1], [{ DataType: 'Number.int', StringValue: '1' }], [])
    check([1], [{ DataType: 'Number.Array', StringValue: '[1]' }], [{ DataType: 'Other', StringValue: '1' }])
  })
})

describe('keys match as SNS documents', () => {
  const store = { store: text('fans'), customer_interests: array(['baseball', 'basketball']) }
  const none = { customer_interests: array(['baseball', 'basketball']) }

  test('exists', () => {
    expect(matchesAttributes({ store: [{ exists: true }] }, store)).toBe(true)
    expect(matchesAttributes({ store: [{ exists: true }] }, none)).toBe(false)
    expect(matchesAttributes({ store: [{ exists: false }] }, store)).toBe(false)
    expect(matchesAttributes({ store: [{ exists: false }] }, none)).toBe(true)
  })

  test('an empty set of attributes does not match "exists": false', () => {
    expect(matchesAttributes({ store: [{ exists: false }] }, {})).toBe(false)
  })

  test('an empty array, null and an empty text do not match "exists": true', () => {
    check([{ exists: true }], [array(['', 'a']), number('0')], [array([]), array([null]), array([''])])
  })

  test('"exists": false together with anything-but', () => {
    const policy = { store: [{ exists: false }, { 'anything-but': 'fans' }] }
    expect(matchesAttributes(policy, none)).toBe(true)
    expect(matchesAttributes(policy, store)).toBe(false)
  })

  test('null and anything-but match no absent attribute', () => {
    expect(matchesAttributes({ attr1: [null, { 'anything-but': 'whatever' }] }, {})).toBe(false)
    expect(matchesAttributes({ attr1: [null, { 'anything-but': 'whatever' }] }, none)).toBe(false)
  })

  test('names are whole, and those of JavaScript are like others', () => {
    expect(matchesAttributes({ 'a.b': ['x'] }, { 'a.b': text('x') })).toBe(true)
    expect(matchesAttributes({ constructor: [{ exists: true }] }, { x: text('x') })).toBe(false)
    const own = JSON.parse('{"__proto__":{"DataType":"String","StringValue":"x"}}')
    expect(
      matchesAttributes(JSON.parse('{"__proto__":["x"]}'), own as Record<string, MessageAttribute>),
    ).toBe(true)
  })
})

describe('several keys', () => {
  const attributes = {
    store: text('example_corp'),
    event: text('order_cancelled'),
    customer_interests: array(['basketball', 'rugby']),
    price: number('100'),
  }
  const policy = {
    store: [{ exists: true }],
    event: ['order_cancelled'],
    customer_interests: ['basketball', 'baseball'],
    price: [100],
  }

  test('must all match', () => {
    expect(matchesAttributes(policy, attributes)).toBe(true)
    expect(matchesAttributes({ ...policy, encrypted: [false] }, attributes)).toBe(false)
    expect(matchesAttributes({ ...policy, price: [99] }, attributes)).toBe(false)
    expect(matchesAttributes({ store: ['test'] }, {})).toBe(false)
  })

  test('an empty policy matches every message', () => {
    expect(matchesAttributes({}, {})).toBe(true)
    expect(matchesAttributes({}, attributes)).toBe(true)
  })

  test('$or needs one of its alternatives', () => {
    const or = {
      source: ['aws.cloudwatch'],
      $or: [
        { metricName: ['CPUUtilization'] },
        {
          metricType: ['MetricType'],
          $or: [{ metricId: [1234] }, { spaceId: [1, 2] }],
        },
      ],
    }
    const source = text('aws.cloudwatch')
    const metricType = text('MetricType')
    const matches = (one: Record<string, MessageAttribute>) => matchesAttributes(or, one)
    expect(matches({ source, metricName: text('CPUUtilization') })).toBe(true)
    expect(matches({ source, metricType, metricId: number('1234') })).toBe(true)
    expect(matches({ source, metricType, spaceId: number('2') })).toBe(true)
    expect(matches({ source })).toBe(false)
    expect(matches({ source, metricType })).toBe(false)
    expect(matches({ metricName: text('CPUUtilization') })).toBe(false)
  })

  test('$or is a name like others if it cannot be the operator', () => {
    const affixes = { $or: [{ prefix: 'abc' }, { suffix: 'xyz' }] }
    expect(matchesAttributes(affixes, { $or: text('abc1') })).toBe(true)
    expect(matchesAttributes(affixes, { $or: text('x') })).toBe(false)
    expect(matchesAttributes({ $or: ['a', 'b'] }, { $or: text('b') })).toBe(true)
  })
})
