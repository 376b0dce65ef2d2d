import { describe, expect, inject, test, vi } from 'vitest'
import { FilterPolicyError, TooMuchWork } from '../errors.ts'
import { Work } from '../work.ts'
import { MAX_PATH_LENGTH } from './branches.ts'
import { parseFilterPolicy } from './filter-policy.ts'
import { type FilterPolicyScope, MAX_DEPTH, MAX_POLICY_BYTES } from './rules.ts'
import { array, matchesAttributes, number, text } from './testing/matches.ts'

const COMPLEX = 'FilterPolicy: Filter policy is too complex'
const KEYS = 'FilterPolicy: Filter policy can not have more than 5 keys'
/** Far above what each takes, and far below what a quadratic algorithm would take. */
const SOON_MS = 8000
/** Policies that have too many of something. */
const MANY = inject('thorough') ? 20_000 : 2_000

function soon<T>(run: () => T): T {
  const start = performance.now()
  try {
    return run()
  } finally {
    expect(performance.now() - start).toBeLessThan(SOON_MS)
  }
}

function errorOf(policy: string, scope: FilterPolicyScope): FilterPolicyError {
  try {
    soon(() => parseFilterPolicy(policy, scope))
  } catch (error) {
    expect(error).toBeInstanceOf(FilterPolicyError)
    return error as FilterPolicyError
  }
  return expect.unreachable()
}

function refuse(policy: string, message: string, scopes: readonly FilterPolicyScope[] = SCOPES): void {
  for (const scope of scopes) expect(errorOf(policy, scope).message).toContain(message)
}

const SCOPES: readonly FilterPolicyScope[] = ['MessageAttributes', 'MessageBody']

const fields = (count: number, value = '[1]') =>
  Array.from({ length: count }, (_, i) => `"${i}":${value}`).join()

describe('a hostile policy is refused soon', () => {
  test('that is larger than 256 KB', () => {
    refuse(`{"a":["${'é'.repeat(MAX_POLICY_BYTES / 2)}"]}`, `larger than ${MAX_POLICY_BYTES} bytes`)
  })

  test('that is nested deeply', () => {
    refuse(`${'{"a":'.repeat(40_000)}`, 'nesting depth')
    refuse(`${'{"a":'.repeat(MAX_DEPTH + 2)}[1]${'}'.repeat(MAX_DEPTH + 2)}`, COMPLEX)
    refuse(`{"$or":[${'{"$or":['.repeat(20_000)}`, 'nesting depth')
  })

  test('with more values than SNS allows', () => {
    refuse(JSON.stringify({ a: Array.from({ length: 10_000 }, (_, i) => i) }), COMPLEX)
    refuse(JSON.stringify({ a: Array.from({ length: 10_000 }, () => ({ cidr: '10.0.0.0/8' })) }), COMPLEX)
  })

  test('with more combinations than SNS allows', () => {
    const alternatives = `"$or":[${Array.from({ length: 20 }, () => '{"a":[1]}').join()}]`
    refuse(`{${alternatives},"b":{${alternatives},"c":{${alternatives}}}}`, COMPLEX, ['MessageBody'])
    refuse(`{"$or":[${Array.from({ length: MANY }, () => '{"a":[1]}').join()}]}`, COMPLEX)
    const nest = (depth: number): string =>
      depth === 0 ? '{"a":[1]}' : `{"$or":[{"b":[1]},${nest(depth - 1)}]}`
    refuse(nest(400), COMPLEX)
  })

  test('with more keys than SNS allows', () => {
    refuse(`{${fields(MANY)}}`, KEYS)
    refuse(`{"$or":[{"a":[1]},{${fields(MANY)}}]}`, KEYS)
    refuse(`{"a":{${fields(MANY)}}}`, KEYS, ['MessageBody'])
  })

  test('with wildcards that are too complex', () => {
    refuse(JSON.stringify({ a: [{ wildcard: '*a'.repeat(5 * MANY) }] }), COMPLEX)
    refuse(JSON.stringify({ a: [{ 'anything-but': { wildcard: '*a'.repeat(5 * MANY) } }] }), COMPLEX)
    refuse(JSON.stringify({ a: Array.from({ length: 150 }, () => ({ wildcard: '*a*b*c' })) }), COMPLEX)
  })

  test('whose paths have many names, or long ones', () => {
    const parse = (policy: unknown) => () =>
      soon(() => parseFilterPolicy(JSON.stringify(policy), 'MessageBody'))
    const dotted = (names: number) => ({ [Array(names).fill('a').join('.')]: [1] })
    expect(parse(dotted(MAX_DEPTH))).not.toThrow()
    expect(parse(dotted(MAX_DEPTH + 1))).toThrow(COMPLEX)
    expect(parse(dotted(100_000))).toThrow(COMPLEX)
    expect(parse({ ['a'.repeat(MAX_PATH_LENGTH)]: [1] })).not.toThrow()
    expect(parse({ ['a'.repeat(MAX_PATH_LENGTH + 1)]: [1] })).toThrow(COMPLEX)
    const alternatives = Array.from({ length: 10_000 }, () => ({ a: [1] }))
    expect(parse({ ['a'.repeat(128_000)]: { $or: alternatives } })).toThrow(COMPLEX)
  })

  test('with a short error', () => {
    for (const policy of [
      { a: [{ ['x'.repeat(200_000)]: 1 }] },
      { ['x'.repeat(200_000)]: 1 },
      { a: [{ cidr: `${'x'.repeat(200_000)}/8` }] },
      { a: [{ cidr: '/'.repeat(200_000) }] },
    ]) {
      expect(errorOf(JSON.stringify(policy), 'MessageBody').message.length).toBeLessThan(2000)
    }
    refuse('x'.repeat(200_000), "...': was expecting")
  })
})

test('a policy with the longest paths is parsed soon', () => {
  const path = (first: number) =>
    [first, ...Array(MAX_DEPTH - 1).fill('a'.repeat(MAX_PATH_LENGTH / MAX_DEPTH - 1))].join('.')
  const either = Array.from({ length: inject('thorough') ? 150 : 30 }, (_, i) => ({ [path(i % 5)]: [i] }))
  const policy = soon(() => parseFilterPolicy(JSON.stringify({ $or: either }), 'MessageBody'))
  expect(policy.matchesBody({ [path(4)]: 4 })).toBe(true)
  expect(policy.matchesBody({ [path(4)]: 3 })).toBe(false)
})

describe('a hostile message is decided soon', () => {
  test('with a long text', () => {
    const values = Array.from({ length: 50 }, (_, i) => [
      { prefix: `${'a'.repeat(1000)}${i}` },
      { suffix: `${'a'.repeat(1000)}${i}` },
      { 'equals-ignore-case': `${'a'.repeat(1000)}${i}` },
    ]).flat()
    expect(soon(() => matchesAttributes({ x: values }, { x: text('a'.repeat(256_000)) }))).toBe(false)
  })

  test('with a text on which a wildcard could try many ways', () => {
    const policy = { x: [{ wildcard: '*aab*aab*aac' }, { wildcard: '*aaab*' }, { wildcard: '*aabb*' }] }
    const hostile = text(`${'a'.repeat(128_000)}${'aab'.repeat(40_000)}aac`)
    expect(soon(() => matchesAttributes(policy, { x: hostile }))).toBe(true)
    const none = text('aa'.repeat(128_000))
    expect(soon(() => matchesAttributes(policy, { x: none }))).toBe(false)
  })

  test('with a number of many digits', () => {
    expect(soon(() => matchesAttributes({ x: [1] }, { x: number(`${'1'.repeat(256_000)}x`) }))).toBe(false)
    expect(soon(() => matchesAttributes({ x: [1] }, { x: number(' '.repeat(256_000)) }))).toBe(false)
  })

  test('with arrays that are nested deeply, or long', () => {
    const deep = '['.repeat(120_000) + ']'.repeat(120_000)
    const attribute = { DataType: 'String.Array', StringValue: deep }
    expect(soon(() => matchesAttributes({ x: [1] }, { x: attribute }))).toBe(false)
    const long = array(Array.from({ length: 60_000 }, (_, i) => i))
    expect(soon(() => matchesAttributes({ x: [-1] }, { x: long }))).toBe(false)
  })

  test('whose array is parsed once for many policies', () => {
    const long = array(Array.from({ length: 40_000 }, (_, i) => i))
    const policy = parseFilterPolicy('{"x":[0]}', 'MessageAttributes')
    const parse = vi.spyOn(JSON, 'parse')
    try {
      for (let i = 0; i < 200; i++) expect(policy.matchesAttributes({ x: long })).toBe(true)
      expect(parse).toHaveBeenCalledTimes(1)
    } finally {
      parse.mockRestore()
    }
  })

  test('or given up', () => {
    const policy = parseFilterPolicy(
      JSON.stringify({ $or: Array.from({ length: 150 }, (_, i) => ({ x: [{ cidr: `10.${i}.0.0/16` }] })) }),
      'MessageBody',
    )
    const body = { x: Array.from({ length: 100_000 }, () => '11.0.0.0') }
    expect(() => soon(() => policy.matchesBody(body))).toThrow(TooMuchWork)
  })

  test('or given up together for several policies', () => {
    const policies = Array.from({ length: 50 }, (_, i) =>
      parseFilterPolicy(JSON.stringify({ x: [{ prefix: `${i}` }, { cidr: '10.0.0.0/8' }] }), 'MessageBody'),
    )
    const body = { x: Array.from({ length: 20_000 }, () => '11.0.0.0') }
    const work = new Work(true)
    expect(policies[0].matchesBody(body, work)).toBe(false)
    expect(() => soon(() => policies.filter((policy) => policy.matchesBody(body, work)))).toThrow(TooMuchWork)
    const attributes = { x: array(body.x) }
    const policy = parseFilterPolicy('{"x":[1]}', 'MessageAttributes')
    expect(policy.matchesAttributes(attributes)).toBe(false)
    expect(() => policy.matchesAttributes(attributes, work)).toThrow(TooMuchWork)
  })
})
