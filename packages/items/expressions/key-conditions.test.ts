import { describe, expect, test } from 'vitest'
import type { KeySchema } from '../keys/schema.ts'
import { NAMES, PARTITION, REFUSED, SCHEMA, SORTS, VALUES } from '../testing/key-conditions.ts'
import { parseKeyCondition } from './key-conditions.ts'
import { Placeholders } from './placeholders.ts'

const parse = (text: string, schema: KeySchema = SCHEMA) =>
  parseKeyCondition(text, new Placeholders(NAMES, VALUES), schema)

describe('key conditions', () => {
  test.each(SORTS)('%s', (text, sort) => {
    expect(parse(text)).toEqual(
      sort === undefined ? { partition: PARTITION } : { partition: PARTITION, sort },
    )
  })

  test('begins_with', () => {
    const schema: KeySchema = { partition: { name: 'a', type: 'S' }, sort: { name: 'b', type: 'S' } }
    expect(parse('a = :a AND begins_with(b, :a)', schema)).toEqual({
      partition: PARTITION,
      sort: { operator: 'begins_with', value: { S: 'x' } },
    })
  })
})

test.each(REFUSED)('%s is refused', (text, message) => {
  expect(() => parse(text)).toThrow(expect.objectContaining({ name: 'ItemError', message }))
})

test('a table without a sort key has one condition', () => {
  const schema: KeySchema = { partition: { name: 'a', type: 'S' } }
  expect(parse('a = :a', schema)).toEqual({ partition: { S: 'x' } })
  expect(() => parse('a = :a AND b = :b', schema)).toThrow('Query key condition not supported')
})
