import { expect, test } from 'vitest'
import { avroProblem, canonicalAvro, MULTIPLIES } from './definitions.ts'

const RECORD = {
  type: 'record',
  name: 'Ride',
  namespace: 'taxi',
  doc: 'A ride.',
  fields: [
    { name: 'from', type: { type: 'record', name: 'Place', fields: [{ name: 'lat', type: 'double' }] } },
    { name: 'to', doc: 'Where it ends.', type: ['null', 'Place'], default: null },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'tags', type: { type: 'map', values: { type: 'array', items: 'string' } } },
  ],
}
const SAME = {
  fields: [
    {
      type: { name: 'taxi.Place', fields: [{ type: { type: 'double' }, name: 'lat' }], type: 'record' },
      name: 'from',
    },
    { default: null, type: ['null', 'taxi.Place'], name: 'to' },
    { type: { logicalType: 'timestamp-millis', type: 'long' }, name: 'at' },
    { type: { values: { items: { type: 'string' }, type: 'array' }, type: 'map' }, name: 'tags' },
  ],
  name: 'taxi.Ride',
  type: 'record',
}
const changed = (change: (fields: any[]) => void): string => {
  const schema = structuredClone(RECORD)
  change(schema.fields)
  return JSON.stringify(schema)
}

test('definitions that differ in form only have the same canonical text', () => {
  expect(canonicalAvro(JSON.stringify(SAME, null, 2))).toBe(canonicalAvro(JSON.stringify(RECORD)))
})

test.each([
  ['a default', changed((fields) => delete fields[1].default)],
  ['a type', changed((fields) => (fields[0].type.fields[0].type = 'float'))],
  ['a logical type', changed((fields) => delete fields[2].type.logicalType)],
  ['the order of fields', changed((fields) => fields.reverse())],
])('definitions that differ in %s have different texts', (_, text) => {
  expect(canonicalAvro(text)).not.toBe(canonicalAvro(JSON.stringify(RECORD)))
})

test.each(['{"type":"record"', 'null', '{"type":"record","name":"a-b","fields":[]}', '{"type":"nope"}'])(
  'the text %s is not a schema',
  (text) => expect(avroProblem(text)).toMatch(/./),
)

test.each([
  ['[', ']'],
  ['{"type":"array","items":', '}'],
])('a definition of many %s breaks nothing', (opening, closing) => {
  const text = `${opening.repeat(7000)}"int"${closing.repeat(7000)}`
  expect(() => [avroProblem(text), canonicalAvro(text)]).not.toThrow()
  expect(canonicalAvro(opening.repeat(7000))).toBeUndefined()
})

test('a schema whose types multiply is refused before its defaults are checked', () => {
  let schema: object = { type: 'record', name: 'L0', fields: [{ name: 'x', type: 'int', default: 1 }] }
  for (let i = 1; i < 60; i++) {
    const [a, b] = [schema, `L${i - 1}`].map((type, j) => ({ name: 'ab'[j], type, default: {} }))
    schema = { type: 'record', name: `L${i}`, fields: [a, b] }
  }
  expect(avroProblem(JSON.stringify(schema))).toBe(MULTIPLIES)
  const list = { type: 'record', name: 'List', fields: [{ name: 'next', type: ['null', 'List'] }] }
  expect(avroProblem(JSON.stringify(list))).toBeUndefined()
})

test('a schema has no problem', () => expect(avroProblem(JSON.stringify(RECORD))).toBeUndefined())
