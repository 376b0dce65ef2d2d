import { describe, expect, test } from 'vitest'
import { TooMuchWork } from '../errors.ts'
import { matchesPlan, Planner } from '../plan.ts'
import { Work } from '../work.ts'
import { isTooComplex } from './complexity.ts'
import { MAX_BRANCHES, MAX_CONDITIONS, MAX_PATTERN_LENGTH, parsePattern } from './pattern.ts'
import { compilePattern, matches } from './testing/matches.ts'

describe('a wrong pattern is refused with the place and the problem', () => {
  test.each<[text: string, message: string]>([
    ['', 'The pattern is not JSON'],
    ['{', 'The pattern is not JSON'],
    ['[]', 'The pattern is not an object'],
    ['{"a":[9007199254740992]}', 'The number 9007199254740992 has too many digits'],
    ['{"a":[{"numeric":["<",12345678901234567]}]}', 'has too many digits'],
    ['{"a":[0.10000000000000001]}', 'has too many digits'],
    ['"a"', 'The pattern is not an object'],
    ['null', 'The pattern is not an object'],
    ['{}', 'The pattern is an empty object'],
    ['{"a":{}}', 'a is an empty object'],
    ['{"a":"b"}', 'a is neither'],
    ['{"a":{"b":1}}', 'a.b is neither an array nor an object; put the value into an array.'],
    ['{"a":[]}', 'a is an empty array'],
    ['{"a":[[1]]}', 'a[0] is an array inside'],
    ['{"a":["x",{}]}', 'a[1] has 0 operators'],
    ['{"a":[{"prefix":"x","suffix":"y"}]}', 'a[0] has 2 operators'],
    ['{"a":[{"regex":"x"}]}', 'a[0].regex is not an operator'],
    ['{"a":[{"__proto__":"x"}]}', 'a[0].__proto__ is not an operator'],
    ['{"a":[{"prefix":1}]}', 'a[0].prefix must be a string'],
    ['{"a":[{"prefix":{"suffix":"x"}}]}', 'a[0].prefix.suffix is not allowed here'],
    ['{"a":[{"suffix":null}]}', 'a[0].suffix must be a string'],
    ['{"a":[{"equals-ignore-case":["x"]}]}', 'must be a string'],
    ['{"a":[{"wildcard":"a**b"}]}', 'a[0].wildcard has two * in a row'],
    ['{"a":[{"wildcard":"a\\\\b"}]}', 'a[0].wildcard has a backslash'],
    ['{"a":[{"wildcard":"a\\\\"}]}', 'has a backslash'],
    ['{"a":[{"anything-but":null}]}', 'only strings or only numbers'],
    ['{"a":[{"anything-but":[1,"x"]}]}', 'only strings or only numbers'],
    ['{"a":[{"anything-but":[]}]}', 'empty array'],
    ['{"a":[{"anything-but":{"cidr":"x"}}]}', 'a[0].anything-but.cidr is not allowed here'],
    ['{"a":[{"anything-but":{"constructor":"x"}}]}', 'is not allowed here'],
    ['{"a":[{"anything-but":{"prefix":""}}]}', 'is empty'],
    ['{"a":[{"anything-but":{"wildcard":["a","**"]}}]}', 'a[0].anything-but.wildcard[1] has two *'],
    ['{"a":[{"anything-but":{"prefix":[]}}]}', 'empty array'],
    ['{"a":[{"exists":"yes"}]}', 'a[0].exists must be true or false'],
    ['{"a":[{"numeric":5}]}', 'must be an array such as'],
    ['{"a":[{"numeric":["=","5"]}]}', 'a[0].numeric[1] must be a number'],
    ['{"a":[{"numeric":["=",1e999]}]}', 'must be a number'],
    ['{"a":[{"numeric":["!",5]}]}', 'a[0].numeric[0] must be one of'],
    ['{"a":[{"numeric":["toString",5]}]}', 'must be one of'],
    ['{"a":[{"numeric":["<",5,">",1]}]}', 'lower bound'],
    ['{"a":[{"numeric":[">",5,"<",5]}]}', 'no number'],
    ['{"a":[{"numeric":["="]}]}', 'has 1 members'],
    ['{"a":[{"cidr":"10.0.0.0"}]}', 'a[0].cidr is not a block'],
    ['{"a":[{"cidr":"10.0.0.0/33"}]}', 'is not a block'],
    ['{"a":[{"cidr":"10.0.0.0/-1"}]}', 'is not a block'],
    ['{"a":[{"cidr":"2001:db8::/129"}]}', 'is not a block'],
    ['{"a":[{"cidr":"host/8"}]}', 'is not a block'],
    ['{"a":[{"cidr":"10.0.0.1/32"}]}', 'mask bits must be < 32'],
    ['{"a":[{"cidr":"2001:db8::/128"}]}', 'mask bits must be < 128'],
    ['{"a":[{"cidr":"::ffff:10.0.0.0/8"}]}', 'is not a block'],
    ['{"a":[{"cidr":"::ffff:a00:0/96"}]}', 'is not a block'],
    ['{"a":[{"cidr":7}]}', 'a[0].cidr must be a string'],
    ['{"$or":[{"a":[1]}]}', '$or must be an array of at least two'],
    ['{"b":{"$or":{"a":1}}}', 'b.$or must be'],
    ['{"$or":[{"a":[1]},5]}', '$or must be'],
    ['{"$or":[{"a":[1]},{"prefix":["x"]}]}', 'prefix is the name of an operator'],
    ['{"$or":[{"a":[1]},{}]}', 'empty object'],
    [`{"a":["${'x'.repeat(MAX_PATTERN_LENGTH)}"]}`, 'at most 4096'],
    [`${'{"a":'.repeat(70)}[1]${'}'.repeat(70)}`, 'objects deep'],
    [`{"${'a.'.repeat(70)}":[1]}`, 'objects deep'],
  ])('%s', (text, message) => {
    expect(() => compilePattern(text)).toThrow(
      expect.objectContaining({ name: 'PatternError', message: expect.stringContaining(message) }),
    )
  })

  test('a product of many $or is refused before it is computed', () => {
    const one = { $or: [{ a: [1] }, { b: [1] }, { c: [1] }, { d: [1] }] }
    const product = (n: number): string =>
      JSON.stringify(Object.fromEntries(Array.from({ length: n }, (_, i) => [`f${i}`, one])))
    expect(() => compilePattern(product(4))).not.toThrow()
    expect(() => compilePattern(product(60))).toThrow(`more than ${MAX_BRANCHES} combinations`)
  })

  test('many fields in each combination are refused before they are computed', () => {
    const either = (): object[] => Array.from({ length: 30 }, (_, i) => ({ [`a${i}`]: [1] }))
    const fields = (count: number): object =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, [1]]))
    const pattern = (count: number): string =>
      JSON.stringify({ $or: either(), x: { $or: either() }, ...fields(count) })
    const startedAt = performance.now()
    expect(() => compilePattern(pattern(5))).not.toThrow()
    expect(() => compilePattern(pattern(300))).toThrow(`more than ${MAX_CONDITIONS} conditions`)
    expect(performance.now() - startedAt).toBeLessThan(1000)
  })
})

describe('hostile inputs', () => {
  /** Returns the number of steps of a match. */
  function stepsOf(pattern: unknown, event: unknown): number {
    const branches = parsePattern(JSON.stringify(pattern))
    const planner = new Planner()
    const work = new Work(branches.length > 1)
    for (const branch of branches) matchesPlan(planner.plan(branch.values()), event, work)
    return work.steps
  }
  const MB = 1 << 20
  const long = 'a'.repeat(2 * MB)

  test('a wildcard takes one pass over a long text', () => {
    expect(stepsOf({ f: [{ wildcard: `*${'a'.repeat(8)}b*` }] }, { f: long })).toBeLessThan(1.1 * long.length)
  })

  test('a field of wildcards takes few passes, since more of them are refused', () => {
    const three = Array.from({ length: 3 }, (_, i) => `*a${i}*`)
    expect(stepsOf({ f: three.map((wildcard) => ({ wildcard })) }, { f: long })).toBeLessThan(
      3.2 * long.length,
    )
    expect([isTooComplex(three), isTooComplex([...three, '*b*'])]).toEqual([false, true])
  })

  test('operators other than wildcards read no more of a text than they compare', () => {
    const operators = Array.from({ length: 30 }, (_, i) => [
      { 'equals-ignore-case': `w${i}` },
      { prefix: { 'equals-ignore-case': `w${i}` } },
      { suffix: { 'equals-ignore-case': `w${i}` } },
    ]).flat()
    expect(stepsOf({ f: operators }, { f: long })).toBeLessThan(long.length)
  })

  test('conditions that alternatives of $or share are evaluated once', () => {
    const one = { f: [{ wildcard: '*aab*' }] }
    const pattern = { f: one.f, $or: Array.from({ length: 100 }, (_, i) => ({ [`k${i}`]: ['no'] })) }
    expect(stepsOf(pattern, { f: long })).toBeLessThan(2 * stepsOf(one, { f: long }))
  })

  test.each<[what: string, pattern: unknown, event: () => unknown]>([
    [
      'many conditions that hold, over many objects',
      {
        f: {
          ...Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`x${i}`, [{ exists: false }]])),
          z: ['no'],
        },
      },
      () => ({ f: Array.from({ length: 100_000 }, () => ({})) }),
    ],
    [
      'alternatives over many values',
      { f: Array.from({ length: 100 }, (_, i) => ({ prefix: `w${i}` })) },
      () => ({ f: Array.from({ length: 100_000 }, (_, i) => `v${i}`) }),
    ],
    [
      'objects of several arrays, joined by names with dots',
      { 'f.b.c': [1], 'f.b.d': [2] },
      () => ({
        'f.b': Array.from({ length: 5000 }, () => ({ c: 1 })),
        f: { b: Array.from({ length: 5000 }, () => ({ d: 1 })) },
      }),
    ],
  ])('matching gives up after too many steps: %s', (_, pattern, event) => {
    expect(() => stepsOf(pattern, event())).toThrow(TooMuchWork)
  })

  test('names of Object.prototype are ordinary fields', () => {
    expect(compilePattern('{"__proto__":{"x":[1]}}')(JSON.parse('{"__proto__":{"x":1}}'))).toBe(true)
    expect(compilePattern('{"toString":[{"exists":true}]}')({})).toBe(false)
    expect(compilePattern('{"constructor":{"name":["Object"]}}')({})).toBe(false)
    expect(compilePattern('{"__proto__":{"toString":[{"exists":false}]}}')({})).toBe(true)
  })

  test('an event may nest arrays and objects to any depth', () => {
    const deep: unknown = JSON.parse(`{"f":${'['.repeat(200_000)}{"a":1},7${']'.repeat(200_000)}}`)
    expect(matches({ f: [7] }, deep)).toBe(true)
    expect(matches({ f: { a: [1] } }, deep)).toBe(true)
    expect(
      matches({ f: { a: { a: [1] } } }, JSON.parse(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`)),
    ).toBe(false)
  })

  test('a thousand combinations over a large array take few steps', () => {
    const five = { $or: Array.from({ length: 9 }, (_, i) => ({ [`k${i}`]: ['no'] })) }
    const list = Array.from({ length: 1000 }, (_, i) => ({ k0: i }))
    const event = { a: list, b: list, c: list }
    expect(stepsOf({ a: five, b: five, c: five }, event)).toBeLessThan(50 * stepsOf({ a: five }, event))
  })
})
