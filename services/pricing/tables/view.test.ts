import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeKey, keyRange } from '@weir/items'
import { afterAll, expect, test } from 'vitest'
import { View } from './view.ts'

const dir = mkdtempSync(join(tmpdir(), 'weir-view-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const key = (table: string, sort: number): Buffer =>
  encodeKey(table, { partition: { S: 'p' }, sort: { N: String(sort) } })
const range = keyRange('a', { partition: { S: 'p' } })

test('keys are read in their order, in both directions, after a key, and what was set last counts', async () => {
  const view = new View(dir)
  for (const sort of [3, -1, 20, 0, 100]) view.set(key('a', sort), Buffer.from(String(sort)))
  view.set(key('b', 1), Buffer.from('of another table'))
  view.set(key('a', 3), Buffer.from('three'))
  view.set(key('a', 20), null)
  const read = (options = {}): string[] =>
    [...view.range(range, options)].map(({ value }) => value.toString())
  expect(read()).toEqual(['-1', '0', 'three', '100'])
  expect(read({ descending: true })).toEqual(['100', 'three', '0', '-1'])
  expect(read({ after: key('a', 0) })).toEqual(['three', '100'])
  expect(read({ after: key('a', 3), descending: true })).toEqual(['0', '-1'])
  expect([...view.range({ start: key('a', 3), end: key('a', 100) }, { descending: true })]).toHaveLength(1)
  expect([view.count('a'), view.count('b'), view.count('c')]).toEqual([4, 1, 0])
  view.set(key('b', 1), null)
  expect(view.count('b')).toBe(0)
  expect(view.get(key('b', 1))).toBe(undefined)
  view.clear()
  expect([read(), view.count('a')]).toEqual([[], 0])
  await view.close()
})

test('a new view begins empty, and removes what killed processes have left', async () => {
  for (const name of ['tables-999999999', 'tables-x', 'other']) mkdirSync(join(dir, name))
  const view = new View(dir)
  view.set(key('a', 1), Buffer.from('1'))
  expect(view.get(key('a', 1))?.toString()).toBe('1')
  expect(readdirSync(dir).sort()).toEqual(['other', `tables-${process.pid}`, 'tables-x'].sort())
  await view.close()
  expect(readdirSync(dir).sort()).toEqual(['other', 'tables-x'])
})
