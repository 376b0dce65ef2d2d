/** Followers on a real broker: the records that they read and skip, and how they continue after faults. */

import type { Codec } from '@weir/codec'
import type { ReferenceEntry } from '@weir/contracts'
import { appendRecord, encodeValue, type Kafka, type Producer, writeRecord } from '@weir/kafka'
import { metrics } from '@weir/service'
import { servers, uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { Follower, type FollowOptions } from './follow.ts'
import { type Connections, openConnections } from './testing/connections.ts'

/** Any contract will do: the topics are this test's own. */
const CONTRACT = 'weir.control.reference'
type Contract = typeof CONTRACT

let connections: Connections
let kafka: Kafka
let codec: Codec
let producer: Producer

beforeAll(async () => {
  connections = await openConnections(CONTRACT)
  ;({ kafka, codec } = connections)
  producer = await kafka.producer()
})

afterAll(async () => {
  await producer.stop()
  await connections.stop()
})

const topicOf = async (partitions = 1): Promise<Contract> =>
  (await connections.makeTopic(partitions, { 'cleanup.policy': 'delete' })) as Contract

async function encoded(id: string, json = '1'): Promise<Buffer> {
  return encodeValue(await codec.writer(CONTRACT), { table: 't', id, json })
}

async function put(topic: string, id: string, value?: Buffer | null, partition = 0): Promise<void> {
  await writeRecord(producer, {
    topic,
    partition,
    key: `t/${id}`,
    value: value === undefined ? await encoded(id) : value,
  })
}

interface Followed {
  readonly follower: Follower<Contract>
  readonly seen: string[]
  readonly warnings: Record<string, unknown>[]
}

function follow(topic: Contract, changes: Partial<FollowOptions<Contract>> = {}): Followed {
  const seen: string[] = []
  const warnings: Record<string, unknown>[] = []
  const follower = new Follower<Contract>({
    kafka,
    topic,
    reader: 'test',
    from: 'earliest',
    codec,
    log: { warn: (details, message) => warnings.push({ ...details, message }) },
    accept: ({ key, value }) => {
      if (key === 't/refused') throw new Error('It does not have its shape.')
      seen.push(value === null ? `${key} gone` : (value as ReferenceEntry).id)
    },
    ...changes,
  })
  onTestFinished(() => follower.stop())
  return { follower, seen, warnings }
}

const leftOut = async (topic: string): Promise<number | undefined> =>
  (await metrics.getSingleMetric('weir_records_left_out_total')!.get()).values.find(
    ({ labels }) => labels.topic === topic,
  )?.value

test('records of another shape are skipped, logged and counted, and all others arrive once, in order', async () => {
  const topic = await topicOf()
  const unknownSchema = Buffer.concat([Buffer.from([0, 255, 255, 255, 255]), Buffer.from('no such schema')])
  const truncated = (await encoded('truncated')).subarray(0, 8)
  await put(topic, 'first')
  for (const bad of [
    Buffer.from('sevenxx'),
    Buffer.alloc(0),
    unknownSchema,
    truncated,
    await encoded('refused'),
  ]) {
    await put(topic, 'refused', bad)
  }
  await put(topic, 'gone', null)
  await put(topic, 'before')
  const { follower, seen, warnings } = follow(topic)
  await follower.catchUp()
  expect(seen).toEqual(['first', 't/gone gone', 'before'])
  expect(await leftOut(topic)).toBe(5)
  expect(warnings).toEqual([
    expect.objectContaining({
      topic,
      offset: 1,
      error: expect.stringContaining('framing'),
      message: 'a record is skipped',
    }),
  ])
  follower.start()
  await expect.poll(() => follower.ready).toBe(true)
  await put(topic, 'refused', Buffer.from('bad again'))
  await put(topic, 'after')
  await expect.poll(() => seen.at(-1)).toBe('after')
  await follower.catchUp()
  expect(seen).toEqual(['first', 't/gone gone', 'before', 'after'])
  expect(await leftOut(topic)).toBe(6)
  expect(warnings.length).toBe(1)
})

test('all partitions are read, and concurrent calls of catchUp() repeat no record', async () => {
  const topic = await topicOf(2)
  await put(topic, 'old')
  const { follower, seen } = follow(topic, { from: 'latest' })
  await follower.catchUp()
  follower.start()
  const records = Array.from({ length: 100 }, (_, i) => `r${i}`)
  for (const id of records) {
    await Promise.all([
      put(topic, id, undefined, Number(id.slice(1)) % 2),
      id.endsWith('9') && follower.catchUp(),
    ])
  }
  await follower.catchUp()
  expect(seen.toSorted()).toEqual(records.toSorted())
}, 60_000)

test('a transaction is seen once it is committed, and its marker does not stop followers', async () => {
  const topic = await topicOf()
  const { follower, seen } = follow(topic)
  for (const id of ['a', 'b']) {
    const value = await encoded(id)
    await kafka.transact(topic, (out) => appendRecord(out, { topic, partition: 0, key: `t/${id}`, value }))
  }
  // Each transaction ends with a marker, which readers may see a moment after the acknowledgement.
  await expect
    .poll(
      async () => {
        await follower.catchUp()
        return follower.position(0)
      },
      { timeout: 10_000 },
    )
    .toBe(4)
  expect(seen).toEqual(['a', 'b'])
})

test('a follower continues by itself after the topic, and then the registry, were missing', async () => {
  const topic = uniqueName('followed') as Contract
  let registry = false
  const { follower, seen, warnings } = follow(topic, {
    codec: {
      reader: async () => {
        const reader = await codec.reader(CONTRACT)
        return {
          ...reader,
          prepare: (batch: Parameters<typeof reader.prepare>[0]) =>
            registry ? reader.prepare(batch) : Promise.reject(new Error('no registry')),
        }
      },
    } as unknown as Codec,
  })
  follower.start()
  await expect.poll(() => warnings.length).toBe(1)
  await expect(follower.catchUp()).rejects.toMatchObject({ code: 'unknown-topic' })
  await kafka.admin.createTopics([{ name: topic, partitions: 1, replicas: 1, configs: {} }])
  await put(topic, 'early')
  await expect
    .poll(
      () =>
        follower.catchUp().then(
          () => '',
          (error: Error) => error.message,
        ),
      { timeout: 10_000 },
    )
    .toBe('no registry')
  expect([follower.ready, seen]).toEqual([false, []])
  registry = true
  await expect.poll(() => follower.ready, { timeout: 15_000 }).toBe(true)
  expect(seen).toEqual(['early'])
  expect(warnings.map(({ message }) => message)).toEqual([
    'the topic cannot be followed; retrying until it can',
    'the topic is followed again',
  ])
}, 60_000)

test('a recreated topic is read from its beginning, or reported if the reader cannot be reset', async () => {
  const topic = await topicOf()
  for (const id of ['a', 'b', 'c']) await put(topic, id)
  const table = follow(topic, {
    reset: () => {
      table.seen.length = 0
    },
  })
  const log = follow(topic)
  await Promise.all([table.follower.catchUp(), log.follower.catchUp()])
  await kafka.admin.deleteTopics([topic])
  await expect.poll(async () => (await kafka.admin.topics()).some(({ name }) => name === topic)).toBe(false)
  await kafka.admin.createTopics([{ name: topic, partitions: 1, replicas: 1, configs: {} }])
  await put(topic, 'new')
  table.follower.start()
  log.follower.start()
  await expect.poll(() => table.follower.ready, { timeout: 20_000 }).toBe(true)
  expect(table.seen).toEqual(['new'])
  await expect(log.follower.catchUp()).rejects.toThrow(
    /ends at 1, and was read up to 3.*Restart this service/,
  )
  expect([log.follower.ready, log.seen]).toEqual([false, ['a', 'b', 'c']])
}, 60_000)

test('a topic that is recreated while it is followed is read from its beginning, however long it gets', async () => {
  const topic = await topicOf()
  for (const id of ['a', 'b', 'c']) await put(topic, id)
  const table = follow(topic, {
    reset: () => {
      table.seen.length = 0
    },
  })
  table.follower.start()
  await expect.poll(() => table.seen).toEqual(['a', 'b', 'c'])
  await expect.poll(() => table.follower.ready).toBe(true)
  await kafka.admin.deleteTopics([topic])
  await expect.poll(async () => (await kafka.admin.topics()).some(({ name }) => name === topic)).toBe(false)
  await kafka.admin.createTopics([{ name: topic, partitions: 1, replicas: 1, configs: {} }])
  const wanted = ['1', '2', '3', '4', '5']
  for (const id of wanted) await put(topic, id)
  await expect.poll(() => table.seen, { timeout: 30_000 }).toEqual(wanted)
  await expect.poll(() => table.follower.ready, { timeout: 20_000 }).toBe(true)
  expect(table.warnings.map(({ err }) => String(err))).toContainEqual(
    expect.stringContaining('was recreated'),
  )
}, 60_000)

test('records that were deleted before they were read do not stop a follower', async () => {
  const topic = await topicOf()
  await put(topic, 'a')
  const { follower, seen, warnings } = follow(topic)
  await follower.catchUp()
  for (const id of ['b', 'c', 'd']) await put(topic, id)
  await servers.kafka().then(({ brokers }) => deleteRecords(brokers, topic, 3))
  await follower.catchUp()
  expect(seen).toEqual(['a', 'd'])
  expect(warnings.map(({ message }) => message)).toEqual([
    'records were deleted before they were read; reading continues after them',
  ])
}, 60_000)

test('a stop does not wait for a broker that does not answer', async () => {
  const topic = await topicOf()
  const never = new Promise<never>(() => {})
  const { follower } = follow(topic, { kafka: { ...asked(kafka), offsetAt: () => never } })
  follower.start()
  await follower.stop()
  expect(follower.ready).toBe(false)
})

const asked = ({ partitions, fetch, read, offsetAt }: Kafka): FollowOptions<Contract>['kafka'] => ({
  partitions,
  fetch,
  read,
  offsetAt,
})

async function deleteRecords(brokers: readonly string[], topic: string, offset: number): Promise<void> {
  const { Kafka: KafkaJs } = (await import('kafkajs')).default
  const admin = new KafkaJs({ brokers: [...brokers] }).admin()
  await admin.connect()
  await admin.fetchTopicOffsets(topic)
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(offset) }] })
  await admin.disconnect()
}
