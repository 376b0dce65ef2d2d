/**
 * An application over real servers: the rights of API keys, and how the application handles unreadable
 * records.
 */

import { randomUUID } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256 } from '@weir/config'
import { sampleOf } from '@weir/contracts'
import {
  decodeHeaders,
  encodeHeaders,
  encodeValue,
  type Producer,
  partitionOfKey,
  valueOf,
  writeRecord,
} from '@weir/kafka'
import { logger, openAccess, openHttp, type Resource } from '@weir/service'
import { ReferenceTables, topics } from '@weir/solutions'
import type { LocationOffers } from '@weir/solutions/location-offers/generated/types.ts'
import { solution as locationOffers } from '@weir/solutions/location-offers/solution.ts'
import { servers } from '@weir/testkit'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureStreams } from '../functions/solutions.ts'
import { type Backends, openBackends } from '../functions/testing/backends.ts'
import { newRowViews } from '../rows.ts'
import { type Applications, openApplications } from './open.ts'

const TOPIC = 'location.offers'
const log = logger('applications-test')
const user = (): string => `user-${randomUUID()}`

let backends: Backends
let producer: Producer
let applications: Resource<Applications>
let redis: Redis
let url: string
const stops: (() => unknown)[] = []

beforeAll(async () => {
  const { url: redisUrl } = await servers.redis()
  redis = new Redis(redisUrl)
  backends = await openBackends()
  const { kafka, codec, streams } = backends
  await ensureStreams([locationOffers], streams)
  producer = await kafka.producer()
  const keysFile = join(mkdtempSync(join(tmpdir(), 'weir-applications-')), 'keys.json')
  const key = (name: string, topics: string[], reads?: string[]) => ({
    name,
    sha256: sha256(`${name}-key`).toString('hex'),
    topics,
    ...(reads && { reads }),
  })
  writeFileSync(
    keysFile,
    JSON.stringify([
      key('nothing', []),
      key('fleet', ['taxi.*']),
      key('clerk', ['stream.signups']),
      key('kiosk', ['stream.signups'], [TOPIC]),
      key('screen', [], ['location.*']),
    ]),
  )
  const access = openAccess({ keysFile, anonymous: false }, log)
  applications = await openApplications({
    solutions: [locationOffers],
    kafka,
    codec,
    streams,
    access: access.value,
    redisUrl,
    table: (name) => new ReferenceTables([locationOffers]).table(name),
    rows: newRowViews({ kafka, codec, log }).value,
    log,
  })
  const http = await openHttp(
    { host: '127.0.0.1', port: 0 },
    { log, ready: applications.value.ready, routes: applications.value.routes },
  )
  url = http.value.url
  stops.push(
    () => http.stop(1000),
    () => applications.stop(5000),
    () => access.stop(0),
    () => producer.stop(),
    () => backends.stop(),
    () => redis.disconnect(),
  )
})

afterAll(async () => {
  applications?.stopping?.()
  for (const stop of stops) await stop()
})

async function signUp(name: string | undefined, userId: string, query = '') {
  const response = await fetch(`${url}/v1/signups${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(name && { authorization: `Bearer ${name}-key` }) },
    body: JSON.stringify({ userId, position: { lat: 52.5, lon: 13.4 } }),
  })
  return { status: response.status, body: (await response.json()) as any }
}

async function offersOf(name: string | undefined, userId: string): Promise<{ status: number; body: any }> {
  const response = await fetch(`${url}/v1/offers/${userId}`, {
    headers: { ...(name && { 'x-api-key': `${name}-key` }) },
  })
  return { status: response.status, body: await response.json() }
}

async function offer(userId: string, signupId: string = randomUUID()): Promise<void> {
  const sample = sampleOf(topics, TOPIC) as LocationOffers
  const value = encodeValue(await backends.codec.writer(TOPIC), { ...sample, userId, signupId })
  const partition = partitionOfKey(userId, await backends.kafka.partitions(TOPIC))
  await writeRecord(producer, {
    topic: TOPIC,
    partition,
    key: userId,
    value,
    headers: encodeHeaders({ 'weir-id': randomUUID(), 'reply-to': signupId }),
  })
}

/** Returns the signups of the user, with the headers of their records. */
async function signupsOf(userId: string) {
  const found: { signup: any; headers: Readonly<Record<string, string>> }[] = []
  await (
    await backends.kafka.read({ topics: ['stream.signups'], from: 'earliest', until: 'end' }, (batch) => {
      for (let i = 0; i < batch.length; i++) {
        const signup = JSON.parse(valueOf(batch, i)!.toString())
        if (signup.userId === userId) {
          found.push({ signup, headers: decodeHeaders(batch.bytes, batch.headersStart[i]) })
        }
      }
    })
  ).done
  return found
}

test('a key may sign up users if it may write to the stream, and see offers if it may read their topic', async () => {
  const userId = user()
  await offer(userId)
  await expect.poll(async () => (await offersOf('screen', userId)).status, { timeout: 20_000 }).toBe(200)
  const tried = async (name: string | undefined) => [
    (await signUp(name, userId)).status,
    (await signUp(name, userId, '?wait=1ms')).status,
    (await offersOf(name, userId)).status,
  ]
  expect(await tried(undefined)).toEqual([401, 401, 401])
  // A browser then sends the password that it got for the page.
  expect((await fetch(`${url}/v1/offers/x`)).headers.get('www-authenticate')).toMatch(/^Basic /)
  expect(await tried('nothing')).toEqual([403, 403, 403])
  expect(await tried('fleet')).toEqual([403, 403, 403])
  expect(await tried('screen')).toEqual([403, 403, 200])
  expect(await tried('clerk')).toEqual([202, 403, 403])
  expect(await tried('kiosk')).toEqual([202, 504, 200])
  expect((await signUp('fleet', userId)).body.error.message).toBe(
    'The API key fleet may not write to stream.signups.',
  )
  expect((await offersOf('fleet', userId)).body.error.message).toBe(
    'The API key fleet may not read location.offers.',
  )
  // Refused signups left no record, and each record names the key with which it was sent.
  expect(
    (await signupsOf(userId)).map(({ headers }) => [headers['weir-source'], headers['weir-client']]),
  ).toEqual([
    ['application', 'clerk'],
    ['application', 'kiosk'],
    ['application', 'kiosk'],
  ])
})

test('unreadable records delay neither answers nor newest values, nor the filling of Redis', async () => {
  const [before, after] = [user(), user()]
  const partitions = await backends.kafka.partitions(TOPIC)
  await offer(before)
  for (let partition = 0; partition < partitions; partition++) {
    await writeRecord(producer, { topic: TOPIC, partition, key: before, value: Buffer.from('sevenxx') })
  }
  await offer(after)
  for (const userId of [before, after]) {
    await expect
      .poll(async () => (await offersOf('screen', userId)).body.userId, { timeout: 20_000 })
      .toBe(userId)
  }
  const waiting = signUp('kiosk', after, '?wait=10s')
  await expect.poll(() => signupsOf(after), { timeout: 10_000 }).toHaveLength(1)
  const [{ signup }] = await signupsOf(after)
  await offer(after, signup.signupId)
  expect((await waiting).body).toMatchObject({ userId: after, signupId: signup.signupId })

  await redis.del(...(await redis.keys(`weir:latest:${TOPIC}*`)))
  for (const userId of [before, after]) {
    await expect
      .poll(async () => (await offersOf('screen', userId)).body.userId, { timeout: 20_000 })
      .toBe(userId)
  }
  await expect
    .poll(async () => (await fetch(`${url}/readyz`)).json(), { timeout: 20_000 })
    .toMatchObject({
      ready: true,
      dependencies: { 'location.offers followed': 'ready', 'location.offers in Redis': 'ready' },
    })
})
