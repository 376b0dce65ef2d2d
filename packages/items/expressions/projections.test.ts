import { expect, test } from 'vitest'
import { ITEM, NAMES, PARTS, REFUSED } from '../testing/projections.ts'
import { toJson } from '../values/json.ts'
import { Placeholders } from './placeholders.ts'
import { parseProjection } from './projections.ts'

const parse = (text: string) => parseProjection(text, new Placeholders(NAMES))

test.each(PARTS)('%s', (text, expected) => {
  expect(JSON.stringify(toJson(parse(text).project(ITEM)))).toBe(expected)
})

test.each(REFUSED)('%s is refused', (text, message) => {
  expect(() => parse(text)).toThrow(
    expect.objectContaining({ name: 'ItemError', message: `Invalid ProjectionExpression: ${message}` }),
  )
})
