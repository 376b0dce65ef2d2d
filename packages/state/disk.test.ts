import { existsSync, mkdtempSync, rmSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { Disk, InUse, NotOwner, removeOld } from './disk.ts'

const dir = mkdtempSync(join(tmpdir(), 'weir-state-'))
afterAll(() => rmSync(dir, { recursive: true }))

let topics = 0
const place = () => ({ dir, topic: `topic-${topics++}`, topicId: 'one', partition: 3 })
const value = Buffer.from('value')
const set = (disk: Disk, key: string, event: number, offset: number): void =>
  disk.write((states) => {
    states.set(Buffer.from(key), { event, clock: Infinity }, value)
    states.whole({ offset, schemaIds: [1] })
  })
const due = (disk: Disk, until: number): string[] =>
  disk.due('event', until, 10, undefined).map(({ key }) => key.toString())

test('has the states of the last process, with their offset', async () => {
  const at = place()
  const first = new Disk(at)
  expect([first.offset, first.keys]).toEqual([-1, 0])
  set(first, 'a', 5, 17)
  await first.close()
  const second = new Disk(at)
  expect([second.offset, second.keys, second.schemaIds]).toEqual([17, 1, [1]])
  expect(second.get(Buffer.from('a'))).toEqual({ timers: { event: 5, clock: Infinity }, value })
  expect(second.get(Buffer.from('b'))).toBeUndefined()
  await second.close()
})

test('knows what is due, after changes and removals', async () => {
  const disk = new Disk(place())
  for (const [key, time] of Object.entries({ a: 30, b: 10, c: 20, d: 10 })) set(disk, key, time, 1)
  set(disk, 'b', 25, 2)
  disk.write((states) => states.remove(Buffer.from('d')))
  expect(due(disk, 25)).toEqual(['c', 'b'])
  const [first] = disk.due('event', 100, 1, undefined)
  expect(disk.due('event', 100, 10, first).map(({ time }) => time)).toEqual([25, 30])
  expect(disk.due('clock', 100, 10, undefined)).toEqual([])
  await disk.close()
})

test('has the empty key like any other', async () => {
  const disk = new Disk(place())
  set(disk, '', 7, 1)
  set(disk, 'a', 7, 1)
  expect(due(disk, 7)).toEqual(['', 'a'])
  expect(disk.get(Buffer.alloc(0))?.value).toEqual(value)
  disk.write((states) => states.remove(Buffer.alloc(0)))
  expect([due(disk, 7), disk.get(Buffer.alloc(0)), disk.keys]).toEqual([['a'], undefined, 1])
  await disk.close()
})

test('belongs to the process that opened it last', async () => {
  const at = place()
  const [before, after] = [new Disk(at), new Disk(at)]
  expect(() => set(before, 'a', 1, 1)).toThrow(NotOwner)
  set(after, 'a', 1, 1)
  await Promise.all([before.close(), after.close()])
})

test('a standby copy is taken from its last owner, or from one that has left it alone for a minute', async () => {
  const at = place()
  const owner = new Disk(at)
  set(owner, 'a', 1, 9)
  expect(() => new Disk(at, 'somebody')).toThrow(InUse)
  set(owner, 'b', 1, 10)
  await owner.close()
  const heir = new Disk(at, owner.owner)
  expect([heir.offset, heir.keys]).toEqual([10, 2])
  await heir.close()
  vi.useFakeTimers({ now: Date.now() + 61_000 })
  const later = new Disk(at, 'somebody')
  vi.useRealTimers()
  expect([later.offset, later.keys]).toEqual([10, 2])
  await later.close()
})

test('forgets the states of a topic that was recreated, and those that are too old', async () => {
  const at = place()
  const first = new Disk(at)
  set(first, 'a', 1, 9)
  await first.close()
  const recreated = new Disk({ ...at, topicId: 'two' })
  expect([recreated.offset, recreated.keys, due(recreated, 9)]).toEqual([-1, 0, []])
  set(recreated, 'a', 1, 9)
  await recreated.close()
  vi.useFakeTimers({ now: Date.now() + 13 * 3_600_000 })
  const old = new Disk({ ...at, topicId: 'two' })
  vi.useRealTimers()
  expect([old.offset, old.keys]).toEqual([-1, 0])
  await old.close()
})

test('the states of a partition that nobody has had for half a day are removed, and others are kept', async () => {
  const at = place()
  const [old, current] = [at, { ...at, partition: 4 }]
  for (const one of [old, current]) {
    const disk = new Disk(one)
    set(disk, 'a', 5, 17)
    await disk.close()
  }
  const folder = (partition: number): string => join(dir, at.topic, at.topicId, String(partition))
  const longAgo = new Date(Date.now() - 13 * 3_600_000)
  utimesSync(join(folder(old.partition), 'data.mdb'), longAgo, longAgo)
  removeOld(dir, at.topic)
  removeOld(dir, 'no such topic')
  expect([old, current].map(({ partition }) => existsSync(folder(partition)))).toEqual([false, true])
})
