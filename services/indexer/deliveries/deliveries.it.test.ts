/** Records in real Kafka become objects in a store with the API of S3. */
import { rmSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { HEADERS } from '@weir/contracts/headers.ts'
import { type DeliveryStream, NO_PROCESSING } from '@weir/deliveries'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import {
  bucketOf,
  CREDENTIALS,
  FAILURE,
  failed,
  linesOf,
  openWorld,
  type World,
} from '../testing/deliveries.ts'

const soon = { timeout: 30_000, interval: 100 }
const MIB = 1 << 20
/** The suffix that follows every prefix: NAME-VERSION-TIME-UUID. */
const suffix = ({ name }: DeliveryStream, version = 1, extension = '') =>
  new RegExp(`${name}-${version}-\\d{4}(-\\d\\d){5}-[0-9a-f-]{36}${extension.replace('.', '\\.')}$`)

let world: World
const running: Awaited<ReturnType<World['deliver']>>[] = []

beforeAll(async () => {
  world = await openWorld()
  vi.stubEnv('AWS_ENDPOINT_URL_S3', world.store.url)
  vi.stubEnv('AWS_ACCESS_KEY_ID', CREDENTIALS.accessKeyId)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', CREDENTIALS.secretAccessKey)
}, 120_000)
afterEach(async () => {
  for (const replica of running.splice(0)) await replica.stop(5000)
  await world.clear()
})
afterAll(async () => {
  await world?.stop()
  vi.unstubAllEnvs()
})

async function deliver(diskBytes?: number): Promise<void> {
  running.push(await world.deliver(diskBytes))
}
const objects = (stream: DeliveryStream) => world.objects(bucketOf(stream))
/** Waits until there are as many objects, and returns their names and contents. */
async function untilThereAre(count: number, stream: DeliveryStream): Promise<[key: string, bytes: Buffer][]> {
  await expect.poll(async () => (await objects(stream)).size, soon).toBe(count)
  return [...(await objects(stream))]
}
/** The records that are not read yet, of a delivery stream with one partition. */
const lag = async ({ name, id }: DeliveryStream) =>
  (await world.kafka.admin.lag(`indexer.delivery.${name}.${id}`))[0].lag
const numbered = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, i) => `record ${from + i}`)

test('an object has the records of a partition in their order, and a name by their time', async () => {
  await deliver()
  const stream = await world.create()
  await world.put(stream, 0, numbered(5))
  const [[key, bytes]] = await untilThereAre(1, stream)
  expect(bytes.toString()).toBe('record 0\nrecord 1\nrecord 2\nrecord 3\nrecord 4\n')
  expect(key).toMatch(suffix(stream))
  expect(key.slice(0, 14)).toBe(`${new Date().toISOString().slice(0, 13).replaceAll(/[-T]/g, '/')}/`)
  await world.put(stream, 1, numbered(3, 5))
  await world.put(stream, 0, numbered(2, 8))
  await expect.poll(async () => linesOf(await objects(stream)).sort(), soon).toEqual(numbered(10))
}, 60_000)

test('records are as they were put, without a delimiter, and a null is empty', async () => {
  await deliver()
  const stream = await world.create({ delimiter: false, intervalSeconds: 0 })
  await world.put(stream, 0, ['a', Buffer.of(0, 255, 10), ''])
  await expect
    .poll(async () => Buffer.concat([...(await objects(stream)).values()]).toString('hex'), soon)
    .toBe('6100ff0a')
}, 60_000)

test('objects are compressed, with the prefix, zone and extension of the delivery stream', async () => {
  await deliver()
  const stream = await world.create({
    compression: 'GZIP',
    prefix: 'year=!{timestamp:yyyy}/!{firehose:random-string}/',
    timeZone: 'Asia/Tokyo',
  })
  await world.put(stream, 0, numbered(1000))
  const [[key, bytes]] = await untilThereAre(1, stream)
  expect(gunzipSync(bytes).toString()).toBe(`${numbered(1000).join('\n')}\n`)
  expect(bytes.length).toBeLessThan(5000)
  expect(key).toMatch(/^year=\d{4}\/[A-Za-z0-9]{11}\//)
  expect(key).toMatch(suffix(stream, 1, '.gz'))
}, 60_000)

test('an object is decided when its buffer is full, and has at most its size', async () => {
  await deliver()
  const stream = await world.create({ sizeMiB: 1, intervalSeconds: 900 })
  const record = 'x'.repeat(99_999)
  for (let i = 0; i < 5; i++) await world.put(stream, 0, Array(5).fill(record))
  const found = await untilThereAre(2, stream)
  expect(found.map(([, bytes]) => bytes.length)).toEqual([1_000_000, 1_000_000])
  await pause(2000)
  expect((await objects(stream)).size).toBe(2)
}, 60_000)

test('a replica goes on with what was collected, decided or delivered before', async () => {
  await deliver()
  const stream = await world.create({ sizeMiB: 1, intervalSeconds: 4 })
  await world.put(stream, 0, numbered(10))
  await untilThereAre(1, stream)
  await world.put(stream, 0, numbered(10, 10))
  await pause(500)
  await running.shift()!.stop(5000)
  await world.put(stream, 0, numbered(10, 20))
  await deliver()
  await expect.poll(async () => linesOf(await objects(stream)).length, soon).toBe(30)
  expect(linesOf(await objects(stream)).sort()).toEqual(numbered(30).sort())
}, 60_000)

test('failed records have objects of their own, under the prefix for errors, over restarts', async () => {
  await deliver()
  const settings = { delimiter: false, intervalSeconds: 3, errorPrefix: 'errors/', processing: NO_PROCESSING }
  const stream = await world.create(settings)
  // One part is decided while the other one is still collected.
  await world.put(stream, 0, ['a0', 'a1'])
  await pause(1500)
  await world.put(stream, 0, ['b0'], failed(FAILURE))
  await world.put(stream, 0, ['a2'])
  await untilThereAre(1, stream)
  await running.shift()!.stop(5000)
  await world.put(stream, 0, ['b1'], failed(FAILURE))
  await world.put(stream, 0, ['a3'])
  await deliver()
  const contents = async () => {
    const found = [...(await objects(stream))]
    const are = (start: string) =>
      found.flatMap(([key, bytes]) => (key.startsWith(start) ? [bytes.toString()] : [])).join('|')
    return [are('2'), are('errors/processing-failed/2')]
  }
  const { outputType: _, ...shown } = FAILURE
  const line = (data: string) =>
    `${JSON.stringify({ ...shown, rawData: Buffer.from(data).toString('base64') })}\n`
  await expect.poll(contents, soon).toEqual(['a0a1a2|a3', line('b0') + line('b1')])
  await pause(3500)
  expect((await objects(stream)).size).toBe(3)
}, 60_000)

test('records with partition keys are collected by their keys, and at most 500 parts at a time', async () => {
  await deliver()
  const prefix = 'hall=!{partitionKeyFromLambda:hall}/!{timestamp:yyyy}/'
  const settings = {
    intervalSeconds: 900,
    sizeMiB: 64,
    prefix,
    errorPrefix: 'errors/',
    processing: NO_PROCESSING,
    isPartitioned: true,
  }
  const stream = await world.create(settings, { partitions: 1 })
  const put = (halls: readonly string[]) =>
    Promise.all(
      halls.map((hall) =>
        world.put(stream, 0, [hall], { [HEADERS.partitionKeys]: JSON.stringify({ hall }) }),
      ),
    )
  const halls = Array.from({ length: 520 }, (_, i) => `${i}`)
  const some = halls.slice(-100)
  await put(halls)
  // The oldest parts have given their places to the others.
  await expect.poll(async () => (await objects(stream)).size, soon).toBe(20)
  await running.shift()!.stop(5000)
  await world.change(stream.name, (before) => ({
    ...before,
    destination: { ...before.destination, intervalSeconds: 1 },
  }))
  await deliver()
  await put(some)
  await expect.poll(() => lag(stream), soon).toBe(0)
  await pause(3000)
  const progress = () => running[0].value.progressOf(stream)[0]
  await expect.poll(() => progress().objects.length, soon).toBe(0)
  expect(progress().ahead).toEqual([])
  const found = await objects(stream)
  expect(linesOf(found).sort()).toEqual([...halls, ...some].sort())
  for (const [key, bytes] of found)
    expect(new Set(bytes.toString().split('\n').filter(Boolean))).toEqual(
      new Set([/^hall=(\d+)\//.exec(key)![1]]),
    )
}, 90_000)

test('objects wait for a bucket that does not exist yet, and reading waits for them', async () => {
  await deliver()
  const stream = await world.create({ intervalSeconds: 0 }, { partitions: 1, bucketExists: false })
  for (let i = 0; i < 10; i++) {
    await world.put(stream, 0, numbered(10, 10 * i))
    await pause(100)
  }
  await pause(1000)
  expect(await lag(stream)).toBeGreaterThan(0)
  expect(await lag(stream)).toBeLessThanOrEqual(70)
  await world.bucket(bucketOf(stream))
  await expect.poll(async () => linesOf(await objects(stream)).length, soon).toBe(100)
  expect(await lag(stream)).toBe(0)
}, 60_000)

test.each(['GZIP', 'UNCOMPRESSED'] as const)(
  'records that are gone from the disk are read again (%s)',
  async (compression) => {
    await deliver()
    const settings = { compression, intervalSeconds: 2 }
    const stream = await world.create(settings, { partitions: 1, bucketExists: false })
    await world.put(stream, 0, numbered(10))
    await pause(3000)
    await world.put(stream, 0, numbered(10, 10))
    await pause(500)
    rmSync(world.dir, { recursive: true })
    await world.bucket(bucketOf(stream))
    await expect.poll(async () => linesOf(await objects(stream)).length, soon).toBe(20)
    expect(linesOf(await objects(stream)).sort()).toEqual(numbered(20).sort())
  },
  60_000,
)

test('a full disk makes objects smaller, and loses nothing', async () => {
  await deliver(2 * MIB)
  const stream = await world.create({ sizeMiB: 128, intervalSeconds: 900 }, { partitions: 2 })
  const record = 'x'.repeat(99_999)
  for (let i = 0; i < 8; i++) await world.put(stream, i % 2, Array(8).fill(record))
  await expect.poll(async () => linesOf(await objects(stream)).length, soon).toBeGreaterThan(40)
  const sizes = [...(await objects(stream)).values()].map((bytes) => bytes.length)
  expect(Math.max(...sizes)).toBeLessThan(8 * MIB)
}, 60_000)

test('new settings hold from the next object on, and a stream that is deleted is not read any more', async () => {
  await deliver()
  const stream = await world.create()
  await world.put(stream, 0, ['old'])
  await untilThereAre(1, stream)
  const update = { destination: { ...stream.destination, prefix: 'new/!{timestamp:yyyy}/' }, version: 2 }
  await world.change(stream.name, (before) => ({ ...before, ...update }))
  await world.put(stream, 0, ['new'])
  const found = await untilThereAre(2, stream)
  expect(found.at(-1)![0]).toMatch(/^new\//)
  expect(found.at(-1)![0]).toMatch(suffix(stream, 2))
  await world.change(stream.name, () => undefined)
  await pause(1000)
  await world.put(stream, 0, ['late'])
  await pause(2500)
  expect((await objects(stream)).size).toBe(2)
}, 60_000)
