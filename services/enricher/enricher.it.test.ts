import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCodec, type Codec } from '@weir/codec'
import { sampleOf, type TaxiTelemetry, type TopicName } from '@weir/contracts'
import { applyTopics, registerContracts } from '@weir/contracts/apply.ts'
import { drop, flow, step, type Source } from '@weir/flow'
import { encodeHeaders, headerOf, type Kafka, type KafkaConfig, openKafka, partitionFor, type Producer } from '@weir/kafka'
import { encodeValue, store } from '@weir/topics'
import { logger, openAccess, openHttp, sha256 } from '@weir/service'
import { solutions, type FlowDefinition } from '@weir/solutions'
import { areas } from '@weir/solutions/location-offers/areas.ts'
import { addState, addZone } from '@weir/solutions/taxi-telemetry/flow.ts'
import { taxiTelemetry } from '@weir/solutions/taxi-telemetry/solution.ts'
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
let enriched: () => { id: string, partition: number, key: string, value: any }[]
let dead: () => { id: string, value: any }[]
let late: () => { id: string, value: any }[]

beforeAll(async () => {
  const { brokers } = await servers.kafka()
  const { url } = await servers.registry()
  const { url: redisUrl } = await servers.redis()
  redis = new Redis(redisUrl)
  config = { brokers, driver: 'platformatic', groupProtocol: 'auto', compression: 'none', clientId: 'enricher-test', rack: undefined, tls: undefined, sasl: undefined }
  const opened = await openKafka(config, log)
  kafka = opened.value
  await applyTopics(kafka.admin, { replicas: 1 })
  await registerContracts(url)
  codec = (await openCodec({ url }, log)).value
  producer = await kafka.producer()
  const tables = await openReference({ kafka, codec, redisUrl, solutions, log })
  reference = tables.value
  enriched = await collect('taxi.enriched')
  dead = await collect('taxi.telemetry.dead')
  late = await collect('taxi.telemetry.late')
  const flows = await openFlows(taxiTelemetry.flows, { kafka, codec, table: reference.table, log })
  stops.push(() => flows.stop(5000), async () => tables.stop(0), () => producer.stop(), () => opened.stop())
  await vi.waitFor(() => expect(Object.values(flows.value.ready).every((ready) => ready())).toBe(true), { timeout: 60_000 })
}, 180_000)

afterAll(async () => {
  redis?.disconnect()
  for (const stop of stops) await stop()
})

/** Everything of this test's source that appears in the topic from now on. */
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

async function send(records: { id: string, key: string, bytes: Buffer | null }[], by = producer): Promise<void> {
  const delivery = by.delivery()
  const partitions = await kafka.partitions('taxi.telemetry')
  for (const { id, key, bytes } of records) {
    const keyBytes = Buffer.from(key)
    const headers = encodeHeaders({ 'weir-id': id, 'weir-source': source })
    delivery.append('taxi.telemetry', partitionFor(keyBytes, 0, keyBytes.length, partitions), keyBytes, 0, keyBytes.length, bytes, 0, bytes?.length ?? 0, headers, 0, headers.length)
  }
  expect(await delivery.settled()).toEqual([])
}

/** No such name gets into the table; flows of other solutions may make one up. */
const halfCharacter = { version: 1, entries: new Map([['broken', { name: '\ud800', polygon: [[30, 30], [30.01, 30], [30.01, 30.01], [30, 30.01]] }]]) }

const inRedis = async (table: string): Promise<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(await redis.hgetall(`weir:reference:{${table}}:entries`)).map(([id, json]) => [id, JSON.parse(json)]))

const writerOf = async () => codec.writer('taxi.telemetry')

async function encode(changes: Partial<TaxiTelemetry>, room = 4096): Promise<Buffer> {
  const buffer = Buffer.alloc(room)
  return buffer.subarray(0, (await writerOf()).encode({ ...(sampleOf('taxi.telemetry') as TaxiTelemetry), eventTime: Date.now(), ...changes }, buffer, 0))
}

const byId = <T extends { id: string }>(records: T[], id: string) => records.filter((record) => record.id === id)

describe('the enricher', () => {
  test('enriches every record exactly once, under its key, in order, with its headers', async () => {
    const records = await Promise.all(Array.from({ length: 2000 }, async (_, i) => ({
      id: `order-${i}`, key: `taxi-${i % 7}`, bytes: await encode({ deviceId: `taxi-${i % 7}`, tripId: String(i) }),
    })))
    for (let i = 0; i < records.length; i += 100) await send(records.slice(i, i + 100))
    const ours = () => enriched().filter(({ id }) => id.startsWith('order-'))
    await vi.waitFor(() => expect(ours().length).toBe(2000), { timeout: 60_000 })
    expect(new Set(ours().map(({ id }) => id)).size).toBe(2000)
    for (let key = 0; key < 7; key++) {
      const trips = ours().filter((record) => record.key === `taxi-${key}`).map(({ value }) => Number(value.tripId))
      expect(trips).toEqual(trips.toSorted((a, b) => a - b))
    }
    expect(ours()[0].value).toMatchObject({ state: 'OCCUPIED', arrivalTime: expect.any(Number) })
  }, 120_000)

  test('buries what it cannot decode or believe, with cause and origin, and spares the neighbours', async () => {
    const good = await encode({ deviceId: 'taxi-x' })
    const unknownSchema = Buffer.from(good)
    unknownSchema.writeInt32BE(999_999, 1)
    await send([
      { id: 'dead-garbage', key: 'taxi-x', bytes: Buffer.from('no Avro at all') },
      { id: 'dead-schema', key: 'taxi-x', bytes: unknownSchema },
      { id: 'good-between', key: 'taxi-x', bytes: good },
      { id: 'dead-truncated', key: 'taxi-x', bytes: good.subarray(0, good.length - 3) },
      { id: 'dead-tombstone', key: 'taxi-x', bytes: null },
      { id: 'dead-position', key: 'taxi-x', bytes: await encode({ deviceId: 'taxi-x', position: { lat: 123, lon: 0 } }) },
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
      flow: 'enricher.taxi', topic: 'taxi.telemetry', value: Buffer.from('no Avro at all'), key: Buffer.from('taxi-x'), offset: expect.any(Number),
    })
  }, 120_000)

  test('sends late records, unchanged, to the topic of late records', async () => {
    const eventTime = Date.now() - 2 * 86_400_000
    await send([{ id: 'late-1', key: 'taxi-l', bytes: await encode({ deviceId: 'taxi-l', eventTime }) }])
    await vi.waitFor(() => expect(byId(late(), 'late-1').length).toBe(1), { timeout: 60_000 })
    expect(byId(late(), 'late-1')[0].value).toMatchObject({ deviceId: 'taxi-l', eventTime })
    expect(byId(enriched(), 'late-1')).toEqual([])
  }, 120_000)

  test('follows a zone that appears, changes and goes while it runs', async () => {
    const position = { lat: -33.0005, lon: 151.0005 }
    const square = (name: string) => ({ name, polygon: [[151, -33.001], [151.001, -33.001], [151.001, -33], [151, -33]] })
    const zoneAfter = async (id: string) => {
      let name: string | null = ''
      await vi.waitFor(async () => {
        const probe = `zone-${id}-${randomUUID()}`
        await send([{ id: probe, key: 'taxi-z', bytes: await encode({ deviceId: 'taxi-z', position }) }])
        await vi.waitFor(() => expect(byId(enriched(), probe).length).toBe(1), { timeout: 20_000 })
        name = byId(enriched(), probe)[0].value.zoneName
        expect(name).toBe(id)
      }, { timeout: 60_000, interval: 200 })
      return name
    }
    await reference.put('zones', 'test-harbour', square('Harbour'))
    expect(await zoneAfter('Harbour')).toBe('Harbour')
    await reference.put('zones', 'test-harbour', square('Old Harbour'))
    expect(await zoneAfter('Old Harbour')).toBe('Old Harbour')
    await reference.remove('zones', 'test-harbour')
    expect(await zoneAfter(null as never)).toBe(null)
  }, 180_000)

  test('fills Redis again after it has lost everything, with what there is now and nothing else', async () => {
    await reference.put('areas', 'test-kept', areas.berlin)
    await vi.waitFor(async () => expect(await inRedis('areas')).toHaveProperty('test-kept'), { timeout: 20_000 })
    await redis.del(...await redis.keys('weir:reference:*'))
    // A change that arrives before anybody has noticed must not pass for the whole.
    await reference.put('areas', 'test-beside', areas.paris)
    await vi.waitFor(async () => expect(await inRedis('areas')).toMatchObject({ 'test-kept': areas.berlin, 'test-beside': areas.paris }), { timeout: 20_000 })
    expect(await redis.geopos('weir:reference:{areas}:places', 'test-kept')).toEqual([[expect.stringMatching(/^13\.40/), expect.stringMatching(/^52\.5/)]])
    // Redis comes back with what it had before the entry was removed, and under an offset that the topic has not reached.
    await reference.remove('areas', 'test-kept')
    await vi.waitFor(async () => expect(await inRedis('areas')).not.toHaveProperty('test-kept'), { timeout: 20_000 })
    await redis.hset('weir:reference:{areas}:entries', 'test-kept', JSON.stringify(areas.tokyo))
    await redis.hset('weir:reference:{areas}:offsets', 'test-kept', 10 ** 12)
    await redis.del('weir:reference:whole')
    await vi.waitFor(async () => expect(await inRedis('areas')).not.toHaveProperty('test-kept'), { timeout: 20_000 })
    await reference.remove('areas', 'test-beside')
    await vi.waitFor(() => expect(Object.values(reference.ready).every((ready) => ready())).toBe(true), { timeout: 20_000 })
  }, 120_000)

  test('leaves out of the tables what is no entry, in memory and in Redis, and goes on', async () => {
    const bad = async (key: string, value: Buffer): Promise<void> => store(producer, { topic: 'weir.control.reference', partition: 0, key, value })
    const entry = async (table: string, id: string, json: string): Promise<Buffer> => encodeValue(await codec.writer('weir.control.reference'), { table, id, json }, 1024)
    await reference.put('areas', 'test-good', areas.lisbon)
    await bad('areas/test-good', Buffer.from('sevenxx'))
    await bad('areas/test-broken', await entry('areas', 'test-broken', JSON.stringify({ name: 'Broken', lat: 40.75, lon: -73.98, radiusKm: 5 })))
    await bad('areas/test-json', await entry('areas', 'test-json', '{'))
    await bad('areas/test-null', await entry('areas', 'test-null', 'null'))
    await bad('secrets/x', await entry('secrets', 'x', '"none of these tables"'))
    await reference.put('areas', 'test-after', areas.london)
    await vi.waitFor(async () => expect(await inRedis('areas')).toHaveProperty('test-after'), { timeout: 20_000 })
    for (const found of [await inRedis('areas'), Object.fromEntries(reference.table('areas').entries)]) {
      expect(found).toMatchObject({ 'test-good': areas.lisbon, 'test-after': areas.london })
      for (const id of ['test-broken', 'test-json', 'test-null']) expect(found).not.toHaveProperty(id)
    }
    for (const id of ['test-good', 'test-after']) await reference.remove('areas', id)
  }, 120_000)

  test('a value that the output contract refuses is a dead letter, and its neighbours go on', async () => {
    const breaking: FlowDefinition = {
      ...taxiTelemetry.flows[0], name: `breaking-${randomUUID()}`,
      build: ({ decode }) => flow<number, Source>()
        .step(step('only-mine', (index: number, place: number, batch: Source) => {
          const report = decode(index, place, batch)
          return report.deviceId === 'taxi-b' ? report as TaxiTelemetry : drop('others')
        }))
        .step(addZone(halfCharacter)).step(addState).publish('taxi.enriched'),
    }
    const { stop } = await openFlows([breaking], { kafka, codec, table: reference.table, log })
    onTestFinished(() => stop(5000))
    const [inside, outside] = [`broken-${randomUUID()}`, `whole-${randomUUID()}`]
    await send([
      { id: inside, key: 'taxi-b', bytes: await encode({ deviceId: 'taxi-b', position: { lat: 30.005, lon: 30.005 } }) },
      { id: outside, key: 'taxi-b', bytes: await encode({ deviceId: 'taxi-b', position: { lat: 40, lon: 40 } }) },
    ])
    await vi.waitFor(() => expect(byId(dead(), inside).map(({ value }) => [value.step, value.code])).toEqual([['publish', 'invalid']]), { timeout: 60_000 })
    // Once by each of the two flows.
    await vi.waitFor(() => expect([byId(enriched(), inside).length, byId(enriched(), outside).length]).toEqual([1, 2]), { timeout: 20_000 })
  }, 120_000)

  test('a record that is larger than its topic takes, since it came compressed, is a truncated dead letter, and its neighbours go on', async () => {
    const good = await encode({ deviceId: 'taxi-large' })
    const squeezing = await openKafka({ ...config, compression: 'zstd' })
    stops.push(squeezing.stop)
    const squeezed = await squeezing.value.producer()
    await send([
      { id: 'large-before', key: 'taxi-large', bytes: good },
      { id: 'large', key: 'taxi-large', bytes: await encode({ deviceId: 'taxi-large', tripId: 'x'.repeat(3 << 20) }, 10 << 20) },
      { id: 'large-garbage', key: 'taxi-large', bytes: Buffer.alloc(3 << 20, 'no Avro') },
      { id: 'large-after', key: 'taxi-large', bytes: good },
    ], squeezed)
    await vi.waitFor(() => expect(byId(enriched(), 'large-after').length).toBe(1), { timeout: 60_000 })
    const letters = () => dead().filter(({ id }) => id?.startsWith('large')).map(({ id, value }) => [id, value.step, value.code, value.truncated, value.value.length])
    await vi.waitFor(() => expect(letters()).toEqual(expect.arrayContaining([
      ['large', 'publish', 'too-large', true, 16 << 10], ['large-garbage', 'decode', 'undecodable', true, 16 << 10],
    ])), { timeout: 20_000 })
    expect(byId(enriched(), 'large-before').length).toBe(1)
  }, 120_000)

  test('over HTTP: tables are read and changed by those that may, and what is no entry is refused with its field', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weir-keys-'))
    const keysFile = join(folder, 'keys.json')
    const topic = 'weir.control.reference'
    const key = (name: string, rights: object) => ({ name, sha256: sha256(`${name}-key`).toString('hex'), ...rights })
    await writeFile(keysFile, JSON.stringify([key('fleet', { topics: ['taxi.*'] }), key('screen', { topics: [], reads: [topic] }), key('dispatch', { topics: [topic] })]))
    const access = openAccess({ keysFile, anonymous: false }, log)
    const { value: { url }, stop } = await openHttp({ host: '127.0.0.1', port: 0 }, { log, ready: {}, routes: referenceRoutes(reference, access.value) })
    const zone = { name: 'Guarded', polygon: [[20, 20], [21, 20], [21, 21]] }
    const ask = async (method: string, path: string, name?: string, body: string = JSON.stringify(zone)) => {
      const response = await fetch(`${url}/v1/reference/${path}`, {
        method, headers: { ...name && { 'x-api-key': `${name}-key` }, ...method === 'PUT' && { 'content-type': 'application/json' } }, ...method === 'PUT' && { body },
      })
      return { status: response.status, body: await response.json().catch(() => undefined) as any }
    }
    const status = async (...args: Parameters<typeof ask>) => (await ask(...args)).status
    expect([await status('GET', 'zones'), await status('PUT', 'zones/test-guarded'), await status('PUT', 'zones/test-guarded', 'nobody')]).toEqual([401, 401, 401])
    expect([await status('GET', 'zones', 'fleet'), await status('GET', 'zones', 'screen'), await status('GET', 'zones', 'dispatch')]).toEqual([403, 200, 200])
    for (const name of ['fleet', 'screen']) expect([await status('PUT', 'zones/test-guarded', name), await status('DELETE', 'zones/test-guarded', name)]).toEqual([403, 403])

    const deep = `{"name":"Deep","polygon":[[20,20],[21,20],[21,21]],"deep":${'['.repeat(60_000)}${']'.repeat(60_000)}}`
    for (const [body, field, message] of [
      [JSON.stringify({ ...zone, name: 5 }), 'name', 'name must be a string.'], [JSON.stringify({ name: 'x' }), 'polygon', 'polygon is missing.'],
      ['null', '', 'The value must be an object.'], ['[]', '', 'The value must be an object.'], [deep, 'deep', expect.stringContaining('deep is not known')],
    ] as const) expect(await ask('PUT', 'zones/test-guarded', 'dispatch', body)).toEqual({ status: 400, body: { error: { code: 'invalid-entry', field, message } } })
    const unknown = { status: 404, body: { error: { code: 'unknown-table', message: 'There is no reference table "zone"; there are areas, zones.' } } }
    for (const method of ['GET', 'PUT', 'DELETE']) expect(await ask(method, method === 'GET' ? 'zone' : 'zone/x', 'dispatch')).toEqual(unknown)
    expect(await status('PUT', 'zones/Upper', 'dispatch')).toBe(400)

    expect(await status('PUT', 'zones/test-guarded', 'dispatch')).toBe(204)
    await vi.waitFor(async () => expect((await ask('GET', 'zones', 'screen')).body['test-guarded']).toEqual(zone), { timeout: 20_000 })
    expect(await status('DELETE', 'zones/test-guarded', 'dispatch')).toBe(204)
    await vi.waitFor(async () => expect((await ask('GET', 'zones', 'screen')).body).not.toHaveProperty('test-guarded'), { timeout: 20_000 })
    await stop(1000)
    await access.stop(0)
    await rm(folder, { recursive: true })
  }, 120_000)
})
