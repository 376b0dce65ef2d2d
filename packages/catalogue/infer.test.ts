import { parseSchema } from '@weir/contracts/avro.ts'
import { expect, test } from 'vitest'
import { infer } from './infer.ts'

const fieldsOf = (values: readonly unknown[]): unknown =>
  Object.fromEntries((infer(values, 'x').schema as any).fields.map((field: any) => [field.name, field.type]))

test('types are widened over all values, and what is missing or null is optional', () => {
  const values = [
    { id: 'a', huge: 2 ** 70, small: 1, big: 1, real: 1, both: true, list: [1], old: 1 },
    { id: 'b', small: 2, big: 2 ** 40, real: 1.5, both: false, list: [2.5, null], old: null },
    { id: 'c', small: 3, big: 3n, real: 2 ** 60, both: true, list: [], added: 'x' },
  ]
  expect(fieldsOf(values)).toEqual({
    id: 'string',
    huge: ['null', 'double'],
    small: 'int',
    big: 'long',
    real: 'double',
    both: 'boolean',
    list: { type: 'array', items: ['null', 'double'] },
    old: ['null', 'int'],
    added: ['null', 'string'],
  })
})

test('objects are records with names of their own, and objects with many or odd names are maps', () => {
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`k${i}`, i]))
  const { schema, conflicts } = infer(
    [
      {
        from: { at: { lat: 1.5 } },
        to: { at: { lat: 2 } },
        by_id: many,
        'by-name': 1,
        odd: { 'a b': 1, c: 2.5 },
      },
    ],
    'taxi.telemetry',
  )
  expect(schema).toMatchObject({ type: 'record', name: 'TaxiTelemetry' })
  expect(fieldsOf([{ by_id: many, odd: { 'a b': 1, c: 2.5 } }])).toEqual({
    by_id: { type: 'map', values: 'int' },
    odd: { type: 'map', values: 'double' },
  })
  expect(conflicts).toEqual(['by-name is not a name that a field can have, and is left out.'])
  expect(() => parseSchema(schema)).not.toThrow()
})

test('conflicts are told, with how often each type occurs', () => {
  const values = [
    { fare: 1, at: { x: 1 }, none: null },
    { fare: 'a lot', at: 'here', none: null },
    { fare: 2.5 },
    7,
  ]
  const { conflicts, skipped } = infer(values, 'x')
  expect(conflicts).toEqual([
    'fare is number in 2, text in 1 of 3 values; text is proposed.',
    'at is text in 1, object in 1 of 2 values; text is proposed.',
    'none is null in all values; its type is not known, and text is proposed.',
  ])
  expect(skipped).toBe(1)
})

test('hostile values stay within bounds', () => {
  let deep: unknown = 1
  for (let i = 0; i < 5000; i++) deep = { deep }
  const wide = Array.from({ length: 100 }, (_, i) =>
    Object.fromEntries(Array.from({ length: 1000 }, (_, j) => [`f${i}_${j}`, j])),
  )
  const startedAt = Date.now()
  const { schema, conflicts } = infer(
    [{ deep }, JSON.parse('{"__proto__":{"a":1},"constructor":1}'), ...wide],
    'x',
  )
  expect(Date.now() - startedAt).toBeLessThan(2000)
  expect((schema as any).fields.length).toBeLessThanOrEqual(5000)
  expect(conflicts.length).toBeLessThanOrEqual(100)
  expect(conflicts.join()).toContain('nested deeper than 12 levels')
  expect(JSON.stringify(schema).length).toBeLessThan(1 << 20)
})
