import { describe, expect, test } from 'vitest'
import { FilterPolicyError } from '../errors.ts'
import { parseFilterPolicy } from './filter-policy.ts'
import type { FilterPolicyScope } from './rules.ts'

function refusal(text: string, scope: FilterPolicyScope = 'MessageAttributes'): string {
  try {
    parseFilterPolicy(text, scope)
    return 'accepted'
  } catch (error) {
    if (error instanceof FilterPolicyError) return error.message
    throw error
  }
}

const refusalOf = (policy: unknown, scope?: FilterPolicyScope): string =>
  refusal(JSON.stringify(policy, undefined, ' '), scope)

describe('SNS’s error with the place in the policy without white space', () => {
  /** Recorded answers of SNS, from the conformance tests of LocalStack. */
  const RECORDED: readonly (readonly [policy: unknown, problem: string, column: number])[] = [
    [{ key: [['value']] }, 'Match value must be String, number, true, false, or null', 10],
    [{ key: [{ 'wrong-operator': true }] }, 'Unrecognized match type wrong-operator', 31],
    [{ key: [{ suffix: 'value', prefix: 'value2' }] }, 'Only one key allowed in match expression', 37],
    [{ key: [] }, 'Empty arrays are not allowed', 10],
    [{ key: [{ suffix: 100 }] }, 'suffix match pattern must be a string', 22],
    [{ key: [{ suffix: null }] }, 'suffix match pattern must be a string', 23],
    [{ key: [{ suffix: [] }] }, 'suffix match pattern must be a string', 20],
    [{ key: [{ suffix: ['test', 'test2'] }] }, 'suffix match pattern must be a string', 20],
    [{ key: { suffix: 'value' } }, '"suffix" must be an object or an array', 19],
    [{ key: { suffix: 'value', prefix: 'value' } }, '"suffix" must be an object or an array', 19],
    [{ key: { 'not-an-operator': 'value' } }, '"not-an-operator" must be an object or an array', 28],
    [{ key_a: 'value_one' }, '"key_a" must be an object or an array', 11],
    [{ key: [{ cidr: ['bad-filter'] }] }, 'prefix match pattern must be a string', 18],
    [{ key: [{ numeric: [] }] }, 'Invalid member in numeric match: ]', 22],
    [{ key: [{ numeric: ['operator'] }] }, 'Unrecognized numeric range operator: operator', 32],
    [{ key: [{ numeric: [1, '<='] }] }, 'Invalid member in numeric match: 1', 22],
    [{ key: [{ numeric: ['=', '000'] }] }, 'Value of equals must be numeric', 26],
    [{ key: [{ numeric: ['>='] }] }, 'Value of >= must be numeric', 26],
    [{ key: [{ numeric: ['<', 100, '>', 10] }] }, 'Too many elements in numeric expression', 30],
    [{ key: [{ numeric: ['>=', 1, '>', 2] }] }, 'Bad numeric range operator: >', 31],
    [{ key: [{ numeric: ['>', 3, '<', 1] }] }, 'Bottom must be less than top', 33],
    [{ key: [{ numeric: ['>', 20, '<='] }] }, 'Value of <= must be numeric', 33],
    [{ key: [{ numeric: ['>', 20, 30] }] }, 'Bad value in numeric range: 30', 30],
    [{ key: [{ numeric: ['>', 20, 'test'] }] }, 'Bad numeric range operator: test', 34],
    [{ key: [{ numeric: ['>', '20', '<', '30'] }] }, 'Value of > must be numeric', 26],
    [{ key: [{ numeric: ['>', 20, '<', '30'] }] }, 'Value of < must be numeric', 33],
    [{ key: [{ numeric: ['>', 20, '<', 30, '<', 50] }] }, 'Too many terms in numeric range expression', 36],
    [{ key: [{ exists: null }] }, 'exists match pattern must be either true or false.', 23],
    [{ key: [{ exists: 'no' }] }, 'exists match pattern must be either true or false.', 20],
    [
      { key: [{ 'anything-but': { 'wrong-operator': null } }] },
      'Unsupported anything-but pattern: wrong-operator',
      47,
    ],
    [{ key: [{ 'anything-but': { suffix: 'test' } }] }, 'Unsupported anything-but pattern: suffix', 36],
    [{ key: [{ 'anything-but': { exists: false } }] }, 'Unsupported anything-but pattern: exists', 40],
    [{ key: [{ 'anything-but': { prefix: false } }] }, 'prefix match pattern must be a string', 40],
  ]

  test.each(RECORDED)('%j: %s', (policy, problem, column) => {
    const source = JSON.stringify(policy)
    expect(refusalOf(policy)).toBe(
      `FilterPolicy: ${problem}\n at [Source: (String)"${source}"; line: 1, column: ${column}]`,
    )
  })

  test.each<[policy: unknown, problem: string]>([
    [[], 'Filter is not an object'],
    ['key', 'Filter is not an object'],
    [{ key: {} }, 'Empty objects are not allowed'],
    [{ key: [{}] }, 'Match expression name not found'],
    [{ key: [{ wildcard: 1 }] }, 'wildcard match pattern must be a string'],
    [{ key: [{ wildcard: 'é**' }] }, 'Consecutive wildcard characters at pos 3'],
    [{ key: [{ wildcard: 'a\\b' }] }, 'Invalid escape character at pos 2'],
    [{ key: [{ 'anything-but': { wildcard: ['a*'] } }] }, 'wildcard match pattern must be a string'],
    [{ key: [{ 'anything-but': { wildcard: '**' } }] }, 'Consecutive wildcard characters at pos 1'],
    [{ key: [JSON.parse('{"__proto__":"a"}')] }, 'Unrecognized match type __proto__'],
    [{ key: [{ numeric: 5 }] }, 'Value of numeric must be an array.'],
    [{ key: [{ numeric: ['=', 5e9 + 1] }] }, 'Value must be between -5.0E9 and 5.0E9, inclusive'],
    [{ key: [{ numeric: ['=', 1], prefix: 'x' }] }, 'Too many elements in numeric expression'],
    [{ key: [{ numeric: ['<', -5e9] }] }, 'Bottom must be less than top'],
    [{ key: [{ 'anything-but': [] }] }, 'Inside anything but list, either all values are number or string'],
    [{ key: [{ 'anything-but': [1, 'a'] }] }, 'Inside anything but list, either all values are number or'],
    [{ key: [{ 'anything-but': [null] }] }, 'Inside anything but list, start|null|boolean is not supported.'],
    [{ key: [{ 'anything-but': true }] }, 'Value of anything-but must be an array or single string/number'],
    [{ key: [{ 'anything-but': { prefix: '' } }] }, 'Null prefix not allowed'],
    [{ key: [{ 'anything-but': { prefix: 'a', suffix: 'b' } }] }, 'Only one key allowed in match expression'],
    [{ $or: [{ key: ['a'] }] }, 'There must have at least 2 Objects in $or relationship.'],
    [{ $or: [{ numeric: 123 }, { prefix: 'abc' }] }, 'numeric is Ruler reserved fieldName'],
    [{ $or: { key: [['a']] } }, 'It must be an Array followed with $or.'],
  ])('%j: %s', (policy, problem) => {
    expect(refusalOf(policy).startsWith(`FilterPolicy: ${problem}`)).toBe(true)
  })

  test('a long policy is shown in part', () => {
    const key = 'k'.repeat(600)
    expect(refusalOf({ [key]: [] })).toBe(
      `FilterPolicy: Empty arrays are not allowed\n at [Source: (String)"{"${'k'.repeat(498)}"` +
        '[truncated 107 chars]; line: 1, column: 607]',
    )
  })
})

describe('SNS’s error without a place', () => {
  test.each<[policy: unknown, message: string]>([
    [{ key: [{ cidr: 'bad-filter' }] }, "FilterPolicy: Malformed CIDR, one '/' required"],
    [{ key: [{ cidr: 'bad-filter/64' }] }, 'FilterPolicy: Nonstandard IP address: bad-filter'],
    [{ key: [{ cidr: 'bad-/64filter' }] }, 'FilterPolicy: Malformed CIDR, mask bits must be an integer'],
    [{ key: [{ cidr: 'xx.11.xx/8' }] }, 'FilterPolicy: Nonstandard IP address: xx.11.xx'],
    [
      { key: [{ cidr: 'xxxx:db8:1234:1a00::/64' }] },
      'FilterPolicy: Nonstandard IP address: xxxx:db8:1234:1a00::',
    ],
    [{ key: [{ cidr: '10.0.0.256/8' }] }, 'FilterPolicy: Invalid IP address: 10.0.0.256'],
    [{ key: [{ cidr: '10.0.0.0/-1' }] }, 'FilterPolicy: Malformed CIDR, mask bits must not be negative'],
    [{ key: [{ cidr: '10.0.0.1/32' }] }, 'FilterPolicy: IPv4 mask bits must be < 32'],
    [{ key: [{ cidr: '2001:db8::/128' }] }, 'FilterPolicy: IPv6 mask bits must be < 128'],
  ])('%j', (policy, message) => {
    expect(refusalOf(policy)).toBe(message)
  })

  test('attributes have no nested fields', () => {
    const nested = 'Filter policy scope MessageAttributes does not support nested filter policy'
    expect(refusalOf({ object: { key: [{ prefix: 'auto-' }] } })).toBe(nested)
    expect(refusalOf({ store: { key: [{ exists: null }] } })).toBe(nested)
    expect(refusalOf({ object: { key: [{ prefix: 'auto-' }] } }, 'MessageBody')).toBe('accepted')
  })
})

describe('a policy has at most five keys', () => {
  const five = { key_a: ['1'], key_b: ['2'], key_c: ['3'], key_d: ['4'], key_e: ['5'] }

  test.each<FilterPolicyScope>(['MessageAttributes', 'MessageBody'])('in the scope %s', (scope) => {
    expect(refusalOf(five, scope)).toBe('accepted')
    expect(refusalOf({ ...five, key_f: ['6'] }, scope)).toBe(
      'FilterPolicy: Filter policy can not have more than 5 keys',
    )
  })

  test('of which each counts once', () => {
    const either = [{ key_a: ['1'], key_b: ['1'] }, { key_a: ['1'], key_c: ['1'] }, { key_a: ['2'] }]
    expect(refusalOf({ $or: either, key_d: ['4'], key_e: ['5'] })).toBe('accepted')
    expect(refusalOf({ $or: [...either, { key_f: ['6'] }], key_d: ['4'], key_e: ['5'] })).toBe(
      'FilterPolicy: Filter policy can not have more than 5 keys',
    )
  })

  test('of which only the leaves count', () => {
    const key_a = { key_b: { key_c: ['1'] } }
    const key_d = { key_e: ['2'], key_f: ['3'] }
    expect(refusalOf({ key_a, key_d, key_g: ['4'], key_h: ['5'] }, 'MessageBody')).toBe('accepted')
    expect(refusalOf({ key_a, key_d, key_g: ['4'], key_h: ['5'], key_i: ['6'] }, 'MessageBody')).toBe(
      'FilterPolicy: Filter policy can not have more than 5 keys',
    )
  })
})

describe('a policy has at most 150 combinations', () => {
  const complex = 'FilterPolicy: Filter policy is too complex'
  const values = (count: number, prefix = 'value') => Array.from({ length: count }, (_, i) => `${prefix}${i}`)

  test('of the values of several keys', () => {
    expect(refusalOf({ key: values(150) })).toBe('accepted')
    expect(refusalOf({ key: values(151) })).toBe(complex)
    expect(refusalOf({ key1: values(75), key2: values(2) })).toBe('accepted')
    expect(refusalOf({ key1: values(100), key2: values(51) })).toBe(complex)
  })

  test('where an array counts as often as it is deep', () => {
    const nested = {
      key_a: { key_b: { key_c: values(4) } },
      key_d: { key_e: values(3) },
    }
    // 3 × 4 × 2 × 3 = 72
    expect(refusalOf(nested, 'MessageBody')).toBe('accepted')
    expect(refusalOf({ ...nested, key_f: values(2) }, 'MessageBody')).toBe('accepted')
    // 72 × 3 = 216
    expect(refusalOf({ ...nested, key_f: values(3) }, 'MessageBody')).toBe(complex)
  })

  test('of all alternatives of $or together', () => {
    const or = (sources: number, metricNames: number, spaceIds: number) => ({
      source: values(sources),
      $or: [
        { metricName: values(metricNames) },
        { metricType: values(4), $or: [{ metricId: [1, 2, 3, 4] }, { spaceId: values(spaceIds) }] },
      ],
    })
    // 4 × 6 + 4 × 4 × 4 + 4 × 4 × 4 = 152
    expect(refusalOf(or(4, 6, 4))).toBe(complex)
    // 3 × 6 + 3 × 4 × 4 + 3 × 4 × 7 = 150
    expect(refusalOf(or(3, 6, 7))).toBe('accepted')
    const body = (metricNames: number) => ({
      $or: [{ metricName: values(metricNames) }, { namespace: values(2) }],
      detail: { scope: values(2), $or: [{ source: values(1) }, { type: values(3) }] },
    })
    // 3 × 4 × 2 + 3 × 4 × 6 + 2 × 4 × 2 + 2 × 4 × 6 = 160
    expect(refusalOf(body(3), 'MessageBody')).toBe(complex)
    expect(refusalOf(body(2), 'MessageBody')).toBe('accepted')
  })
})

describe('wildcards have at most 100 points', () => {
  const complex = 'FilterPolicy: Filter policy is too complex'
  const wildcards = (count: number, wildcard: string) => Array.from({ length: count }, () => ({ wildcard }))

  test('of one for an asterisk, or three for each of several, times the patterns of the field', () => {
    // 10 × 10 = 100
    expect(refusalOf({ key: wildcards(10, '*.txt') })).toBe('accepted')
    expect(refusalOf({ key: wildcards(11, '*.txt') })).toBe(complex)
    // 4 × 6 × 4 = 96
    expect(refusalOf({ key: wildcards(4, '*a*') })).toBe('accepted')
    expect(refusalOf({ key: wildcards(5, '*a*') })).toBe(complex)
    // 3 × 9 × 3 = 81
    expect(refusalOf({ key: wildcards(3, '*a*b*') })).toBe('accepted')
    expect(refusalOf({ key: wildcards(4, '*a*b*') })).toBe(complex)
  })

  test('of which anything-but has one', () => {
    const prefixes = Array.from({ length: 9 }, () => ({ 'anything-but': { prefix: 'a' } }))
    expect(refusalOf({ key: [...prefixes, { wildcard: 'H*' }] })).toBe('accepted')
    expect(refusalOf({ key: [...prefixes, { wildcard: 'H*' }, { 'anything-but': 'x' }] })).toBe(complex)
    expect(refusalOf({ key: [...prefixes, ...prefixes] })).toBe('accepted')
    const negated = Array.from({ length: 11 }, () => ({ 'anything-but': { wildcard: 'a*' } }))
    expect(refusalOf({ key: negated })).toBe(complex)
  })

  test('of all fields together', () => {
    expect(refusalOf({ key1: wildcards(7, 'a*'), key2: wildcards(7, '*b') })).toBe('accepted')
    expect(refusalOf({ key1: wildcards(7, 'a*'), key2: wildcards(8, '*b') })).toBe(complex)
  })

  test('and three asterisks each', () => {
    expect(refusalOf({ key: [{ wildcard: '*a*b*' }] })).toBe('accepted')
    expect(refusalOf({ key: [{ wildcard: '*a*b*c*' }] })).toBe(complex)
    expect(refusalOf({ key: [{ wildcard: '*a*b*c\\*' }] })).toBe('accepted')
    expect(refusalOf({ key: [{ 'anything-but': { wildcard: '*a*b*c*' } }] })).toBe(complex)
  })
})
