import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Checkpoints } from './checkpoints.ts'
import { Copies } from './copies.ts'
import { Disk } from './disk.ts'

const dir = mkdtempSync(join(tmpdir(), 'weir-copies-'))
afterAll(() => rmSync(dir, { recursive: true }))

const at = (event: number) => ({ event, clock: Infinity })
const set = (copies: Copies, key: string, event: number): number => {
  const bytes = Buffer.from(key)
  const found = copies.find(bytes, 0, bytes.length)
  const id = found >= 0 ? found : copies.table.add(bytes, 0, bytes.length)
  copies.setValue(id, Buffer.from(`value of ${key}`), 0, 9 + key.length, at(event))
  return id
}
const keyOf = ({ table }: Copies, id: number): string | undefined =>
  id < 0 ? undefined : table.bytes.toString('utf8', table.keyStart(id), table.keyEnd(id))
const valueOf = (copies: Copies, key: string): string => {
  const bytes = Buffer.from(key)
  const id = copies.find(bytes, 0, bytes.length)
  return copies.table.bytes.toString('utf8', copies.table.keyEnd(id), copies.table.valueEnd(id))
}

test('a key that is due again at the same time is handed out again', () => {
  const copies = new Copies(undefined, () => {})
  const id = set(copies, 'a', 5)
  expect(copies.take('event', 5)).toBe(id)
  expect(copies.take('event', 5)).toBe(-1)
  copies.setTimers(id, at(5))
  expect(copies.take('event', 5)).toBe(id)
})

test('values and timers that were evicted come back from disk, in the same order', async () => {
  const disk = new Disk({ dir, topic: 'evicted', topicId: 'one', partition: 0 })
  const copies = new Copies(disk, () => {})
  const checkpoints = new Checkpoints({ disk, copies, end: async () => 0, schemaIds: new Set() })
  const keys = Array.from({ length: 500 }, (_, i) => `key-${(i * 7) % 500}`)
  for (const [i, key] of keys.entries()) set(copies, key, i % 50)
  checkpoints.writeAll(500)
  copies.evict(0)
  expect([copies.table.size, copies.keys, disk.offset]).toEqual([0, 500, 500])
  expect(valueOf(copies, 'key-7')).toBe('value of key-7')
  // Changes in memory are newer than the disk.
  set(copies, 'key-0', 49)
  set(copies, 'key-7', 60)
  const expected = keys
    .map((key, i) => ({ key, time: key === 'key-0' ? 49 : key === 'key-7' ? 60 : i % 50 }))
    .sort((a, b) => a.time - b.time || (a.key < b.key ? -1 : 1))
  for (const { key, time } of expected) {
    expect(keyOf(copies, copies.take('event', time - 1))).toBeUndefined()
    expect(keyOf(copies, copies.take('event', time))).toBe(key)
  }
  await disk.close()
})

test('many keys that are due come into memory a few at a time, and none is lost when memory is full', async () => {
  const disk = new Disk({ dir, topic: 'many-due', topicId: 'one', partition: 0 })
  const copies = new Copies(disk, () => {})
  const checkpoints = new Checkpoints({ disk, copies, end: async () => 0, schemaIds: new Set() })
  const keys = Array.from({ length: 5000 }, (_, i) => `key-${String((i * 7) % 5000).padStart(4, '0')}`)
  for (const key of keys) set(copies, key, 10)
  checkpoints.writeAll(5000)
  copies.evict(0)
  const taken: (string | undefined)[] = []
  for (let turn = 0; turn < 60; turn++) {
    const [early] = copies.due('event', 20, -Infinity)
    expect(keyOf(copies, early)).toBe(keys.toSorted()[taken.length])
    for (let i = 0; i < 100 && taken.length < keys.length; i++) {
      const id = copies.take('event', 10)
      const key = keyOf(copies, id)!
      taken.push(key)
      set(copies, key, 100)
    }
    expect(copies.table.size).toBeLessThan(1000)
    if (taken.length === keys.length) break
    checkpoints.writeAll(5000)
    copies.evict(0)
  }
  expect(taken).toEqual(keys.toSorted())
  expect(copies.take('event', 10)).toBe(-1)
  await disk.close()
})

test('an entry that was read because it is due, and was changed since, is due at its new time', async () => {
  const disk = new Disk({ dir, topic: 'changed-due', topicId: 'one', partition: 0 })
  const copies = new Copies(disk, () => {})
  const checkpoints = new Checkpoints({ disk, copies, end: async () => 0, schemaIds: new Set() })
  for (const key of ['a', 'b', 'c', 'd']) set(copies, key, 5)
  checkpoints.writeAll(4)
  copies.evict(0)
  const take = (until: number) => keyOf(copies, copies.take('event', until))
  expect(take(5)).toBe('a')
  set(copies, 'b', 7)
  copies.remove(copies.find(Buffer.from('c'), 0, 1))
  expect([take(5), take(6), take(7), take(9)]).toEqual(['d', undefined, 'b', undefined])
  await disk.close()
})
