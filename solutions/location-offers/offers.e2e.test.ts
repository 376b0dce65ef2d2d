/**
 * The whole solution: the enricher as a process over real servers, customers over HTTP and in a browser, and
 * a producer with a Kinesis client.
 */

import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { openCodec } from '@weir/codec'
import { type Hub, prepare, startHub } from '@weir/ingest-hub/testing/hub.ts'
import { decodeHeaders, type Kafka } from '@weir/kafka'
import { topics } from '@weir/solutions'
import { type KafkaCluster, kafkaCluster, servers } from '@weir/testkit'
import { type ServiceProcess, startService } from '@weir/testkit/service-process.ts'
import { Redis } from 'ioredis'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { openBrowser } from '../taxi-telemetry/testing/browser.ts'
import { areas } from './areas.ts'
import { type Signup, simulator } from './simulator.ts'

let cluster: KafkaCluster
let kafka: Kafka
let stopKafka: () => Promise<void>
let hub: Hub
let enricher: ServiceProcess
let url: string
let redis: Redis
let start: () => Promise<void>
let registryUrl: string

beforeAll(async () => {
  const [registry, sharedRedis] = await Promise.all([servers.registry(), servers.redis()])
  // An enricher of another test would take its share of the records.
  cluster = await kafkaCluster({ brokers: 1 })
  const { brokers } = cluster
  const redisUrl = `${sharedRedis.url}/1`
  registryUrl = registry.url
  ;({ kafka, stop: stopKafka } = await prepare({ brokers, registryUrl }))
  redis = new Redis(redisUrl)
  hub = await startHub({ brokers, registryUrl })
  start = async () => {
    enricher = await startService('enricher', {
      KAFKA_BROKERS: brokers.join(),
      REGISTRY_URL: registryUrl,
      REDIS_URL: redisUrl,
      ALLOW_ANONYMOUS: 'true',
      WEIR_SOLUTIONS: 'location-offers',
    })
    url = enricher.url
    await vi.waitFor(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), {
      timeout: 30_000,
      interval: 100,
    })
  }
  await start()
  for (const [id, area] of Object.entries(areas))
    expect((await fetch(`${url}/v1/reference/areas/${id}`, put(area))).status).toBe(204)
  await vi.waitFor(
    async () =>
      expect(await redis.zcard('weir:reference:{areas}:places')).toBeGreaterThanOrEqual(
        Object.keys(areas).length,
      ),
    { timeout: 15_000 },
  )
})
afterAll(async () => {
  enricher.kill('SIGTERM')
  expect(await enricher.exited).toBe(0)
  hub.kill('SIGTERM')
  await hub.exited
  redis.disconnect()
  await stopKafka()
  await cluster.stop()
})

const put = (body: object): RequestInit => ({
  method: 'PUT',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
const signUp = async (userId: string, lat: number, lon: number, query = '?wait=10s') => {
  const response = await fetch(`${url}/v1/signups${query}`, {
    ...put({ userId, position: { lat, lon } }),
    method: 'POST',
  })
  return { status: response.status, body: (await response.json()) as any }
}

describe('the application', () => {
  test('waits for the answer to a signup: the offers of the nearest area that covers the place', async () => {
    const { status, body } = await signUp('ada', 52.5, 13.4)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      userId: 'ada',
      area: 'berlin',
      areaName: 'Berlin',
      options: areas.berlin.options,
      position: { lat: 52.5, lon: 13.4 },
    })
    expect((await signUp('grace', 0, -25)).body).toMatchObject({ userId: 'grace', area: null, options: [] })
  })

  test('finds the same offers by GET afterwards, and the newest ones after a move', async () => {
    await signUp('alan', 51.5, -0.12)
    const get = async () => (await fetch(`${url}/v1/offers/alan`)).json() as Promise<any>
    await expect.poll(async () => (await get()).area, { timeout: 10_000 }).toBe('london')
    await signUp('alan', 35.68, 139.76)
    await expect.poll(async () => (await get()).area, { timeout: 10_000 }).toBe('tokyo')
    expect((await fetch(`${url}/v1/offers/nobody`)).status).toBe(404)
  })

  test('waits only on request, reports the end of the wait, and refuses anything but a signup', async () => {
    expect(await signUp('edsger', 52.37, 4.89, '')).toMatchObject({
      status: 202,
      body: { signupId: expect.any(String), offers: '/v1/offers/edsger' },
    })
    expect(await signUp('edsger', 52.37, 4.89, '?wait=1ms')).toMatchObject({
      status: 504,
      body: { error: { code: 'no-answer-yet' } },
    })
    for (const [lat, lon, query] of [
      [91, 0, ''],
      [0, 181, ''],
      [0, 0, '?wait=soon'],
    ] as const)
      expect((await signUp('x', lat, lon, query)).status).toBe(400)
    expect((await fetch(`${url}/v1/signups`, { ...put({ userId: 'x' }), method: 'POST' })).status).toBe(400)
  })

  test('serves the next signup from an added area', async () => {
    expect((await signUp('linus', 60.17, 24.94)).body.area).toBeNull()
    const helsinki = { ...areas.berlin, name: 'Helsinki', lat: 60.1699, lon: 24.9384 }
    await fetch(`${url}/v1/reference/areas/helsinki`, put(helsinki))
    await expect
      .poll(async () => (await signUp('linus', 60.17, 24.94)).body.area, { timeout: 10_000 })
      .toBe('helsinki')
    await fetch(`${url}/v1/reference/areas/helsinki`, { method: 'DELETE' })
    await expect
      .poll(async () => (await signUp('linus', 60.17, 24.94)).body.area, { timeout: 10_000 })
      .toBeNull()
  })
})

test('signups put with Kinesis are answered once, while the service is killed again and again', async () => {
  const world = simulator.world({ devices: 2000, seed: 7 })
  const client = new KinesisClient({
    endpoint: hub.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  })
  const signups: Signup[] = []
  let now = Date.now()
  const send = async (count: number) => {
    const batch: Signup[] = []
    while (batch.length < count) batch.push(...(world.next((now += 500)) as unknown as Signup[]))
    for (let i = 0; i < batch.length; i += 500) {
      const Records = batch
        .slice(i, i + 500)
        .map((signup) => ({ PartitionKey: signup.userId, Data: Buffer.from(JSON.stringify(signup)) }))
      expect(
        (await client.send(new PutRecordsCommand({ StreamName: 'signups', Records }))).FailedRecordCount,
      ).toBe(0)
    }
    signups.push(...batch)
  }
  const offered = async (): Promise<Map<string, number>> => {
    const { value: codec } = await openCodec({ topics, url: registryUrl })
    const reader = await codec.reader('location.offers')
    const counts = new Map<string, number>()
    await (
      await kafka.read({ topics: ['location.offers'], from: 'earliest', until: 'end' }, async (batch) => {
        await reader.prepare(batch)
        for (let i = 0; i < batch.length; i++) {
          const id = decodeHeaders(batch.bytes, batch.headersStart[i])['reply-to']
          counts.set(id, (counts.get(id) ?? 0) + 1)
        }
      })
    ).done
    return counts
  }
  for (let kill = 0; kill < 3; kill++) {
    await send(1000)
    enricher.kill('SIGKILL')
    await enricher.exited
    await start()
  }
  await send(1000)
  await expect
    .poll(
      async () => {
        const counts = await offered()
        return signups.filter(({ signupId }) => !counts.has(signupId)).length
      },
      { timeout: 60_000, interval: 500 },
    )
    .toBe(0)
  const counts = await offered()
  expect(signups.filter(({ signupId }) => counts.get(signupId) !== 1)).toEqual([])
  client.destroy()
})

describe('the page', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser?.close())

  test.each([
    ['wide', 1280, 'light'],
    ['narrow', 360, 'dark'],
  ] as const)('shows a signup and its offers (%s)', async (name, width, colorScheme) => {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme })
    const errors: string[] = []
    page
      .on('pageerror', (error) => errors.push(error.message))
      .on('console', (message) => void (message.type() === 'error' && errors.push(message.text())))
    await page.goto(`${url}/location-offers`)
    await page.getByRole('button', { name: 'Sign up' }).click()
    await page.locator('#answers > li').waitFor({ timeout: 10_000 })
    expect(await page.locator('#status').innerText()).toBe('visitor-1 can choose among 3 options in Berlin.')
    expect(await page.locator('.options li').count()).toBe(3)
    await page.getByLabel('Place').selectOption('The middle of the Atlantic')
    await page.keyboard.press('Tab')
    await page.getByLabel('Longitude').press('Enter')
    await expect.poll(() => page.locator('#answers > li').count()).toBe(2)
    expect(await page.locator('.none').innerText()).toBe('No area within reach is served.')
    expect(
      await page.evaluate(() => (globalThis as any).document.documentElement.scrollWidth),
    ).toBeLessThanOrEqual(width)
    expect(errors).toEqual([])
    if (process.env.SCREENSHOTS)
      await page.screenshot({ path: `${process.env.SCREENSHOTS}/offers-${name}.png`, fullPage: true })
    await page.close()
  })
})
