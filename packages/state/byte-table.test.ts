import { random } from '@weir/codec/testing/values.ts'
import { expect, inject, test } from 'vitest'
import { ByteTable, DIRTY, REMOVED } from './byte-table.ts'
import { NO_TIMERS } from './timers.ts'

const valueOf = (table: ByteTable, id: number): string =>
  table.bytes.toString('utf8', table.keyEnd(id), table.valueEnd(id))

test('has what a map has, after any changes', () => {
  const number = random(1)
  const next = (below: number): number => Math.floor(number() * below)
  const table = new ByteTable()
  const map = new Map<string, string>()
  for (let i = 0; i < 30_000; i++) {
    const key = Buffer.from(`key-${next(3000)}`)
    const text = key.toString()
    let id = table.find(key, 0, key.length)
    if ((id >= 0 ? valueOf(table, id) : undefined) !== map.get(text))
      expect.fail(`${text} differs after ${i} changes`)
    if (id >= 0 && next(3) === 0) {
      table.remove(id)
      map.delete(text)
      continue
    }
    if (id < 0) id = table.add(key, 0, key.length)
    const value = Buffer.from(String(i).repeat(1 + next(20)))
    table.setValue(id, value, 0, value.length, { event: i, clock: -i }, DIRTY)
    map.set(text, value.toString())
  }
  expect(table.size).toBe(map.size)
  for (const [key, value] of map)
    expect(valueOf(table, table.find(Buffer.from(key), 0, key.length))).toBe(value)
})

test('an entry keeps its id, its key and its marks while others come and go', () => {
  const table = new ByteTable()
  const id = table.add(Buffer.from('xkept'), 1, 5)
  expect(table.marks(id)).toBe(REMOVED)
  table.setValue(id, Buffer.from('value'), 0, 5, { event: 7, clock: 8 }, 0)
  for (let i = 0; i < 50_000; i++) {
    const other = table.add(Buffer.from(`other-${i}`), 0, `other-${i}`.length)
    table.setValue(other, Buffer.alloc(100), 0, 100, NO_TIMERS, 0)
    if (i % 2) table.remove(other)
  }
  expect(table.find(Buffer.from('kept'), 0, 4)).toBe(id)
  expect([valueOf(table, id), table.marks(id), table.timer(id, 'clock')]).toEqual(['value', 0, 8])
  table.clearValue(id, DIRTY)
  expect([valueOf(table, id), table.marks(id), table.timer(id, 'event')]).toEqual([
    '',
    DIRTY | REMOVED,
    Infinity,
  ])
})

test('takes about 60 bytes an entry besides key and value', () => {
  const table = new ByteTable()
  const entries = inject('thorough') ? 100_000 : 20_000
  for (let i = 0; i < entries; i++) {
    const key = Buffer.from(`device-${String(i).padStart(9, '0')}`)
    table.setValue(table.add(key, 0, 16), Buffer.alloc(200), 0, 200, NO_TIMERS, 0)
  }
  expect(table.usedBytes / entries - 216).toBeLessThan(65)
})

test('the empty key is a key', () => {
  const table = new ByteTable()
  const id = table.add(Buffer.alloc(0), 0, 0)
  expect(table.find(Buffer.from('a'), 1, 1)).toBe(id)
  expect(table.find(Buffer.from('a'), 0, 1)).toBe(-1)
})
