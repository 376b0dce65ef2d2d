import { expect, test } from 'vitest'
import { ByteTable } from './byte-table.ts'
import { TimerHeap } from './timer-heap.ts'

function heapOf() {
  const table = new ByteTable()
  const heap = new TimerHeap(table, 'event')
  const set = (name: string, event: number): void => {
    const key = Buffer.from(name)
    const found = table.find(key, 0, key.length)
    const id = found < 0 ? table.add(key, 0, key.length) : found
    table.setTimers(id, { event, clock: Infinity })
    heap.push(event, id)
  }
  const name = (id: number): string => table.bytes.toString('utf8', table.keyStart(id), table.keyEnd(id))
  const takeAll = (until: number): string[] => {
    const names: string[] = []
    for (let id = heap.take(until); id >= 0; id = heap.take(until)) names.push(name(id))
    return names
  }
  const due = (until: number): string[] => heap.due(until, -Infinity).map(name)
  const remove = (text: string): void => table.remove(table.find(Buffer.from(text), 0, text.length))
  return { set, takeAll, due, remove }
}

test('hands out what is due, by time and then by key, in whatever order it came', () => {
  const entries = Array.from({ length: 500 }, (_, i) => [`k${(i * 7919) % 500}`, (i * 31) % 40] as const)
  const sorted = entries.toSorted(([a, x], [b, y]) => x - y || (a < b ? -1 : 1)).map(([key]) => key)
  for (const order of [entries, entries.toReversed()]) {
    const { set, takeAll, due } = heapOf()
    for (const [key, time] of order) set(key, time)
    expect(due(39)).toEqual(sorted)
    const early = takeAll(20)
    expect([...early, ...takeAll(39)]).toEqual(sorted)
  }
})

test('follows a timer that moves, and forgets one whose key was removed', () => {
  const { set, takeAll, remove } = heapOf()
  set('a', 10)
  set('b', 11)
  set('c', 12)
  set('a', 30)
  remove('b')
  set('c', 5)
  set('c', 12)
  expect(takeAll(20)).toEqual(['c'])
  expect(takeAll(29)).toEqual([])
  expect(takeAll(30)).toEqual(['a'])
})

test('stays small while one timer moves 100,000 times', () => {
  const { set, takeAll } = heapOf()
  for (let i = 0; i < 100_000; i++) set('a', i)
  expect(takeAll(Infinity)).toEqual(['a'])
})
