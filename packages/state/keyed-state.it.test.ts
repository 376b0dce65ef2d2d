/** States of keys on a real broker: they change together with the output of a task and the offset of its input. */
import { join } from 'node:path'
import { uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Counting, openCounting, PARTITIONS } from './testing/counting.ts'

let counting: Counting

beforeAll(async () => {
  counting = await openCounting()
})
afterAll(() => counting.stop())

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1)
const KEYS = Array.from({ length: 60 }, (_, i) => `p${i % PARTITIONS}-${i}`)

test('counts every record once, through failures and a successor without a disk', async () => {
  const { makeTopics, send, count, counts } = counting
  const topics = await makeTopics()
  let failures = 0
  const first = await count(topics, {
    fail: () => {
      if (Math.random() < 0.01 && failures++ < 5) throw new Error('not yet')
    },
  })
  for (let round = 0; round < 10; round++) await send(topics.input, KEYS)
  await first.caughtUp()
  await first.stop()
  const second = await count(topics, { dir: join(counting.dir, uniqueName('empty')) })
  for (let round = 0; round < 5; round++) await send(topics.input, KEYS)
  await second.caughtUp()
  await second.stop()
  const found = await counts(topics)
  expect(found.size).toBe(KEYS.length)
  for (const key of KEYS) expect(found.get(key)).toEqual(upTo(15))
})

test('keeps what does not fit into memory on disk, and a successor begins there', async () => {
  const { makeTopics, send, count, counts } = counting
  const topics = await makeTopics()
  const many = Array.from({ length: 9000 }, (_, i) => `p${i % PARTITIONS}-${i}`)
  await send(topics.input, many)
  const first = await count(topics, { memoryBytes: 300_000 })
  await first.caughtUp()
  // What this process has written is decoded again, though it has read nothing from Kafka.
  await send(topics.input, many)
  await first.caughtUp()
  await first.stop()
  // Reading the changelog writes what does not fit to disk.
  const second = await count(topics, { memoryBytes: 300_000 })
  await send(topics.input, [...many, ...many])
  await second.caughtUp()
  expect([...second.states.values()].reduce((sum, { keys }) => sum + keys, 0)).toBe(many.length)
  await second.stop()
  const third = await count(topics, { memoryBytes: 300_000 })
  await send(topics.input, many)
  await third.caughtUp()
  const found = await counts(topics)
  expect(found.size).toBe(many.length)
  for (const key of many) expect(found.get(key)).toEqual(upTo(5))
})

test('forgets a state, and refuses a new key when there are as many as there may be', async () => {
  const { makeTopics, send, count, counts } = counting
  const topics = await makeTopics()
  const limited = await count(topics, { maxKeys: 2 })
  await send(topics.input, ['p0-a', 'p0-reset', 'p0-b', 'p0-c', 'p0-a', 'p1-a'])
  await limited.caughtUp()
  expect(limited.refused).toEqual(['p0-c'])
  expect((await counts(topics)).get('p0-a')).toEqual([1, 2])
  expect((await counts(topics)).get('p1-a')).toEqual([1])
})
