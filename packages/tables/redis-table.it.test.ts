/** The newest values of a topic in Redis. */
import type { TopicName } from '@weir/contracts'
import { encodeValue, type Producer, writeRecord } from '@weir/kafka'
import { logger } from '@weir/service'
import { servers } from '@weir/testkit'
import { type Connections, openConnections } from '@weir/topics/testing/connections.ts'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { openRedisTable, type RedisTable } from './redis-table.ts'

const soon = { timeout: 20_000 }
let connections: Connections
let producer: Producer
let redis: Redis

beforeAll(async () => {
  connections = await openConnections('weir.control.reference')
  producer = await connections.kafka.producer()
  redis = new Redis((await servers.redis()).url)
})
afterAll(async () => {
  redis.disconnect()
  await producer.stop()
  await connections.stop()
})

async function put(topic: string, key: string, json: string | null): Promise<void> {
  const writer = await connections.codec.writer(topic as TopicName)
  const value = json === null ? null : encodeValue(writer, { table: 't', id: key, json } as never)
  await writeRecord(producer, { topic, partition: 0, key, value })
}

/** Opens the table as one replica does, and returns it with a function that reads the newest value of a key. */
async function open(topic: string): Promise<{ table: RedisTable; newest(key: string): Promise<unknown> }> {
  const { kafka, codec } = connections
  const { url: redisUrl } = await servers.redis()
  const log = logger('redis-table-test')
  log.level = 'silent'
  const { value: table, stop } = await openRedisTable({
    kafka,
    codec,
    topic: topic as TopicName,
    groupId: `test.latest.${topic}`,
    redisUrl,
    log,
  })
  onTestFinished(async () => stop(1000))
  return { table, newest: async (key) => ((await table.get(key)) as { json: string } | undefined)?.json }
}

test('every replica has the newest value of each key, and none for a removed key', async () => {
  const topic = await connections.makeTopic()
  await put(topic, 'a', '1')
  await put(topic, 'b', '1')
  const replicas = [await open(topic), await open(topic)]
  await put(topic, 'a', '2')
  await put(topic, 'b', null)
  for (const { table, newest } of replicas) {
    await expect.poll(() => newest('a'), soon).toBe('2')
    await expect.poll(() => newest('b'), soon).toBeUndefined()
    expect(await newest('c')).toBeUndefined()
    await expect.poll(() => table.ready(), soon).toBe(true)
  }
})

test('values that Redis has lost are copied again from the topic, and the others stay', async () => {
  const topic = await connections.makeTopic()
  for (const json of ['1', '2']) await put(topic, 'lost', json)
  for (const json of ['1', '2']) await put(topic, 'kept', json)
  const { table, newest } = await open(topic)
  await expect.poll(() => newest('kept'), soon).toBe('2')
  await expect.poll(() => table.ready(), soon).toBe(true)
  const keys = await redis.keys(`weir:latest:${topic}*`)
  await redis.del(...keys.filter((key) => !key.endsWith('/kept')))
  await expect.poll(() => newest('lost'), soon).toBe('2')
  await expect.poll(() => table.ready(), soon).toBe(true)
  expect(await newest('kept')).toBe('2')
})

test('a recreated topic has its own newest values', async () => {
  const { kafka } = connections
  const topic = await connections.makeTopic()
  for (const json of ['1', '2', '3']) await put(topic, 'k', json)
  const { table, newest } = await open(topic)
  await expect.poll(() => newest('k'), soon).toBe('3')

  await kafka.admin.deleteTopics([topic])
  await expect.poll(async () => (await kafka.admin.topics()).some(({ name }) => name === topic)).toBe(false)
  await kafka.admin.createTopics([{ name: topic, partitions: 1, replicas: 1, configs: {} }])
  await put(topic, 'k', 'new')
  await expect.poll(() => newest('k'), { timeout: 30_000 }).toBe('new')
  await expect.poll(() => table.ready(), soon).toBe(true)
})
