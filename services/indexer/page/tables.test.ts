import { expect, test } from 'vitest'
import { Tables } from './tables.ts'

const entry = (table: string, id: string, value: unknown) => ({ key: `${table}/${id}`, value: { table, id, json: JSON.stringify(value) } })

test('the newest value of a key holds, a tombstone removes it, and every change raises the version', () => {
  const tables = new Tables()
  tables.accept(entry('zones', 'soho', { name: 'Soho' }))
  tables.accept(entry('zones', 'soho', { name: 'SoHo' }))
  tables.accept(entry('zones', 'a/b', { name: 'With a slash' }))
  tables.accept(entry('tariffs', 'night', 2))
  const zones = () => JSON.parse(String(tables.json('zones')))
  expect(zones()).toEqual({ version: 3, entries: { soho: { name: 'SoHo' }, 'a/b': { name: 'With a slash' } } })
  tables.accept({ key: 'zones/soho', value: null })
  expect(zones()).toEqual({ version: 4, entries: { 'a/b': { name: 'With a slash' } } })
})

test('an entry that is nested deeper than can be written again is given as it came', () => {
  const tables = new Tables()
  const json = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  tables.accept({ key: 'zones/deep', value: { table: 'zones', id: 'deep', json } })
  tables.accept(entry('zones', '"quoted"', 1))
  expect(String(tables.json('zones'))).toBe(`{"version":2,"entries":{"deep":${json},"\\"quoted\\"":1}}`)
  expect(tables.json('zones')).toBe(tables.json('zones'))
})

test('a table is a live view, empty before anything was read', () => {
  const tables = new Tables()
  const zones = tables.table('zones')
  expect(zones).toMatchObject({ version: 0, entries: new Map() })
  tables.accept(entry('zones', 'soho', 1))
  expect(zones.entries.get('soho')).toBe(1)
})

test('what is no JSON is refused and changes nothing; a key of another form is passed over', () => {
  const tables = new Tables()
  expect(() => tables.accept({ key: 'zones/x', value: { table: 'zones', id: 'x', json: '{' } })).toThrow(SyntaxError)
  tables.accept({ key: 'zones', value: null })
  expect(tables.table('zones').version).toBe(0)
})
