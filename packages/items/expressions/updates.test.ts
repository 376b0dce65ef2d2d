import { describe, expect, test } from 'vitest'
import type { KeySchema } from '../keys/schema.ts'
import { CHANGES, ITEM, KEY, NAMES, REFUSED, UNFIT, VALUES } from '../testing/updates.ts'
import { toJson } from '../values/json.ts'
import { readItem } from '../values/read.ts'
import { Placeholders } from './placeholders.ts'
import { parseUpdate } from './updates.ts'

function parse(text: string) {
  return parseUpdate(text, new Placeholders(NAMES, VALUES))
}

/** The changed attributes of the item after an update, as compact JSON. */
function changed(text: string): Record<string, unknown> {
  const before = JSON.stringify(toJson(ITEM))
  const after = parse(text).apply(ITEM, KEY)!
  expect(JSON.stringify(toJson(ITEM)), 'the old item').toBe(before)
  const changes: Record<string, unknown> = Object.create(null)
  const [from, to] = [toJson(ITEM), toJson(after)]
  for (const name of new Set([...Object.keys(from), ...Object.keys(to)]))
    if (JSON.stringify(from[name]) !== JSON.stringify(to[name])) changes[name] = to[name] && plain(to[name])
  return changes
}

/** A value without its types. */
function plain(value: any): unknown {
  const [[type, content]] = Object.entries(value) as [string, any][]
  if (type === 'L') return content.map(plain)
  if (type === 'M')
    return Object.fromEntries(Object.entries(content).map(([name, member]) => [name, plain(member)]))
  return type === 'N' ? Number(content) : content
}

describe('updates', () => {
  test.each(CHANGES)('%s', (text, expected) => {
    const changes = changed(text)
    expect(JSON.stringify(changes)).toBe(JSON.stringify(expected))
    expect(Object.keys(changes)).toEqual(Object.keys(expected))
  })

  test('begin a new item with its key, unless they only remove', () => {
    expect(parse('ADD n :one').apply(undefined, KEY)).toEqual(readItem({ p: { S: 'k' }, n: { N: '1' } }))
    expect(parse('REMOVE n, m.a DELETE ss :ss').apply(undefined, KEY)).toBeUndefined()
    expect(() => parse('SET m.x = :s').apply(undefined, KEY)).toThrow('The document path provided')
  })

  test('tell what they write, and return it', () => {
    const update = parse('SET m.#a = n, l[9] = :one, x = :s REMOVE l[1] ADD ss :ss')
    expect(update.attributes).toEqual(new Set(['m', 'l', 'x', 'ss']))
    expect(update.paths).toContainEqual(['n'])
    const of = (item: Parameters<typeof update.project>[0]) =>
      Object.fromEntries(
        Object.entries(toJson(update.project(item))).map(([name, value]) => [name, plain(value)]),
      )
    expect(of(ITEM)).toEqual({ m: { a: 1 }, l: [1], ss: ['a', 'b'] })
    expect(of(update.apply(ITEM, KEY)!)).toEqual({ m: { a: 5 }, l: [2], x: 'new', ss: ['a', 'b', 'c'] })
  })

  test('do not write keys', () => {
    const schema: KeySchema = { partition: { name: 'p', type: 'S' }, sort: { name: 'n', type: 'N' } }
    parse('SET x = p').checkKey(schema)
    for (const text of ['SET p = :s', 'REMOVE x, p', 'SET p.x = :s, n = :one'])
      expect(() => parse(text).checkKey(schema)).toThrow(
        'One or more parameter values were invalid: Cannot update attribute p. This attribute is part of the key',
      )
  })
})

describe('items that do not fit', () => {
  test.each(UNFIT)('%s', (text, message) => {
    expect(() => parse(text).apply(ITEM, KEY)).toThrow(
      expect.objectContaining({ name: 'ItemError', message }),
    )
  })
})

describe('errors', () => {
  test.each(REFUSED)('%s', (text, message) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({ name: 'ItemError', message: `Invalid UpdateExpression: ${message}` }),
    )
  })
})
