import { describe, expect, inject, test } from 'vitest'
import { readItem } from '../values/read.ts'
import { MAX_ITEM_BYTES } from '../values/size.ts'
import { parseCondition } from './conditions.ts'
import { parseKeyCondition } from './key-conditions.ts'
import { Placeholders } from './placeholders.ts'
import { parseProjection } from './projections.ts'
import { parseUpdate } from './updates.ts'

const KEY = readItem({ p: { S: 'k' } })
const ONE = { ':v': { N: '1' } }

const condition = (text: string, values: Record<string, unknown> = ONE) =>
  parseCondition(text, new Placeholders(undefined, values))
const update = (text: string, values?: Record<string, unknown>) =>
  parseUpdate(text, new Placeholders(undefined, values))

const PARSERS: Record<string, (text: string) => unknown> = {
  condition,
  update: (text) => update(text),
  projection: (text) => parseProjection(text, new Placeholders()),
  'key condition': (text) =>
    parseKeyCondition(text, new Placeholders(undefined, ONE), { partition: { name: 'p', type: 'S' } }),
}

describe.each(Object.entries(PARSERS))('a %s', (_, parse) => {
  test('has at most 4,096 bytes, whatever it says', () => {
    for (const text of ['(', ')', '(a', 'a.', 'not ', 'f(', 'é', '[', 'SET a = b, '])
      expect(() => parse(text.repeat((inject('thorough') ? 10_000_000 : 100_000) / text.length))).toThrow(
        /: Expression size has exceeded the maximum allowed size; expression size: \d+$/,
      )
  })

  test('within 4,096 bytes never exhausts the stack', () => {
    for (const text of ['(', ')', 'a.', 'not ', 'f(', 'a=f(', '[', '#', 'SET a=(', 'SET a=f(', 'a[0]', '\0'])
      expect(() => parse(text.repeat(Math.floor(4096 / text.length)))).toThrow(
        expect.objectContaining({ name: 'ItemError' }),
      )
  })
})

describe('operators', () => {
  test('are at most 300', () => {
    const chain = (tests: number) => Array.from({ length: tests }, () => 'a<b').join(' or ')
    const nested = (tests: number) => `${'a<b or ('.repeat(tests - 1)}a<b${')'.repeat(tests - 1)}`
    for (const make of [chain, nested]) {
      expect(condition(make(150)).matches({})).toBe(false)
      expect(() => condition(make(151))).toThrow(
        'Invalid ConditionExpression: The expression contains too many operators; operator count: 301',
      )
    }
    expect(condition(`${'not '.repeat(299)}a<b`).matches({})).toBe(true)
    expect(() => condition(`${'not '.repeat(300)}a<b`)).toThrow('operator count: 301')
  })

  test('of IN are at most 100', () => {
    const list = (values: number) => `a IN (${Array.from({ length: values }, () => ':v').join(', ')})`
    condition(list(100))
    expect(() => condition(list(101))).toThrow(
      'Invalid ConditionExpression: The IN operator is provided with too many operands; number of operands: 101',
    )
  })
})

test('1,000 parentheses are refused with a sentence', () => {
  expect(() => condition(`${'('.repeat(1000)}a = :v${')'.repeat(1000)}`)).toThrow(
    'Invalid ConditionExpression: The expression is nested more than 310 levels deep',
  )
})

describe('work', () => {
  const big = 'a'.repeat(MAX_ITEM_BYTES - 10)

  test('of contains grows with the lengths only', () => {
    const needle = `${'a'.repeat(300)}b${'a'.repeat(100_000)}`
    const item = readItem({ a: { S: big }, b: { B: Buffer.from(big) } })
    const values = { ':s': { S: needle }, ':b': { B: Buffer.from(needle) } }
    const start = performance.now()
    expect(condition('contains(a, :s) or contains(b, :b)', values).matches(item)).toBe(false)
    expect(performance.now() - start).toBeLessThan(1000)
  })

  test('of one condition is bounded', () => {
    const members = Array.from({ length: 100_000 }, () => ({ NULL: true }))
    const item = readItem({ a: { L: members }, b: { L: members } })
    const list = Array.from({ length: 100 }, () => 'b').join(',')
    expect(condition('a = b').matches(item)).toBe(true)
    expect(condition(`a IN (${list})`).matches(item)).toBe(true)
    const other = readItem({
      a: { L: [...members, { BOOL: true }] },
      b: { L: [...members, { BOOL: false }] },
    })
    expect(() => condition(`a IN (${list})`).matches(other)).toThrow(
      'The expression takes more than 2000000 steps with this item; compare fewer or smaller values',
    )
  })

  test('of updates ends as soon as the item is too large', () => {
    const item = readItem({
      p: { S: 'k' },
      a: { L: Array.from({ length: 100_000 }, () => ({ NULL: true })) },
    })
    const sets = Array.from({ length: 170 }, (_, i) => `a${i}=list_append(a,a)`).join(',')
    expect(() => update(`SET ${sets}`).apply(item, KEY)).toThrow(
      'Item size to update has exceeded the maximum allowed size',
    )
  })
})

describe('items after updates', () => {
  test('have at most 400 KB', () => {
    const item = readItem({ p: { S: 'k' }, a: { S: 'x'.repeat(MAX_ITEM_BYTES - 10) } })
    expect(update('SET b = :b', { ':b': { S: '123456' } }).apply(item, KEY)).toBeDefined()
    expect(() => update('SET b = :b', { ':b': { S: '1234567' } }).apply(item, KEY)).toThrow(
      'Item size to update has exceeded the maximum allowed size',
    )
    expect(() => update('ADD b :b', { ':b': { SS: ['1234', '5678'] } }).apply(item, KEY)).toThrow(
      'Item size to update has exceeded the maximum allowed size',
    )
  })

  test('have at most 32 levels', () => {
    let value: unknown = { S: 'a' }
    for (let i = 0; i < 30; i++) value = { L: [value] }
    const item = readItem({ p: { S: 'k' }, m: { M: {} } })
    expect(update('SET m.a = :v', { ':v': value }).apply(item, KEY)).toBeDefined()
    const deeper = update('SET m.a = :v', { ':v': { L: [value] } })
    expect(() => deeper.apply(item, KEY)).toThrow('Nesting Levels have exceeded supported limits')
  })
})
