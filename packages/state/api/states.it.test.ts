/** States as others see them, on a real broker: listed, looked at, and erased by their owners. */
import { join } from 'node:path'
import { partitionOfKey } from '@weir/kafka'
import { topics as known } from '@weir/solutions'
import { uniqueName } from '@weir/testkit'
import { openConnections } from '@weir/topics/testing/connections.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Count,
  type Counting,
  type CountingTopics,
  openCounting,
  PARTITIONS,
} from '../testing/counting.ts'
import { type NamedState, States } from './states.ts'

const ERASURES = 'fleet.detectors.erasures'
const KEYS = Array.from({ length: 60 }, (_, i) => `truck/${i}`)
const ALL = { prefix: Buffer.alloc(0), limit: 1000 }
const PATIENCE_MS = 15_000

let counting: Counting
let asking: Awaited<ReturnType<typeof openConnections>>

beforeAll(async () => {
  counting = await openCounting((key) => partitionOfKey(key, PARTITIONS))
  asking = await openConnections(ERASURES)
})
afterAll(async () => {
  await asking.stop()
  await counting.stop()
})

const signal = (): AbortSignal => AbortSignal.timeout(30_000)

async function statesOf({ changelog, erasures }: CountingTopics) {
  const { kafka, codec } = counting.connections
  const state = { topic: changelog, erasures } as NamedState
  const producer = await kafka.producer()
  const states = new States({
    kafka,
    codec: { ...codec, writer: asking.codec.writer } as typeof codec,
    producer,
    topics: { [changelog]: known['weir.control.reference'] },
    states: [state],
    log: { info: () => {} },
  })
  return {
    list: async (options: Partial<typeof ALL> = {}) => states.list(state, { ...ALL, ...options }, signal()),
    count: async (key: string) =>
      Number(((await states.get(state, Buffer.from(key), signal()))?.value as Count | undefined)?.json ?? 0),
    get: (key: string) => states.get(state, Buffer.from(key), signal()),
    erase: (key: string, patienceMs = PATIENCE_MS) =>
      states.erase(state, Buffer.from(key), 'test', patienceMs, signal()),
    /** Other requests than the API makes. */
    ask: (records: readonly { key: string | null; value: Buffer | null }[]) =>
      asking.kafka.producer().then(async (writer) => {
        const delivery = writer.delivery()
        for (const { key, value } of records) {
          const bytes = key === null ? null : Buffer.from(key)
          const length = bytes?.length ?? 0
          delivery.append(erasures, 0, bytes, 0, length, value, 0, value?.length ?? 0, Buffer.from([0]), 0, 1)
        }
        expect(await delivery.settled()).toEqual([])
        await writer.stop()
      }),
  }
}

test('what is listed and shown equals what the task holds', async () => {
  const topics = await counting.makeTopics()
  const task = await counting.count(topics)
  for (let round = 0; round < 3; round++) await counting.send(topics.input, KEYS)
  await counting.send(topics.input, ['truck/7', 'car/1', 'car/1-reset'])
  await task.caughtUp()
  const states = await statesOf(topics)
  const { states: listed, more } = await states.list()
  expect(more).toBe(false)
  expect(listed.map(({ key }) => key.toString())).toEqual([...KEYS, 'car/1'].sort())
  for (const { key, partition, bytes, changedAt } of listed) {
    expect(partition).toBe(partitionOfKey(key, PARTITIONS))
    const shown = await states.get(key.toString())
    expect(shown?.value).toEqual(task.states.get(partition)!.at(key).value)
    expect(shown).toMatchObject({ partition, size: bytes, changedAt, problem: undefined })
    expect(Math.abs(Date.now() - changedAt)).toBeLessThan(60_000)
  }
  expect(await states.count('truck/7')).toBe(4)
  expect(await states.get('truck/61')).toBe(undefined)
  expect(
    (await states.list({ prefix: Buffer.from('truck/5') })).states.map(({ key }) => key.toString()),
  ).toEqual(KEYS.filter((key) => key.startsWith('truck/5')).sort())
  const few = await states.list({ limit: 5 })
  expect([few.states.length, few.more]).toEqual([5, true])
})

test('an erased key is gone from memory, disk and the changelog, and its neighbours are as they were', async () => {
  const topics = await counting.makeTopics()
  const task = await counting.count(topics)
  await counting.send(topics.input, [...KEYS, ...KEYS])
  await task.caughtUp()
  const states = await statesOf(topics)
  expect(await states.erase('truck/3')).toBe('erased')
  expect(await states.count('truck/3')).toBe(0)
  expect(await states.erase('truck/3')).toBe('unknown')
  expect(await states.erase('nobody')).toBe('unknown')
  const held = [...task.states.values()].reduce((sum, { keys }) => sum + keys, 0)
  expect(held).toBe(KEYS.length - 1)
  await counting.send(topics.input, KEYS)
  await task.caughtUp()
  await task.stop()
  for (const dir of [counting.dir, join(counting.dir, uniqueName('empty'))]) {
    const again = await counting.count(topics, { dir })
    await counting.send(topics.input, KEYS)
    await again.caughtUp()
    await again.stop()
  }
  const counts = await counting.counts(topics)
  expect(counts.get('truck/3')).toEqual([1, 2, 1, 2, 3])
  for (const key of KEYS.filter((one) => one !== 'truck/3')) expect(counts.get(key)).toEqual([1, 2, 3, 4, 5])
})

test('what is asked for while no task runs is done when one does', async () => {
  const topics = await counting.makeTopics()
  const task = await counting.count(topics)
  await counting.send(topics.input, KEYS)
  await task.caughtUp()
  await task.stop()
  const states = await statesOf(topics)
  expect(await states.erase('truck/9', 500)).toBe('asked')
  expect(await states.count('truck/9')).toBe(1)
  const again = await counting.count(topics)
  await expect.poll(() => states.count('truck/9')).toBe(0)
  await again.caughtUp()
  expect((await states.list()).states).toHaveLength(KEYS.length - 1)
})

test('requests without a key, or with one that no state has, change nothing', async () => {
  const topics = await counting.makeTopics()
  const task = await counting.count(topics)
  await counting.send(topics.input, KEYS)
  await task.caughtUp()
  const states = await statesOf(topics)
  const kept = KEYS.find((key) => partitionOfKey(key, PARTITIONS) === 0)!
  const gone = KEYS.findLast((key) => partitionOfKey(key, PARTITIONS) === 0)!
  const value = Buffer.from('anything')
  await states.ask([
    { key: null, value },
    { key: '', value },
    { key: 'k'.repeat(2000), value },
    { key: kept, value: null },
    { key: 'unknown', value },
    { key: gone, value },
  ])
  await expect.poll(() => states.count(gone)).toBe(0)
  expect((await states.list()).states).toHaveLength(KEYS.length - 1)
  expect(await states.count(kept)).toBe(1)
})
