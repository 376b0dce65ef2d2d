import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { sha256 } from '@weir/config'
import type { Kafka } from '@weir/kafka'
import { partitionFor } from '@weir/kafka'
import { topics } from '@weir/solutions'
import { servers, uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Backends, Hub } from './testing/hub.ts'
import { batch, post, prepare, report, startHub, storedFrom, TOPIC } from './testing/hub.ts'
import { wrongRecords, wrongRequests } from './testing/refusals.suite.ts'

let backends: Backends
let kafka: Kafka
let stop: () => Promise<void>
let hub: Hub

beforeAll(async () => {
  const [{ brokers }, { url }] = await Promise.all([servers.kafka(), servers.registry()])
  backends = { brokers, registryUrl: url }
  ;({ kafka, stop } = await prepare(backends))
  hub = await startHub(backends)
})
afterAll(async () => {
  hub?.kill('SIGTERM')
  expect(await hub?.exited).toBe(0)
  await stop?.()
})

const from = (source: string) => ({ 'weir-source': source })
const stored = (source: string) => storedFrom(kafka, backends.registryUrl, source)

describe('records', () => {
  test('have the value, key, partition, headers and order of their batch', async () => {
    const source = uniqueName('batch')
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    const records = Array.from({ length: 100 }, (_, i) => ({
      id: `${source}-${i}`,
      value: report({ deviceId: `taxi-${i % 7}`, speed: i, tripId: i % 2 ? 'trip-ü' : null }),
    }))
    expect((await post(hub, batch(records), { ...from(source), traceparent })).body).toEqual({ stored: 100 })
    const found = await stored(source)
    expect(found).toHaveLength(100)
    for (const { key, partition, value, headers } of found) {
      const { deviceId } = value
      const index = Number(headers['weir-id'].slice(source.length + 1))
      expect([key, partition]).toEqual([
        deviceId,
        partitionFor(Buffer.from(deviceId), 0, deviceId.length, 12),
      ])
      expect(value).toEqual(records[index].value)
      expect(headers.traceparent).toMatch(
        /^00-4bf92f3577b34da6a3ce929d0e0e4736-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$/,
      )
    }
    for (let taxi = 0; taxi < 7; taxi++) {
      const speeds = found.filter(({ key }) => key === `taxi-${taxi}`).map(({ value }) => value.speed)
      expect(speeds).toEqual(speeds.toSorted((a, b) => a - b))
    }
  })

  test('get ids if they have none, which are answered on request', async () => {
    const source = uniqueName('ids')
    const { body } = await post(
      hub,
      batch([{ value: report() }, { id: 'mine', value: report() }, { value: report() }]),
      from(source),
      `/v1/topics/${TOPIC}/records?ids=true`,
    )
    expect(body.stored).toBe(3)
    const made = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/)
    expect(body.ids).toEqual([made, 'mine', made])
    expect(new Set(body.ids).size).toBe(3)
    expect((await stored(source)).map(({ headers }) => headers['weir-id']).toSorted()).toEqual(
      body.ids.toSorted(),
    )
  })

  test.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('are read from %s bodies of JSON and NDJSON', async (encoding, compress) => {
    const source = uniqueName(encoding)
    const records = Array.from({ length: 3000 }, (_, i) => ({
      id: `${source}-${i}`,
      value: report({ speed: i }),
    }))
    const headers = { 'content-encoding': encoding, ...from(source) }
    expect((await post(hub, compress(batch(records)), headers)).body).toEqual({ stored: 3000 })
    const lines = records.map((record) => `${JSON.stringify(record)}\r\n`)
    const twoParts = Buffer.concat([
      compress(`\uFEFF${lines.slice(0, 1000).join('')}`),
      compress(`${lines.slice(1000).join('')}\n`),
    ])
    expect(
      (await post(hub, twoParts, { ...headers, 'content-type': 'application/x-ndjson; charset=utf-8' })).body,
    ).toEqual({ stored: 3000 })
    expect(await stored(source)).toHaveLength(6000)
  })

  test('of a stream are stored while it still arrives, the last line included', async () => {
    const source = uniqueName('stream')
    const body = new ReadableStream({
      async start(controller) {
        const line = Buffer.from(`${JSON.stringify({ value: report() })}\n`)
        controller.enqueue(line.subarray(0, 30))
        controller.enqueue(line.subarray(30))
        await expect.poll(() => stored(source), { timeout: 10_000 }).toHaveLength(1)
        controller.enqueue(line.subarray(0, -1))
        controller.close()
      },
    })
    const response = await fetch(`${hub.url}/v1/topics/${TOPIC}/records`, {
      method: 'POST',
      body,
      duplex: 'half',
      headers: { 'content-type': 'application/x-ndjson', ...from(source) },
    } as RequestInit)
    expect([response.status, await response.json()]).toEqual([200, { stored: 2 }])
    expect(await stored(source)).toHaveLength(2)
  })

  test('are neither lost nor duplicated by a restart', async () => {
    const source = uniqueName('restart')
    const send = async (to: Hub, round: number) =>
      post(
        to,
        batch(Array.from({ length: 50 }, (_, i) => ({ id: `${round}-${i}`, value: report() }))),
        from(source),
      )
    const first = await startHub(backends)
    expect((await send(first, 1)).status).toBe(200)
    first.kill('SIGTERM')
    expect(await first.exited).toBe(0)
    const second = await startHub(backends)
    expect((await send(second, 2)).status).toBe(200)
    second.kill('SIGTERM')
    expect(await second.exited).toBe(0)
    const ids = (await stored(source)).map(({ headers }) => headers['weir-id'])
    expect([ids.length, new Set(ids).size]).toEqual([100, 100])
  })
})

wrongRecords({ hub: () => hub, stored })
wrongRequests({ hub: () => hub, stored })

describe('API keys', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-hub-'))
  const keysFile = join(folder, 'keys.json')
  const write = (...keys: [name: string, key: string, topics: string[]][]) =>
    writeFileSync(
      keysFile,
      JSON.stringify(
        keys.map(([name, key, topics]) => ({ name, sha256: sha256(key).toString('hex'), topics })),
      ),
    )
  const fleet = uniqueName('fleet')
  let guarded: Hub
  beforeAll(async () => {
    write([fleet, 'key-1', ['taxi.*']], ['weather', 'key-2', ['weather.*']])
    guarded = await startHub(backends, { API_KEYS_FILE: keysFile, ALLOW_ANONYMOUS: 'false' })
  })
  afterAll(async () => {
    guarded?.kill('SIGTERM')
    await guarded?.exited
    rmSync(folder, { recursive: true })
  })
  const body = batch([{ value: report() }])

  test('are demanded, and open their own topics only', async () => {
    for (const headers of [
      {},
      { 'x-api-key': 'guess' },
      { authorization: 'Bearer guess' },
      { authorization: 'Basic key-1' },
      { 'x-api-key': '' },
    ] as Record<string, string>[]) {
      const {
        status,
        headers: answered,
        body: { error },
      } = await post(guarded, body, headers)
      expect([status, error.code, answered.get('www-authenticate')]).toEqual([401, 'unauthorized', 'Bearer'])
    }
    expect((await post(guarded, body, {}, '/v1/topics/nothing/records')).status).toBe(401)
    expect((await post(guarded, body, { 'x-api-key': 'key-2' })).status).toBe(403)
  })

  test('name the source unless the client names another one, and are named in the record', async () => {
    expect((await post(guarded, body, { 'x-api-key': 'key-1' })).status).toBe(200)
    expect((await post(guarded, body, { authorization: 'bearer key-1' })).status).toBe(200)
    expect((await stored(fleet)).map(({ headers }) => headers['weir-client'])).toEqual([fleet, fleet])
    const other = uniqueName('other')
    expect((await post(guarded, body, { 'x-api-key': 'key-1', ...from(other) })).status).toBe(200)
    expect((await stored(other)).map(({ headers }) => headers['weir-client'])).toEqual([fleet])
    const nobody = uniqueName('nobody')
    expect((await post(hub, body, from(nobody))).status).toBe(200)
    expect((await stored(nobody))[0].headers).not.toHaveProperty('weir-client')
  })

  test('change without a restart', async () => {
    write([fleet, 'key-3', ['*']])
    await expect
      .poll(async () => (await post(guarded, body, { 'x-api-key': 'key-3' })).status, {
        timeout: 10_000,
        interval: 200,
      })
      .toBe(200)
    expect((await post(guarded, body, { 'x-api-key': 'key-1' })).status).toBe(401)
  })
})

test('the OpenAPI document describes each topic by its contract', async () => {
  const document = (await (await fetch(`${hub.url}/openapi.json`)).json()) as any
  expect(document.openapi).toBe('3.1.0')
  const open = Object.entries(topics).filter(([, { doors }]) => doors.includes('http'))
  expect(Object.keys(document.paths)).toEqual(open.map(([name]) => `/v1/topics/${name}/records`))
  const { requestBody, responses } = document.paths[`/v1/topics/${TOPIC}/records`].post
  const { schema } = requestBody.content['application/json']
  const value = schema.properties.records.items.properties.value
  expect(value.required).toEqual(['deviceId', 'position', 'speed', 'eventTime'])
  expect(value.properties.speed).toEqual({ type: 'number', description: 'Kilometres per hour.' })
  expect(Object.keys(responses)).toEqual([
    '200',
    '207',
    '400',
    '401',
    '403',
    '404',
    '413',
    '415',
    '429',
    '503',
  ])
  expect(requestBody.content['application/x-ndjson'].schema.properties.value).toEqual(value)
})

test("the hub's work is shown by its metrics and on the topic of statistics", async () => {
  await post(hub, batch([{ value: report() }, { value: 1 }]))
  const metrics = await (await fetch(`${hub.url}/metrics`)).text()
  expect(metrics).toMatch(/weir_stage_records_total\{stage="ingest-hub.http"\} [1-9]/)
  expect(metrics).toMatch(/weir_stage_failed_total\{stage="ingest-hub.http"\} [1-9]/)
  expect(metrics).toMatch(
    /weir_http_request_duration_seconds_count\{method="POST",route="\/v1\/topics\/taxi.telemetry\/records",status="200"\} [1-9]/,
  )
  expect(metrics).toMatch(/weir_request_memory_used_bytes \d{1,4}\n/)
  const [partition] = await kafka.admin.offsets('weir.stats')
  await expect
    .poll(async () => (await kafka.admin.offsets('weir.stats'))[0].latest, { timeout: 5000 })
    .toBeGreaterThan(partition.latest)
})
