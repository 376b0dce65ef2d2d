import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { applyTopics, registerContracts } from '@weir/catalogue'
import { type Codec, openCodec } from '@weir/codec'
import { sha256 } from '@weir/config'
import { sampleOf, type TopicName } from '@weir/contracts'
import { drop, flow, type Source, step } from '@weir/flow'
import {
  appendRecord,
  encodeValue,
  headerOf,
  type Kafka,
  type KafkaConfig,
  openKafka,
  type Producer,
  partitionFor,
  partitionOfKey,
  writeRecord,
} from '@weir/kafka'
import { storeUnreadable } from '@weir/kafka/conformance/unreadable.ts'
import { logger, openAccess, openHttp } from '@weir/service'
import { type FlowDefinition, solutions, topics } from '@weir/solutions'
import { areas } from '@weir/solutions/location-offers/areas.ts'
import { addState, addZone } from '@weir/solutions/taxi-telemetry/flow.ts'
import type { TaxiTelemetry } from '@weir/solutions/taxi-telemetry/generated/types.ts'
import { solution as taxiTelemetry } from '@weir/solutions/taxi-telemetry/solution.ts'
import { servers } from '@weir/testkit'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { openFlows } from './flows/flows.ts'
import { openReference, type Reference } from './reference/reference.ts'
import { referenceRoutes } from './reference/routes.ts'

const log = logger('enricher-test')
const source = `test-${randomUUID()}`
const stops: (() => Promise<unknown>)[] = []
let kafka: Kafka
let codec: Codec
let producer: Producer
let reference: Reference
let redis: Redis
let config: KafkaConfig
let enriched: () => { id: string; partition: number; key: string; value: any }[]
let dead: () => { id: string; value: any }[]
let late: () => { id: string; value: any }[]

beforeAll(async () => {
  const { brokers } = await servers.kafka()
  const { url } = await servers.registry()
  const { url: redisUrl } = await servers.redis()
  redis = new Redis(redisUrl)
  config = {
    brokers,
    driver: 'platformatic',
    groupProtocol: 'auto',
    compression: 'none',
    clientId: 'enricher-test',
    rack: undefined,
    instanceId: undefined,
    tls: undefined,
    sasl: undefined,
  }
  const opened = await openKafka(config, log)
  kafka = opened.value
  await applyTopics(kafka.admin, { topics, replicas: 1 })
  await registerContracts(url, topics)
  codec = (await openCodec({ topics, url }, log)).value
  producer = await kafka.producer()
  const tables = await openReference({ kafka, codec, redisUrl, solutions, log })
  reference = tables.value
  enriched = await collect('taxi.enriched')
  dead = await collect('taxi.telemetry.dead')
  late = await collect('taxi.telemetry.late')
  const flows = await openFlows(taxiTelemetry.flows, { kafka, codec, table: reference.table, log })
  stops.push(
    () => flows.stop(5000),
    async () => tables.stop(0),
    () => producer.stop(),
    () => opened.stop(),
  )
  await vi.waitFor(() => expect(Object.values(flows.value.ready).every((ready) => ready())).toBe(true), {
    timeout: 60_000,
  })
}, 180_000)

afterAll(async () => {
  redis?.disconnect()
  for (const stop of stops) await stop()
})

/** Collects all records of this test's source that appear in the topic from now on. */
async function collect(topic: TopicName) {
  const reader = await codec.reader(topic)
  const found: any[] = []
  const reading = await kafka.read({ topics: [topic], from: 'latest', until: 'stopped' }, async (batch) => {
    await reader.prepare(batch)
    for (let i = 0; i < batch.length; i++) {
      if (headerOf(batch, i, 'weir-source')?.toString() !== source) continue
      found.push({
        id: headerOf(batch, i, 'weir-id')?.toString(),
        partition: batch.partition,
        key: batch.bytes.toString('utf8', batch.keyStart[i], batch.keyEnd[i]),
        value: reader.decode(batch.bytes, batch.valueStart[i], batch.valueEnd[i]),
      })
    }
  })
  stops.push(() => reading.stop())
  return () => found
}

async function send(
  records: { id: string; key: string; bytes: Buffer | null }[],
  by = producer,
): Promise<void> {
  const delivery = by.delivery()
  const partitions = await kafka.partitions('taxi.telemetry')
  for (const { id, key, bytes } of records) {
    const partition = partitionOfKey(key, partitions)
    const headers = { 'weir-id': id, 'weir-source': source }
    appendRecord(delivery, { topic: 'taxi.telemetry', partition, key, value: bytes, headers })
  }
  expect(await delivery.settled()).toEqual([])
}

/**
 * A name with half a character never gets into the reference table, but flows of other solutions may create
 * one.
 */
const square = [
  [30, 30],
  [30.01, 30],
  [30.01, 30.01],
  [30, 30.01],
]
const halfCharacter = { version: 1, entries: new Map([['broken', { name: '\ud800', polygon: square }]]) }

async function inRedis(table: string): Promise<Record<string, unknown>> {
  const entries = Object.entries(await redis.hgetall(`weir:reference:{${table}}:entries`))
  return Object.fromEntries(entries.map(([id, json]) => [id, JSON.parse(json)]))
}

/** A timeout that is long enough under load. */
const soon = { timeout: 20_000 }

const writerOf = async () => codec.writer('taxi.telemetry')

async function encode(changes: Partial<TaxiTelemetry>, room = 4096): Promise<Buffer> {
  const buffer = Buffer.alloc(room)
  return buffer.subarray(
    0,
    (await writerOf()).encode(
      { ...(sampleOf(topics, 'taxi.telemetry') as TaxiTelemetry), eventTime: Date.now(), ...changes },
      buffer,
      0,
    ),
  )
}

const byId = <T extends { id: string }>(records: T[], id: string) =>
  records.filter((record) => record.id === id)

describe('the enricher', () => {
  test('enriches every record exactly once, under its key, in order, with its headers', async () => {
    const records = await Promise.all(
      Array.from({ length: 2000 }, async (_, i) => ({
        id: `order-${i}`,
        key: `taxi-${i % 7}`,
        bytes: await encode({ deviceId: `taxi-${i % 7}`, tripId: String(i) }),
      })),
    )
    for (let i = 0; i < records.length; i += 100) await send(records.slice(i, i + 100))
    const ours = () => enriched().filter(({ id }) => id.startsWith('order-'))
    await vi.waitFor(() => expect(ours().length).toBe(2000), { timeout: 60_000 })
    expect(new Set(ours().map(({ id }) => id)).size).toBe(2000)
    for (let key = 0; key < 7; key++) {
      const trips = ours()
        .filter((record) => record.key === `taxi-${key}`)
        .map(({ value }) => Number(value.tripId))
      expect(trips).toEqual(trips.toSorted((a, b) => a - b))
    }
    expect(ours()[0].value).toMatchObject({ state: 'OCCUPIED', arrivalTime: expect.any(Number) })
  }, 120_000)

  test('makes dead letters of undecodable and impossible records, and enriches their neighbours', async () => {
    const good = await encode({ deviceId: 'taxi-x' })
    const unknownSchema = Buffer.from(good)
    unknownSchema.writeInt32BE(999_999, 1)
    await send([
      { id: 'dead-garbage', key: 'taxi-x', bytes: Buffer.from('no Avro at all') },
      { id: 'dead-schema', key: 'taxi-x', bytes: unknownSchema },
      { id: 'good-between', key: 'taxi-x', bytes: good },
      { id: 'dead-truncated', key: 'taxi-x', bytes: good.subarray(0, good.length - 3) },
      { id: 'dead-tombstone', key: 'taxi-x', bytes: null },
      {
        id: 'dead-position',
        key: 'taxi-x',
        bytes: await encode({ deviceId: 'taxi-x', position: { lat: 123, lon: 0 } }),
      },
      { id: 'good-after', key: 'taxi-x', bytes: good },
    ])
    await vi.waitFor(() => expect(byId(enriched(), 'good-after').length).toBe(1), { timeout: 60_000 })
    await vi.waitFor(() => expect(dead().length).toBe(5), { timeout: 60_000 })
    expect(byId(enriched(), 'good-between').length).toBe(1)
    const causes = Object.fromEntries(dead().map(({ id, value }) => [id, `${value.step} ${value.code}`]))
    expect(causes).toEqual({
      'dead-garbage': 'decode undecodable',
      'dead-schema': 'decode unknown-schema',
      'dead-truncated': 'decode undecodable',
      'dead-tombstone': 'decode undecodable',
      'dead-position': 'refuse-impossible invalid',
    })
    expect(byId(dead(), 'dead-garbage')[0].value).toMatchObject({
      flow: 'enricher.taxi',
      topic: 'taxi.telemetry',
      value: Buffer.from('no Avro at all'),
      key: Buffer.from('taxi-x'),
      offset: expect.any(Number),
    })
  }, 120_000)

  test('sends late records unchanged to the topic of late records', async () => {
    const eventTime = Date.now() - 2 * 86_400_000
    await send([{ id: 'late-1', key: 'taxi-l', bytes: await encode({ deviceId: 'taxi-l', eventTime }) }])
    await vi.waitFor(() => expect(byId(late(), 'late-1').length).toBe(1), { timeout: 60_000 })
    expect(byId(late(), 'late-1')[0].value).toMatchObject({ deviceId: 'taxi-l', eventTime })
    expect(byId(enriched(), 'late-1')).toEqual([])
  }, 120_000)

  test('follows a zone that is added, changed and removed while it runs', async () => {
    const position = { lat: -33.0005, lon: 151.0005 }
    const square = (name: string) => ({
      name,
      polygon: [
        [151, -33.001],
        [151.001, -33.001],
        [151.001, -33],
        [151, -33],
      ],
    })
    const zoneAfter = async (id: string) => {
      let name: string | null = ''
      await vi.waitFor(
        async () => {
          const probe = `zone-${id}-${randomUUID()}`
          await send([{ id: probe, key: 'taxi-z', bytes: await encode({ deviceId: 'taxi-z', position }) }])
          await vi.waitFor(() => expect(byId(enriched(), probe).length).toBe(1), { timeout: 20_000 })
          name = byId(enriched(), probe)[0].value.zoneName
          expect(name).toBe(id)
        },
        { timeout: 60_000, interval: 200 },
      )
      return name
    }
    await reference.put('zones', 'test-harbour', square('Harbour'))
    expect(await zoneAfter('Harbour')).toBe('Harbour')
    await reference.put('zones', 'test-harbour', square('Old Harbour'))
    expect(await zoneAfter('Old Harbour')).toBe('Old Harbour')
    await reference.remove('zones', 'test-harbour')
    expect(await zoneAfter(null as never)).toBe(null)
  }, 180_000)

  test('fills Redis with the present tables after it has lost everything', async () => {
    await reference.put('areas', 'test-kept', areas.berlin)
    await vi.waitFor(async () => expect(await inRedis('areas')).toHaveProperty('test-kept'), {
      timeout: 20_000,
    })
    await redis.del(...(await redis.keys('weir:reference:*')))
    // A change that arrives before a replica has noticed must not pass for the whole table.
    await reference.put('areas', 'test-beside', areas.paris)
    const both = { 'test-kept': areas.berlin, 'test-beside': areas.paris }
    await vi.waitFor(async () => expect(await inRedis('areas')).toMatchObject(both), soon)
    const place = [expect.stringMatching(/^13\.40/), expect.stringMatching(/^52\.5/)]
    expect(await redis.geopos('weir:reference:{areas}:places', 'test-kept')).toEqual([place])
    // Redis has an entry that was removed, with an offset that the topic has not reached.
    await reference.remove('areas', 'test-kept')
    await vi.waitFor(async () => expect(await inRedis('areas')).not.toHaveProperty('test-kept'), {
      timeout: 20_000,
    })
    await redis.hset('weir:reference:{areas}:entries', 'test-kept', JSON.stringify(areas.tokyo))
    await redis.hset('weir:reference:{areas}:offsets', 'test-kept', 10 ** 12)
    await redis.del('weir:reference:whole')
    await vi.waitFor(async () => expect(await inRedis('areas')).not.toHaveProperty('test-kept'), {
      timeout: 20_000,
    })
    // A second replica that starts never shows functions an incomplete table.
    const size = () => redis.hlen('weir:reference:{areas}:entries')
    let smallest = Infinity
    const watching = setInterval(
      () =>
        void size().then((now) => {
          smallest = Math.min(smallest, now)
        }),
      1,
    )
    const redisUrl = `redis://${redis.options.host}:${redis.options.port}`
    const replica = await openReference({ kafka, codec, redisUrl, solutions, log })
    await vi.waitFor(
      () => expect(Object.values(replica.value.ready).every((ready) => ready())).toBe(true),
      soon,
    )
    clearInterval(watching)
    await replica.stop(0)
    expect(smallest).toBe(await size())
    await reference.remove('areas', 'test-beside')
    await vi.waitFor(() => expect(Object.values(reference.ready).every((ready) => ready())).toBe(true), soon)
  }, 120_000)

  test('skips records that are not entries, in memory and in Redis', async () => {
    const topic = 'weir.control.reference'
    const writer = await codec.writer(topic)
    const bad = (key: string, value: Buffer) => writeRecord(producer, { topic, partition: 0, key, value })
    const entry = (table: string, id: string, json: string) => encodeValue(writer, { table, id, json })
    await reference.put('areas', 'test-good', areas.lisbon)
    await bad('areas/test-good', Buffer.from('sevenxx'))
    const broken = '{"name":"Broken","lat":40.75,"lon":-73.98,"radiusKm":5}'
    await bad('areas/test-broken', entry('areas', 'test-broken', broken))
    await bad('areas/test-json', entry('areas', 'test-json', '{'))
    await bad('areas/test-null', entry('areas', 'test-null', 'null'))
    await bad('secrets/x', entry('secrets', 'x', '"none of these tables"'))
    await reference.put('areas', 'test-after', areas.london)
    await vi.waitFor(async () => expect(await inRedis('areas')).toHaveProperty('test-after'), {
      timeout: 20_000,
    })
    for (const found of [await inRedis('areas'), Object.fromEntries(reference.table('areas').entries)]) {
      expect(found).toMatchObject({ 'test-good': areas.lisbon, 'test-after': areas.london })
      for (const id of ['test-broken', 'test-json', 'test-null']) expect(found).not.toHaveProperty(id)
    }
    for (const id of ['test-good', 'test-after']) await reference.remove('areas', id)
  }, 120_000)

  test('makes a dead letter of a value that the output contract refuses, and publishes its neighbours', async () => {
    const breaking: FlowDefinition = {
      ...taxiTelemetry.flows[0],
      name: `breaking-${randomUUID()}`,
      build: ({ decode }) =>
        flow<number, Source>()
          .step(
            step('only-mine', (index: number, place: number, batch: Source) => {
              const report = decode(index, place, batch)
              return report.deviceId === 'taxi-b' ? (report as TaxiTelemetry) : drop('others')
            }),
          )
          .step(addZone(halfCharacter))
          .step(addState)
          .publish('taxi.enriched'),
    }
    const { stop } = await openFlows([breaking], { kafka, codec, table: reference.table, log })
    onTestFinished(() => stop(5000))
    const [inside, outside] = [`broken-${randomUUID()}`, `whole-${randomUUID()}`]
    const at = (lat: number, lon: number) => encode({ deviceId: 'taxi-b', position: { lat, lon } })
    await send([
      { id: inside, key: 'taxi-b', bytes: await at(30.005, 30.005) },
      { id: outside, key: 'taxi-b', bytes: await at(40, 40) },
    ])
    const causes = () => byId(dead(), inside).map(({ value }) => [value.step, value.code])
    await vi.waitFor(() => expect(causes()).toEqual([['publish', 'invalid']]), { timeout: 60_000 })
    // Both flows have published it.
    const counts = () => [byId(enriched(), inside).length, byId(enriched(), outside).length]
    await vi.waitFor(() => expect(counts()).toEqual([1, 2]), soon)
  }, 120_000)

  test('makes a truncated dead letter of a record that is too large for the topic when inflated', async () => {
    const good = await encode({ deviceId: 'taxi-large' })
    const squeezing = await openKafka({ ...config, compression: 'zstd' })
    stops.push(squeezing.stop)
    const squeezed = await squeezing.value.producer()
    await send(
      [
        { id: 'large-before', key: 'taxi-large', bytes: good },
        {
          id: 'large',
          key: 'taxi-large',
          bytes: await encode({ deviceId: 'taxi-large', tripId: 'x'.repeat(3 << 20) }, 10 << 20),
        },
        { id: 'large-garbage', key: 'taxi-large', bytes: Buffer.alloc(3 << 20, 'no Avro') },
        { id: 'large-after', key: 'taxi-large', bytes: good },
      ],
      squeezed,
    )
    await vi.waitFor(() => expect(byId(enriched(), 'large-after').length).toBe(1), { timeout: 60_000 })
    const letters = () =>
      dead()
        .filter(({ id }) => id?.startsWith('large'))
        .map(({ id, value }) => [id, value.step, value.code, value.truncated, value.value.length])
    await vi.waitFor(
      () =>
        expect(letters()).toEqual(
          expect.arrayContaining([
            ['large', 'publish', 'too-large', true, 16 << 10],
            ['large-garbage', 'decode', 'undecodable', true, 16 << 10],
          ]),
        ),
      { timeout: 20_000 },
    )
    expect(byId(enriched(), 'large-before').length).toBe(1)
  }, 120_000)

  test('makes a dead letter with the offsets of an unreadable record batch, and enriches its neighbours', async () => {
    const good = await encode({ deviceId: 'taxi-rotten' })
    const key = Buffer.from('taxi-rotten')
    const partition = partitionFor(key, 0, key.length, await kafka.partitions('taxi.telemetry'))
    await send([{ id: 'rotten-before', key: 'taxi-rotten', bytes: good }])
    const offset = await storeUnreadable(config.brokers, 'taxi.telemetry', partition, 4)
    await send([{ id: 'rotten-after', key: 'taxi-rotten', bytes: good }])
    await vi.waitFor(() => expect(byId(enriched(), 'rotten-after').length).toBe(1), { timeout: 30_000 })
    expect(byId(enriched(), 'rotten-before').length).toBe(1)
    const letters = async () => {
      const reader = await codec.reader('taxi.telemetry.dead')
      const found: unknown[] = []
      await (
        await kafka.read(
          { topics: ['taxi.telemetry.dead'], from: 'earliest', until: 'end' },
          async (batch) => {
            await reader.prepare(batch)
            for (let i = 0; i < batch.length; i++) {
              if (headerOf(batch, i, 'weir-dead-code')?.toString() !== 'unreadable') continue
              found.push(reader.decode(batch.bytes, batch.valueStart[i], batch.valueEnd[i]))
            }
          },
        )
      ).done
      return found
    }
    await vi.waitFor(
      async () =>
        expect(await letters()).toContainEqual(
          expect.objectContaining({
            flow: 'enricher.taxi',
            step: 'read',
            topic: 'taxi.telemetry',
            partition,
            offset,
            lastOffset: offset + 3,
            key: null,
            value: null,
            truncated: true,
            message: expect.stringContaining(
              `${offset} to ${offset + 3} cannot be read: it breaks the record format`,
            ),
          }),
        ),
      { timeout: 20_000 },
    )
  }, 120_000)

  test('lets keys read and change tables over HTTP by their rights, and refuses a wrong entry with its field', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weir-keys-'))
    const keysFile = join(folder, 'keys.json')
    const topic = 'weir.control.reference'
    const key = (name: string, rights: object) => ({
      name,
      sha256: sha256(`${name}-key`).toString('hex'),
      ...rights,
    })
    await writeFile(
      keysFile,
      JSON.stringify([
        key('fleet', { topics: ['taxi.*'] }),
        key('screen', { topics: [], reads: [topic] }),
        key('dispatch', { topics: [topic] }),
      ]),
    )
    const access = openAccess({ keysFile, anonymous: false }, log)
    const {
      value: { url },
      stop,
    } = await openHttp(
      { host: '127.0.0.1', port: 0 },
      { log, ready: {}, routes: referenceRoutes(reference, access.value) },
    )
    const zone = {
      name: 'Guarded',
      polygon: [
        [20, 20],
        [21, 20],
        [21, 21],
      ],
    }
    const ask = async (method: string, path: string, name?: string, body: string = JSON.stringify(zone)) => {
      const json = method === 'PUT' && { 'content-type': 'application/json' }
      const headers = { ...(name && { 'x-api-key': `${name}-key` }), ...json }
      const response = await fetch(`${url}/v1/reference/${path}`, {
        method,
        headers,
        ...(method === 'PUT' && { body }),
      })
      return { status: response.status, body: (await response.json().catch(() => undefined)) as any }
    }
    const status = async (...args: Parameters<typeof ask>) => (await ask(...args)).status
    const path = 'zones/test-guarded'
    for (const [name, read, write] of [
      [undefined, 401, 401],
      ['nobody', 401, 401],
      ['fleet', 403, 403],
      ['screen', 200, 403],
    ] as const) {
      expect(await status('GET', 'zones', name)).toBe(read)
      expect([await status('PUT', path, name), await status('DELETE', path, name)]).toEqual([write, write])
    }

    const brackets = `${'['.repeat(120_000)}${']'.repeat(120_000)}`
    const deep = `{"name":"Deep","polygon":[[20,20],[21,20],[21,21]],"deep":${brackets}}`
    for (const [body, field, message] of [
      [JSON.stringify({ ...zone, name: 5 }), 'name', 'name must be a string.'],
      [JSON.stringify({ name: 'x' }), 'polygon', 'polygon is missing.'],
      ['null', '', 'The value must be an object.'],
      ['[]', '', 'The value must be an object.'],
      [JSON.stringify({ ...zone, deep: [] }), 'deep', 'deep is not known; there are name, polygon.'],
    ] as const) {
      const error = { code: 'invalid-entry', field, message }
      expect(await ask('PUT', path, 'dispatch', body)).toEqual({ status: 400, body: { error } })
    }
    const tooDeep = { code: 'too-deep', message: 'The body nests deeper than 32 levels.' }
    expect(await ask('PUT', path, 'dispatch', deep)).toEqual({ status: 400, body: { error: tooDeep } })
    const unknown = {
      code: 'unknown-table',
      message: 'There is no reference table "zone"; choose one of areas, zones.',
    }
    for (const [method, entry] of [
      ['GET', 'zone'],
      ['PUT', 'zone/x'],
      ['DELETE', 'zone/x'],
    ] as const) {
      expect(await ask(method, entry, 'dispatch')).toEqual({ status: 404, body: { error: unknown } })
    }
    expect(await status('PUT', 'zones/Upper', 'dispatch')).toBe(400)

    expect(await status('PUT', path, 'dispatch')).toBe(204)
    const seen = async () => (await ask('GET', 'zones', 'screen')).body
    await vi.waitFor(async () => expect(await seen()).toHaveProperty('test-guarded', zone), soon)
    expect(await status('DELETE', path, 'dispatch')).toBe(204)
    await vi.waitFor(async () => expect(await seen()).not.toHaveProperty('test-guarded'), soon)
    await stop(1000)
    await access.stop(0)
    await rm(folder, { recursive: true })
  }, 120_000)
})
