/** Tables that a solution declares: seeded, filled from topics over a kill -9, and shown to flows as rows of a contract. */
import { setTimeout as sleep } from 'node:timers/promises'
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import type { TopicName } from '@weir/contracts'
import { appendRecord, encodeValue, partitionOfKey, writeRecords } from '@weir/kafka'
import type { Demand, Product } from '@weir/solutions/sneaker-pricing/generated/types.ts'
import { CATALOGUE, DEMAND, PRODUCTS } from '@weir/solutions/sneaker-pricing/tables.ts'
import { kafkaCluster } from '@weir/testkit'
import { type ServiceProcess, untilReady } from '@weir/testkit/service-process.ts'
import { openRecords } from '@weir/topics'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientOf, openPricingWorld, type PricingWorld } from './testing/pricing.ts'

const RECORDS = 600
const usual = { hours: 168, weight: 80, clicks: 30, units: 2, priceCents: 9995 }
const soon = { timeout: 60_000 }

let world: PricingWorld
let service: ServiceProcess
let stop: () => Promise<void>
beforeAll(async () => {
  const cluster = await kafkaCluster({ brokers: 1 })
  world = await openPricingWorld({ brokers: cluster.brokers })
  service = await world.start()
  stop = async () => {
    service.kill('SIGKILL')
    await world.stop()
    await cluster.stop()
  }
  await untilReady(service)
}, 120_000)
afterAll(() => stop?.())

async function write(topic: TopicName, key: string, values: readonly object[]): Promise<void> {
  const [writer, partitions] = await Promise.all([world.codec.writer(topic), world.kafka.partitions(topic)])
  const producer = await world.kafka.producer()
  await writeRecords(producer, (out) => {
    for (const value of values)
      appendRecord(out, {
        topic,
        partition: partitionOfKey(key, partitions),
        key,
        value: encodeValue(writer, value as never),
      })
  })
  await producer.stop()
}

/** Reads the values of a topic. */
async function read(topic: TopicName): Promise<any[]> {
  const found: unknown[] = []
  const records = await openRecords({ codec: world.codec, topic, reader: 'test', log: { warn: () => {} } })
  const reading = await world.kafka.read(
    { topics: [topic], from: 'earliest', until: 'end' },
    async (batch) => {
      await records.prepare(batch)
      records.each(batch, ({ value }) => void found.push(value))
    },
  )
  await reading.done
  return found
}

const product = async (id: string) => {
  const Key = { productId: { S: id } }
  const get = new GetItemCommand({ TableName: CATALOGUE, Key, ConsistentRead: true })
  return (await clientOf(DynamoDBClient, service.url).send(get)).Item!
}

test('the seed of a table is in its items, and in its rows as the contract has them', async () => {
  const rows: Product[] = await read('sneaker.catalogue')
  expect(rows.map(({ productId }) => productId).sort()).toEqual(PRODUCTS.map(({ id }) => id))
  const [{ id, name, listPriceCents }] = PRODUCTS
  expect(await product(id)).toMatchObject({ name: { S: name }, priceCents: { N: String(listPriceCents) } })
  expect(rows.find(({ productId }) => productId === id)).toMatchObject({ name, priceCents: listPriceCents })
})

test('an item that does not fit the contract of the rows is refused, and nothing changes', async () => {
  const [{ id }] = PRODUCTS
  const before = await product(id)
  const Item = { ...before, priceCents: { S: 'cheap' } }
  const put = new PutItemCommand({ TableName: CATALOGUE, Item })
  await expect(clientOf(DynamoDBClient, service.url).send(put)).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining('does not fit the contract of sneaker.catalogue'),
  })
  expect(await product(id)).toEqual(before)
})

test('a price that is set by hand is in the item and in its row; one that cannot be is a dead letter', async () => {
  const [, { id }] = PRODUCTS
  const edit = { productId: id, eventTime: Date.now(), priceCents: 7777, holdMs: 60_000, by: 'shop' }
  await write('sneaker.edits', id, [{ ...edit, priceCents: -5 }, edit])
  await expect
    .poll(
      async () => (await read('sneaker.catalogue')).filter(({ productId }) => productId === id).at(-1),
      soon,
    )
    .toMatchObject({ priceCents: 7777, changedBy: 'shop', heldUntil: edit.eventTime + 60_000 })
  expect(await product(id)).toMatchObject({ priceCents: { N: '7777' }, reason: { S: 'Set by hand.' } })
  expect(await read('sneaker.edits.dead')).toMatchObject([
    { step: 'fill', code: 'failed', message: 'priceCents is -5; it must be above 0.' },
  ])
})

test('each record writes its item once, over a kill', async () => {
  const demandAt = (at: number): Demand => ({
    ...{ productId: 'sneaker-001', at, windowMs: 1000, clicks: at % 100, quarterClicks: 1, units: 0 },
    ...{ revenueCents: 0, windowClicks: 1, windowUnits: 0, usual },
  })
  const half = RECORDS / 2
  await write(
    'sneaker.demand',
    'sneaker-001',
    Array.from({ length: half }, (_, i) => demandAt(i + 1)),
  )
  await sleep(200)
  service.kill('SIGKILL')
  await service.exited
  await write(
    'sneaker.demand',
    'sneaker-001',
    Array.from({ length: half }, (_, i) => demandAt(half + i + 1)),
  )
  service = await world.start()
  await untilReady(service)
  await expect.poll(async () => (await world.changes(DEMAND)).length, soon).toBeGreaterThanOrEqual(RECORDS)
  const changes = await world.changes(DEMAND)
  expect(changes.map(({ newImage }) => Number(JSON.parse(newImage!).at.N))).toEqual(
    Array.from({ length: RECORDS }, (_, i) => i + 1),
  )
  expect(changes.map(({ version }) => version)).toEqual(changes.map((_, i) => i + 1))
}, 180_000)
