/** States of keys on a real broker: they change together with the output of a task and the offset of its input. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { appendRecord, type RecordBatch, writeRecords } from '@weir/kafka'
import { logger } from '@weir/service'
import { uniqueName } from '@weir/testkit'
import { type Connections, openConnections } from '@weir/topics/testing/connections.ts'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type KeyedState, keyedTask, Memory, NO_TIMERS, openStateStore } from './index.ts'

const CONTRACT = 'weir.control.reference'
const PARTITIONS = 3
const soon = { timeout: 20_000 }
let connections: Connections
let dir: string

beforeAll(async () => {
  connections = await openConnections(CONTRACT)
  dir = mkdtempSync(join(tmpdir(), 'weir-state-it-'))
})
afterAll(async () => {
  await connections.stop()
  rmSync(dir, { recursive: true, force: true })
})

/** Counts the records of each key; the state's `json` is the count. */
interface Count {
  readonly table: string
  readonly id: string
  json: string
}

interface Counting {
  readonly input: string
  readonly changelog: string
  readonly output: string
}

async function makeTopics(): Promise<Counting> {
  const input = uniqueName('counted')
  const { admin } = connections.kafka
  const names = [`${input}`, `${input}-out`]
  await admin.createTopics(names.map((name) => ({ name, partitions: PARTITIONS, replicas: 1, configs: {} })))
  return { input, output: names[1], changelog: await connections.makeTopic(PARTITIONS) }
}

async function send(topic: string, keys: readonly string[]): Promise<void> {
  const producer = await connections.kafka.producer()
  await writeRecords(producer, (out) => {
    for (const key of keys)
      appendRecord(out, { topic, partition: partitionOf(key), key, value: Buffer.from('1') })
  })
  await producer.stop()
}
/** Keys such as "p1-a" are in the partition that they name. */
const partitionOf = (key: string): number => Number(key[1])

const keyOf = (batch: RecordBatch, i: number): string =>
  batch.bytes.toString('utf8', batch.keyStart[i], batch.keyEnd[i])

async function count(
  { input, changelog, output }: Counting,
  options: { maxKeys?: number; memoryBytes?: number; dir?: string; fail?: (key: string) => void } = {},
) {
  const log = logger(uniqueName('state'))
  log.level = 'silent'
  const { kafka, codec } = connections
  const stateOf = await openStateStore({
    kafka,
    codec,
    config: { dir: options.dir ?? dir, memory: new Memory(options.memoryBytes ?? 64 << 20) },
    topic: changelog as typeof CONTRACT,
    timers: () => NO_TIMERS,
    maxKeys: options.maxKeys ?? 1e6,
    log,
  })
  const states = new Map<number, KeyedState<Count>>()
  const refused: string[] = []
  const subscription = await kafka.transform(
    { groupId: input, topics: [input], startAt: 'earliest', maxBatchRecords: 50 },
    (partition) => {
      const state = stateOf(partition) as KeyedState<Count>
      states.set(partition, state)
      return keyedTask(state, {
        process(batch, state, out) {
          for (let i = 0; i < batch.length; i++) {
            const key = keyOf(batch, i)
            try {
              const keyed = state.at(batch.bytes, batch.keyStart[i], batch.keyEnd[i])
              if (key.endsWith('-reset')) keyed.value = undefined
              else keyed.value = { table: 't', id: key, json: String(Number(keyed.value?.json ?? 0) + 1) }
              state.put(keyed)
              const value = Buffer.from(keyed.value?.json ?? '')
              appendRecord(out, { topic: output, partition: batch.partition, key, value })
            } catch (error) {
              if ((error as { code?: string }).code !== 'too-many-keys') throw error
              refused.push(key)
            }
            options.fail?.(key)
          }
        },
      })
    },
  )
  onTestFinished(() => subscription.stop())
  const caughtUp = () =>
    expect.poll(async () => (await kafka.admin.lag(input)).map(({ lag }) => lag), soon).toEqual([0, 0, 0])
  return { caughtUp, refused, states, stop: () => subscription.stop() }
}

/** Reads the output: the counts of each key, in order. */
async function counts({ output }: Counting): Promise<Map<string, number[]>> {
  const found = new Map<string, number[]>()
  const reading = await connections.kafka.read(
    { topics: [output], from: 'earliest', until: 'end' },
    (batch) => {
      for (let i = 0; i < batch.length; i++) {
        const text = batch.bytes.toString('utf8', batch.valueStart[i], batch.valueEnd[i])
        const key = keyOf(batch, i)
        found.set(key, [...(found.get(key) ?? []), Number(text)])
      }
    },
  )
  await reading.done
  return found
}
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1)
const KEYS = Array.from({ length: 60 }, (_, i) => `p${i % PARTITIONS}-${i}`)

test('counts every record once, through failures and a successor without a disk', async () => {
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
  const second = await count(topics, { dir: join(dir, uniqueName('empty')) })
  for (let round = 0; round < 5; round++) await send(topics.input, KEYS)
  await second.caughtUp()
  await second.stop()
  const found = await counts(topics)
  expect(found.size).toBe(KEYS.length)
  for (const key of KEYS) expect(found.get(key)).toEqual(upTo(15))
})

test('keeps what does not fit into memory on disk, and a successor begins there', async () => {
  const topics = await makeTopics()
  const many = Array.from({ length: 9000 }, (_, i) => `p${i % PARTITIONS}-${i}`)
  await send(topics.input, many)
  const first = await count(topics, { memoryBytes: 300_000 })
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
  for (const key of many) expect(found.get(key)).toEqual(upTo(4))
})

test('forgets a state, and refuses a new key when there are as many as there may be', async () => {
  const topics = await makeTopics()
  const counting = await count(topics, { maxKeys: 2 })
  await send(topics.input, ['p0-a', 'p0-reset', 'p0-b', 'p0-c', 'p0-a', 'p1-a'])
  await counting.caughtUp()
  expect(counting.refused).toEqual(['p0-c'])
  expect((await counts(topics)).get('p0-a')).toEqual([1, 2])
  expect((await counts(topics)).get('p1-a')).toEqual([1])
})
