/** Records of a Kinesis stream's topic become objects. */
import { aggregate } from '@weir/aws/testing/aggregate.ts'
import { type DeliveryStream, NO_PROCESSING } from '@weir/deliveries'
import { deliveryStream } from '@weir/deliveries/testing/delivery-stream.ts'
import { appendRecord, writeRecords } from '@weir/kafka'
import { uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { bucketOf, CREDENTIALS, linesOf, openWorld, type World } from '../testing/deliveries.ts'

const soon = { timeout: 30_000, interval: 100 }
let world: World
let replica: Awaited<ReturnType<World['deliver']>>

beforeAll(async () => {
  world = await openWorld()
  vi.stubEnv('AWS_ENDPOINT_URL_S3', world.store.url)
  vi.stubEnv('AWS_ACCESS_KEY_ID', CREDENTIALS.accessKeyId)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', CREDENTIALS.secretAccessKey)
  replica = await world.deliver()
}, 120_000)
afterAll(async () => {
  await replica?.stop(5000)
  await world?.stop()
  vi.unstubAllEnvs()
})

/** A topic with two partitions, as streams have them. */
async function source(): Promise<string> {
  const name = `stream.${uniqueName('source')}`
  const configs = { 'message.timestamp.type': 'LogAppendTime' }
  await world.kafka.admin.createTopics([{ name, partitions: 2, replicas: 1, configs }])
  return name
}
const reading = (topic: string, startOffsets: readonly number[]): Partial<DeliveryStream> => ({
  type: 'KinesisStreamAsSource',
  topic,
  startOffsets,
  sourceRoleArn: 'arn:aws:iam::123456789012:role/reader',
})
const lines = async (stream: DeliveryStream) => linesOf(await world.objects(bucketOf(stream)))

test('records are delivered from the creation on, those of later partitions from their beginning', async () => {
  const topic = await source()
  await world.put({ topic }, 0, ['old 1', 'old 2'])
  const stream = await world.create({}, { from: reading(topic, [2, 0]) })
  await world.put({ topic }, 0, ['new 1', 'new 2'])
  await world.put({ topic }, 1, ['new 3'])
  await expect
    .poll(() => lines(stream).then((found) => found.sort()), soon)
    .toEqual(['new 1', 'new 2', 'new 3'])
  await world.kafka.admin.growTopic(topic, 3)
  await world.put({ topic }, 2, ['new 4'])
  await expect.poll(async () => (await lines(stream)).length, { ...soon, timeout: 60_000 }).toBe(4)
  expect(await lines(stream)).toContain('new 4')
}, 120_000)

test('aggregates of the Kinesis Producer Library are unpacked, and damaged ones are delivered whole', async () => {
  const topic = await source()
  const stream = await world.create({}, { from: reading(topic, [0, 0]) })
  const packed = aggregate(['a', 'b', ''].map((text) => ['key', Buffer.from(text)]))
  const damaged = Buffer.from(packed)
  damaged[damaged.length - 1] ^= 1
  await world.put({ topic }, 0, ['before', packed, 'after', damaged])
  await expect.poll(async () => (await world.objects(bucketOf(stream))).size, soon).toBe(1)
  const [bytes] = (await world.objects(bucketOf(stream))).values()
  expect(bytes).toEqual(Buffer.concat([Buffer.from('before\na\nb\n\nafter\n'), damaged, Buffer.from('\n')]))
}, 60_000)

test('a source that is deleted holds up nothing, and is read again when it is created anew', async () => {
  const topic = await source()
  const stream = await world.create({}, { from: reading(topic, [0, 0]) })
  await world.put({ topic }, 0, ['one'])
  await expect.poll(() => lines(stream), soon).toEqual(['one'])
  await world.kafka.admin.deleteTopics([topic])
  const other = await world.create()
  await world.put(other, 0, ['other'])
  await expect.poll(() => lines(other), soon).toEqual(['other'])
  expect(replica.value.ready()).toBe(true)
  const configs = { 'message.timestamp.type': 'LogAppendTime' }
  await world.kafka.admin.createTopics([{ name: topic, partitions: 2, replicas: 1, configs }])
  await world.put({ topic }, 1, ['two'])
  await expect
    .poll(() => lines(stream).then((found) => found.sort()), { ...soon, timeout: 60_000 })
    .toEqual(['one', 'two'])
}, 120_000)

test('objects of a source that was deleted are not mixed with records of the new one', async () => {
  const topic = await source()
  const stream = await world.create({}, { bucketExists: false, from: reading(topic, [0, 0]) })
  await world.put({ topic }, 0, ['one', 'two', 'three'])
  const waiting = () => replica.value.progressOf(stream).flatMap(({ objects }) => objects).length
  await expect.poll(waiting, soon).toBe(1)
  await replica.stop(5000)
  await world.kafka.admin.deleteTopics([topic])
  const configs = { 'message.timestamp.type': 'LogAppendTime' }
  await world.kafka.admin.createTopics([{ name: topic, partitions: 2, replicas: 1, configs }])
  await world.bucket(bucketOf(stream))
  await world.put({ topic }, 0, ['new'])
  replica = await world.deliver()
  await expect.poll(() => lines(stream), { ...soon, timeout: 60_000 }).toEqual(['new'])
  expect((await world.objects(bucketOf(stream))).size).toBe(1)
}, 180_000)

test('processed records are delivered instead of the source, under the time at which they arrived there', async () => {
  const topic = await source()
  const destination = deliveryStream('processed').destination
  const name = uniqueName('lake')
  const from = {
    ...reading(topic, [0, 0]),
    name,
    destination: { ...destination, bucketArn: `arn:aws:s3:::${name}`, processing: NO_PROCESSING },
  }
  const processed = { topic: `delivery-processed.${name}` }
  const configs = { 'message.timestamp.type': 'LogAppendTime' }
  await world.kafka.admin.createTopics([{ name: processed.topic, partitions: 2, replicas: 1, configs }])
  await world.bucket(name)
  await world.change(name, () => ({ ...deliveryStream(name), ...from }))
  await world.put({ topic }, 0, ['raw'])
  const producer = await world.kafka.producer()
  await writeRecords(producer, (out) =>
    appendRecord(out, {
      ...processed,
      partition: 0,
      key: null,
      value: Buffer.from('made'),
      headers: { 'weir-arrived-at': String(Date.UTC(2020, 1, 3, 4)) },
    }),
  )
  await producer.stop()
  await expect.poll(async () => (await world.objects(name)).size, soon).toBe(1)
  const [[key, bytes]] = await world.objects(name)
  expect(key).toMatch(/^2020\/02\/03\/04\//)
  expect(bytes.toString()).toBe('made\n')
}, 60_000)
