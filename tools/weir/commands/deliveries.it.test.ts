/** `weir deliveries` against a real indexer, over a store that lacks a bucket. */
import { setTimeout as pause } from 'node:timers/promises'
import { httpEndpoint } from '@weir/deliveries/testing/delivery-stream.ts'
import { bucketOf, linesOf, openWorld, startIndexer, type World } from '@weir/indexer/testing/deliveries.ts'
import { startHub } from '@weir/ingest-hub/testing/hub.ts'
import type { ServiceProcess } from '@weir/testkit/service-process.ts'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { captureOutput } from '../testing/capture-output.ts'
import { deliveries } from './deliveries.ts'

const soon = { timeout: 30_000, interval: 200 }
/** The store answers a missing bucket like one that may not be written. */
const FAILURE = /^AccessDenied: Access Denied/
let world: World
let indexer: ServiceProcess
const printed = captureOutput()

beforeAll(async () => {
  world = await openWorld()
  indexer = await startIndexer(world, world.store.url)
  vi.stubEnv('INDEXER_URL', indexer.url)
}, 180_000)
afterAll(async () => {
  vi.unstubAllEnvs()
  indexer?.kill('SIGKILL')
  await indexer?.exited
  await world?.stop()
}, 60_000)

async function run(...args: string[]): Promise<string> {
  printed.out = ''
  await deliveries.run(args)
  return printed.out
}
const shown = async (name: string) => JSON.parse(await run('show', name, '--json'))

test('says what is collected, what waits and why, and that it is delivered', async () => {
  expect(await run()).toBe("There are no delivery streams; create one by Firehose's API.\n")
  const collecting = await world.create({ intervalSeconds: 900 })
  const stuck = await world.create(
    { prefix: 'a/', intervalSeconds: 0 },
    { bucketExists: false, partitions: 1 },
  )
  await world.put(collecting, 0, ['a', 'b', 'c'])
  await world.put(stuck, 0, ['d', 'e'])
  await expect.poll(async () => (await shown(stuck.name)).failure, soon).toMatch(FAILURE)
  await expect.poll(async () => (await shown(stuck.name)).waiting.objects, soon).toBe(1)
  expect(await shown(stuck.name)).toMatchObject({
    status: 'ACTIVE',
    destination: `s3://${bucketOf(stuck)}/a/`,
    waiting: { objects: 1, records: 2, oldestAt: expect.any(Number) },
  })
  expect(await shown(collecting.name)).toMatchObject({
    waiting: { objects: 0, oldestAt: null },
    failure: null,
  })
  expect((await shown(collecting.name)).collecting).toBeGreaterThanOrEqual(3)
  expect(await deliveries.run(['show', stuck.name])).toBe(1)
  expect(await run('show', stuck.name)).toMatch(
    /waiting +1 with 2 records, the oldest decided .+ ago\nfailure +AccessDenied/,
  )
  expect(await run()).toMatch(
    new RegExp(`${stuck.name} +ACTIVE +s3 +s3://${bucketOf(stuck)}/a/ .*AccessDenied`),
  )

  const endpoint = httpEndpoint('https://169.254.169.254/secret-path')
  const refused = await world.create({ intervalSeconds: 0 }, { endpoint })
  await world.put(refused, 0, ['f'])
  await expect.poll(async () => (await shown(refused.name)).failure, soon).toMatch(/refused-address/)
  const text = await run('show', refused.name)
  expect(text).toMatch(/kind +http\ndestination +https:\/\/169.254.169.254\nbackup +s3:\/\//)
  expect(text).not.toContain('secret-path')

  await world.bucket(bucketOf(stuck))
  await expect.poll(async () => (await shown(stuck.name)).waiting.objects, soon).toBe(0)
  expect(await deliveries.run(['show', stuck.name])).toBe(0)
}, 90_000)

test('a delivery stream is paused, and resumed', async () => {
  const { brokers, registryUrl } = world
  const hub = await startHub({ brokers, registryUrl })
  onTestFinished(() => void hub.kill('SIGKILL'))
  vi.stubEnv('HUB_URL', hub.url)
  const stream = await world.create({ intervalSeconds: 1 })
  const lines = async () => linesOf(await world.objects(bucketOf(stream)))
  await world.put(stream, 0, ['before'])
  await expect.poll(lines, soon).toEqual(['before'])
  await expect.poll(() => run('pause', stream.name), soon).toBe(`${stream.name} is paused.\n`)
  await expect.poll(async () => (await shown(stream.name)).status, soon).toBe('PAUSED')
  await pause(1000)
  await world.put(stream, 0, ['meanwhile'])
  await pause(4000)
  expect(await lines()).toEqual(['before'])
  expect((await shown(stream.name)).collecting).toBeGreaterThanOrEqual(1)
  expect(await run('resume', stream.name)).toBe(`${stream.name} is delivered again.\n`)
  await expect.poll(async () => (await lines()).sort(), soon).toEqual(['before', 'meanwhile'])
  expect(await deliveries.run(['pause', 'no-such'])).toBe(1)
  expect(printed.said).toContain('no-such')
}, 90_000)

test('what is not there is told', async () => {
  expect(await deliveries.run(['show', 'no-such'])).toBe(1)
  expect(printed.said).toContain('There is no such delivery stream.')
  expect(await deliveries.run(['show'])).toBe(2)
  expect(await deliveries.run(['lst'])).toBe(2)
  expect(printed.said).toContain('Did you mean list?')
})
