import { number, object } from '@weir/topics/shape.ts'
import { expect, test } from 'vitest'
import { ReferenceTables, solutions, TABLE_NAME, UnknownTable } from './index.ts'
import { areas } from './location-offers/areas.ts'

const tariffs = { tables: { tariffs: { entry: object({ price: number({ min: 0, max: 10 }) }), seed: {} } } }
const record = (key: string, value: unknown, offset = 0) => {
  const [table, id] = key.split('/')
  return { key, offset, value: { table, id, json: JSON.stringify(value) } }
}

test('the seeds of solutions have their shapes, and no two solutions share a table', () => {
  const tables = new ReferenceTables(solutions)
  const names = solutions.flatMap((solution) => Object.keys(solution.tables ?? {}))
  expect(new Set(names).size).toBe(names.length)
  for (const [name, { seed }] of solutions.flatMap((solution) => Object.entries(solution.tables ?? {}))) {
    expect(name).toMatch(TABLE_NAME)
    for (const [id, entry] of Object.entries(seed)) tables.check(name, id, JSON.parse(JSON.stringify(entry)))
  }
})

test('the newest value of a key counts, a tombstone removes it, and every change raises the version', () => {
  const tables = new ReferenceTables([tariffs])
  const view = tables.table('tariffs')
  expect(view).toMatchObject({ version: 0, entries: new Map() })
  expect(tables.accept(record('tariffs/night', { price: 1 }, 7))).toEqual({
    table: 'tariffs',
    id: 'night',
    offset: 7,
    json: '{"price":1}',
  })
  tables.accept(record('tariffs/night', { price: 2 }))
  expect(Object.fromEntries(view.entries)).toEqual({ night: { price: 2 } })
  expect(tables.accept({ key: 'tariffs/night', value: null, offset: 9 })).toEqual({
    table: 'tariffs',
    id: 'night',
    offset: 9,
    json: null,
  })
  expect([view.version, view.entries.size]).toEqual([3, 0])
})

test('entries of a wrong shape are refused and change nothing, and unknown tables are ignored', () => {
  const tables = new ReferenceTables([tariffs])
  for (const bad of [
    record('tariffs/night', { price: 11 }),
    record('tariffs/night', [1]),
    record('tariffs/night', null),
    record('tariffs/Night', { price: 1 }),
    { key: 'tariffs/night', offset: 0, value: { table: 'tariffs', id: 'night', json: '{' } },
    { key: 'tariffs/day', offset: 0, value: { table: 'tariffs', id: 'night', json: '{"price":1}' } },
    { key: 'tariffs', offset: 0, value: null },
    { key: '', offset: 0, value: null },
  ])
    expect(() => tables.accept(bad)).toThrow()
  expect(tables.accept(record('toll/bridge', 'anything'))).toBeUndefined()
  expect(tables.table('tariffs')).toMatchObject({ version: 0, entries: new Map() })
  // A later version may have more fields; a field that no solution here declares is not kept.
  tables.accept(record('tariffs/night', { price: 1, currency: 'EUR' }))
  expect(tables.table('tariffs').entries.get('night')).toEqual({ price: 1 })
})

test.each([
  [
    'zones',
    {
      name: 'Soho',
      polygon: [
        [0, 0],
        [0, 1],
      ],
    },
    'polygon must have 3 to 10000 items, and has 2.',
  ],
  [
    'zones',
    {
      name: 'Soho',
      polygon: [
        [0, 0],
        [0, 1],
        [181, 1],
      ],
    },
    'polygon[2][0] must be between -180 and 180.',
  ],
  [
    'zones',
    {
      name: 'x'.repeat(250_000),
      polygon: [
        [0, 0],
        [0, 1],
        [1, 1],
      ],
    },
    'name must have 1 to 200 characters, and has 250000.',
  ],
  [
    'zones',
    {
      polygon: [
        [0, 0],
        [0, 1],
        [1, 1],
      ],
    },
    'name is missing.',
  ],
  [
    'zones',
    {
      name: 'Soho',
      polygon: [
        [0, 0],
        [0, 1],
        [1, 1],
      ],
      colour: 'red',
    },
    'colour is not known; there are name, polygon.',
  ],
  ['areas', { name: 'Broken', lat: 40.75, lon: -73.98, radiusKm: 5 }, 'options is missing.'],
  ['areas', { ...areas.berlin, lat: 86 }, 'lat must be between -85 and 85.'],
  ['areas', { ...areas.berlin, radiusKm: 101 }, 'radiusKm must be between 0 and 100.'],
  [
    'areas',
    { ...areas.berlin, options: [{ ...areas.berlin.options[0], downMbps: 1.5 }] },
    'options[0].downMbps must be a whole number.',
  ],
  [
    'areas',
    { ...areas.berlin, options: [{ ...areas.berlin.options[0], currency: 'Euro' }] },
    'options[0].currency must have 1 to 3 characters, and has 4.',
  ],
])('a wrong entry of %s is refused with the problem: case %#', (table, entry, message) => {
  expect(() => new ReferenceTables(solutions).check(table, 'x', entry)).toThrow(message)
})

test('the error for an unknown table lists the existing ones', () => {
  const tables = new ReferenceTables(solutions)
  for (const name of ['zone', '__proto__', 'constructor']) {
    expect(() => tables.check(name, 'x', {})).toThrow(
      new UnknownTable(
        `There is no reference table ${JSON.stringify(name)}; choose one of areas, cargo-classes, price-rails, sneaker-trends, truck-faults, zones.`,
      ),
    )
  }
})
