/** Every place of delivery must pass these tests, with receivers of all behaviours. */
import { setTimeout as pause } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import type { DeliveryStream, S3Destination } from '@weir/deliveries'
import type { Resource } from '@weir/service'
import type { FaultyProxy } from '@weir/sinks/conformance/faulty-proxy.ts'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { bucketOf, CREDENTIALS, openWorld, type World } from '../../testing/deliveries.ts'
import type { Deliveries } from '../deliveries.ts'

export interface ReceiverUnderTest {
  /** In front of the receiver. */
  readonly proxy: FaultyProxy
  /** Whether records are given up after the time of retries. */
  readonly givesUp: boolean
  create(changes?: Partial<S3Destination>, options?: CreateOptions): Promise<DeliveryStream>
  /** The records that the receiver has. One that it has twice under the same id is one. */
  records(stream: DeliveryStream): Promise<string[]>
  stop(): Promise<void>
}

export interface CreateOptions {
  readonly partitions?: number
  readonly retrySeconds?: number
  readonly backsUpAll?: boolean
}

/** A world with a receiver, and replicas that end with their test. */
export interface SuiteWorld extends World {
  readonly receiver: ReceiverUnderTest
  replica(): Promise<Resource<Deliveries>>
}

export const soon = { timeout: 30_000, interval: 100 }

export const numbered = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, i) => JSON.stringify({ number: from + i }))

const inOrder = (records: readonly string[]): string[] =>
  [...records].sort((a, b) => JSON.parse(a).number - JSON.parse(b).number)

/** A line of an object with records that were given up. */
export interface GivenUpLine {
  readonly attemptsMade: number
  readonly arrivalTimestamp: number
  readonly errorCode: string
  readonly errorMessage: string
  readonly attemptEndingTimestamp: number
  readonly rawData: string
  readonly esDocumentId?: string
  readonly esIndexName?: string
}

/** The lines of all objects below `prefix`. */
export async function givenUp(
  world: World,
  stream: DeliveryStream,
  prefix: string,
): Promise<readonly GivenUpLine[]> {
  const found: GivenUpLine[] = []
  for (const [key, bytes] of await world.objects(bucketOf(stream))) {
    if (!key.startsWith(prefix)) continue
    const text = (key.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
    found.push(
      ...text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as GivenUpLine),
    )
  }
  return found
}

export const rawOf = (lines: readonly GivenUpLine[]): string[] =>
  lines.map(({ rawData }) => Buffer.from(rawData, 'base64').toString())

/** Runs the suite, and returns its world for further tests of the kind. */
export function placeSuite(
  kind: string,
  open: (world: World) => Promise<ReceiverUnderTest>,
): () => SuiteWorld {
  const running: Resource<Deliveries>[] = []
  let world: SuiteWorld

  beforeAll(async () => {
    const base = await openWorld()
    vi.stubEnv('AWS_ENDPOINT_URL_S3', base.store.url)
    vi.stubEnv('AWS_ACCESS_KEY_ID', CREDENTIALS.accessKeyId)
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', CREDENTIALS.secretAccessKey)
    const replica = async () => {
      const deliveries = await base.deliver()
      running.push(deliveries)
      return deliveries
    }
    world = { ...base, receiver: await open(base), replica }
  }, 120_000)
  afterEach(async () => {
    world.receiver.proxy.fault = () => 'pass'
    for (const { stop } of running.splice(0)) await stop(5000)
    await world.clear()
  })
  afterAll(async () => {
    await world?.receiver.stop()
    await world?.stop()
    vi.unstubAllEnvs()
  })

  describe(`${kind}: what every place does`, () => {
    const arrived = (stream: DeliveryStream) => async () => inOrder(await world.receiver.records(stream))

    test('each record is delivered once', async () => {
      await world.replica()
      const stream = await world.receiver.create()
      await world.put(stream, 0, numbered(20))
      await world.put(stream, 1, numbered(20, 20))
      await expect.poll(arrived(stream), soon).toEqual(numbered(40))
      await world.put(stream, 0, numbered(5, 40))
      await expect.poll(arrived(stream), soon).toEqual(numbered(45))
    }, 60_000)

    test('a receiver that fails at first is tried again', async () => {
      const { value } = await world.replica()
      const stream = await world.receiver.create({}, { retrySeconds: 60 })
      world.receiver.proxy.fault = () => 503
      await world.put(stream, 0, numbered(10))
      await expect.poll(() => value.failureOf(stream), soon).toBeDefined()
      world.receiver.proxy.fault = () => 'pass'
      await expect.poll(arrived(stream), soon).toEqual(numbered(10))
      await expect.poll(() => value.failureOf(stream), soon).toBeUndefined()
      const paths = [...(await world.objects(bucketOf(stream))).keys()]
      expect(paths.filter((path) => path.includes('failed'))).toEqual([])
    }, 60_000)

    test('a receiver that loses every second answer, refuses and is slow gets each record once', async () => {
      await world.replica()
      const stream = await world.receiver.create({ intervalSeconds: 0 }, { retrySeconds: 600 })
      let turn = 0
      const faults = ['cut', 'pass', 'refuse', 'slow', 500, 'pass'] as const
      world.receiver.proxy.fault = () => faults[turn++ % faults.length]
      for (let i = 0; i < 10; i++) await world.put(stream, i % 2, numbered(10, 10 * i))
      await expect.poll(arrived(stream), { ...soon, timeout: 60_000 }).toEqual(numbered(100))
    }, 90_000)

    test('a replica that takes over sends the same again', async () => {
      const { stop } = await world.replica()
      running.pop()
      const stream = await world.receiver.create({}, { partitions: 1, retrySeconds: 600 })
      world.receiver.proxy.fault = () => 'hang'
      const { writes } = world.receiver.proxy
      const before = writes.length
      await world.put(stream, 0, numbered(10))
      await expect.poll(() => writes.length, soon).toBeGreaterThan(before)
      await world.put(stream, 0, numbered(10, 10))
      await pause(500)
      await stop(5000)
      world.receiver.proxy.fault = () => 'pass'
      await world.replica()
      await expect.poll(arrived(stream), soon).toEqual(numbered(20))
    }, 60_000)

    test('reading waits for a receiver that takes nothing, and then goes on', async () => {
      await world.replica()
      const stream = await world.receiver.create(
        { intervalSeconds: 0 },
        { partitions: 1, retrySeconds: 7200 },
      )
      world.receiver.proxy.fault = () => 503
      for (let i = 0; i < 10; i++) {
        await world.put(stream, 0, numbered(10, 10 * i))
        await pause(100)
      }
      const group = `indexer.delivery.${stream.name}.${stream.id}`
      const lag = async () => (await world.kafka.admin.lag(group))[0].lag
      await pause(1000)
      expect(await lag()).toBeGreaterThan(0)
      world.receiver.proxy.fault = () => 'pass'
      await expect.poll(arrived(stream), soon).toEqual(numbered(100))
      expect(await lag()).toBe(0)
    }, 60_000)

    test('records that nobody takes go to the error prefix, and those after them are delivered', async () => {
      if (!world.receiver.givesUp) return
      const { value } = await world.replica()
      const errors = { errorPrefix: 'errors/', compression: 'GZIP' } as const
      const stream = await world.receiver.create(errors, { retrySeconds: 1 })
      world.receiver.proxy.fault = () => 503
      await world.put(stream, 0, numbered(10))
      const lines = () => givenUp(world, stream, 'errors/')
      await expect.poll(async () => rawOf(await lines()), soon).toEqual(numbered(10))
      const [{ attemptsMade, arrivalTimestamp, attemptEndingTimestamp, errorMessage }] = await lines()
      // A pause that is shorter than a second is followed by the rest of it.
      expect([2, 3]).toContain(attemptsMade)
      expect(Date.now() - arrivalTimestamp).toBeLessThan(60_000)
      expect(attemptEndingTimestamp - arrivalTimestamp).toBeGreaterThan(800)
      expect(errorMessage).toContain('503')
      expect(value.failureOf(stream)).toContain('503')
      world.receiver.proxy.fault = () => 'pass'
      await world.put(stream, 0, numbered(10, 10))
      await expect.poll(arrived(stream), soon).toEqual(numbered(10, 10))
    }, 60_000)

    test('all records are in the backup if that was asked for', async () => {
      if (!world.receiver.givesUp) return
      await world.replica()
      const stream = await world.receiver.create({ prefix: 'all/' }, { partitions: 1, backsUpAll: true })
      await world.put(stream, 0, numbered(10))
      await expect.poll(arrived(stream), soon).toEqual(numbered(10))
      const objects = async () => Buffer.concat([...(await world.objects(bucketOf(stream))).values()])
      await expect.poll(async () => String(await objects()), soon).toBe(numbered(10).join(''))
    }, 60_000)
  })
  return () => world
}
