import { describe, expect, test } from 'vitest'
import { FALSE, ITEM, NAMES, REFUSED, TRUE, VALUES } from '../testing/conditions.ts'
import { readItem } from '../values/read.ts'
import type { Item } from '../values/value.ts'
import { parseCondition } from './conditions.ts'
import { Placeholders } from './placeholders.ts'

function parse(text: string) {
  return parseCondition(text, new Placeholders(NAMES, VALUES))
}

describe('conditions', () => {
  test.each(TRUE)('%s holds', (text) => {
    expect(parse(text).matches(ITEM)).toBe(true)
  })

  test.each(FALSE)('%s does not hold', (text) => {
    expect(parse(text).matches(ITEM)).toBe(false)
  })

  test('an item that does not exist has no attributes', () => {
    const nothing: Item = {}
    expect(parse('attribute_not_exists(n)').matches(nothing)).toBe(true)
    expect(parse('n = :n').matches(nothing)).toBe(false)
  })

  test('tell which paths they read', () => {
    expect(parse('size(m.#and) > n OR l[0] = :n').paths).toEqual([['m', 'and'], ['n'], ['l', 0]])
  })
})

describe('errors', () => {
  test.each(REFUSED)('%s', (text, message) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({
        name: 'ItemError',
        code: 'ValidationException',
        message: `Invalid ConditionExpression: ${message}`,
      }),
    )
  })

  test('name the parameter', () => {
    expect(() => parseCondition('', new Placeholders(), 'FilterExpression')).toThrow(
      'Invalid FilterExpression: The expression can not be empty;',
    )
  })
})

describe('placeholders', () => {
  test.each([
    [{}, undefined, 'ExpressionAttributeNames must not be empty'],
    [undefined, {}, 'ExpressionAttributeValues must not be empty'],
    [{ a: 'a' }, undefined, 'ExpressionAttributeNames contains invalid key: Syntax error; key: "a"'],
    [{ '#': 'a' }, undefined, 'ExpressionAttributeNames contains invalid key: Syntax error; key: "#"'],
    [
      undefined,
      { ':a!': { S: 'a' } },
      'ExpressionAttributeValues contains invalid key: Syntax error; key: ":a!"',
    ],
    [
      undefined,
      { ':a': { SS: [] } },
      'ExpressionAttributeValues contains invalid value: One or more parameter values were invalid: An string set  may not be empty for key :a',
    ],
    [
      { '#a': '' },
      undefined,
      'ExpressionAttributeNames contains invalid value: One or more parameter values were invalid: Empty attribute name for key #a',
    ],
  ])('%j %j', (names, values, message) => {
    expect(() => new Placeholders(names, values)).toThrow(
      expect.objectContaining({ name: 'ItemError', message }),
    )
  })

  test('that no expression uses are refused', () => {
    const placeholders = new Placeholders(
      { '#a': 'a', '#b': 'b', '#__proto__': '__proto__' },
      { ':a': { N: '1' }, ':b': { N: '1' } },
    )
    parseCondition('#a = :a', placeholders)
    expect(() => placeholders.checkUsed()).toThrow(
      'Value provided in ExpressionAttributeNames unused in expressions: keys: {#b, #__proto__}',
    )
    parseCondition('#b = #__proto__', placeholders)
    expect(() => placeholders.checkUsed()).toThrow(
      'Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}',
    )
    parseCondition('a = :b', placeholders)
    placeholders.checkUsed()
  })

  test('may name whatever an object has', () => {
    const item = readItem(JSON.parse('{"__proto__":{"N":"1"},"m":{"M":{"constructor":{"N":"2"}}}}'))
    const placeholders = new Placeholders(
      { '#p': '__proto__', '#c': 'constructor', '#t': 'toString' },
      { ':one': { N: '1' } },
    )
    const text = '#p = :one AND m.#c > :one AND attribute_not_exists(#t) AND attribute_not_exists(m.#t)'
    expect(parseCondition(text, placeholders).matches(item)).toBe(true)
  })
})
