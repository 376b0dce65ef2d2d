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
