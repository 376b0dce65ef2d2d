import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCodec, type Codec } from '@weir/codec'
import { sampleOf, type TaxiTelemetry, type TopicName } from '@weir/contracts'
import { applyTopics, registerContracts } from '@weir/contracts/apply.ts'
import { encodeHeaders, headerOf, type Kafka, type KafkaConfig, openKafka, partitionFor, type Producer } from '@weir/kafka'
import { storeUnreadable } from '@weir/kafka/conformance/unreadable.ts'
import { logger, openAccess, openHttp, sha256 } from '@weir/service'
import { taxiTelemetry } from '@weir/solutions/taxi-telemetry/solution.ts'
import { servers } from '@weir/testkit'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
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
let redisUrl: string
let config: KafkaConfig
let enriched: () => { id: string, partition: number, key: string, value: any }[]
let dead: () => { id: string, value: any }[]
let late: () => { id: string, value: any }[]

beforeAll(async () => {
  const { brokers } = await servers.kafka()
  const { url } = await servers.registry();
  ({ url: redisUrl } = await servers.redis())
  config = { brokers, driver: 'platformatic', groupProtocol: 'auto', compression: 'none', clientId: 'enricher-test', rack: undefined, tls: undefined, sasl: undefined }
  const opened = await openKafka(config, log)
  kafka = opened.value
  await applyTopics(kafka.admin, { replicas: 1 })
  await registerContracts(url)
  codec = (await openCodec({ url }, log)).value
  producer = await kafka.producer()
  const tables = await openReference({ kafka, codec, redisUrl, tables: ['zones'], log })
  reference = tables.value
  enriched = await collect('taxi.enriched')
  dead = await collect('taxi.telemetry.dead')
  late = await collect('taxi.telemetry.late')
  const flows = await openFlows(taxiTelemetry.flows, { kafka, codec, table: reference.table, log })
  stops.push(() => flows.stop(5000), () => tables.stop(), () => producer.stop(), () => opened.stop())
  await vi.waitFor(() => expect(Object.values(flows.value.ready).every((ready) => ready())).toBe(true), { timeout: 60_000 })
}, 180_000)

afterAll(async () => {
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
    await reference.put('zones', 'test-harbour', null)
    expect(await zoneAfter(null as never)).toBe(null)
  }, 180_000)

  test('rebuilds the reference tables in Redis after it has lost everything', async () => {
    await reference.put('zones', 'test-kept', { name: 'Kept', polygon: [[10, 10], [11, 10], [11, 11]] })
    await vi.waitFor(async () => expect((await reference.entries('zones')).has('test-kept')).toBe(true), { timeout: 60_000 })
    const redis = new Redis(redisUrl)
    await redis.del(...await redis.keys('weir:reference:*'))
    // A change that arrives before anybody has noticed must not pass for the whole.
    await reference.put('zones', 'test-beside', { name: 'Beside', polygon: [[11, 11], [12, 11], [12, 12]] })
    redis.disconnect()
    await vi.waitFor(async () => expect((await reference.entries('zones')).get('test-kept')).toMatchObject({ name: 'Kept' }), { timeout: 60_000 })
    await reference.put('zones', 'test-kept', null)
  }, 120_000)

  test('a value that the output contract refuses is a dead letter, and its neighbours go on', async () => {
    await reference.put('zones', 'test-broken', { name: '\ud800', polygon: [[30, 30], [30.01, 30], [30.01, 30.01], [30, 30.01]] })
    const [inside, outside] = [`broken-${randomUUID()}`, `whole-${randomUUID()}`]
    const ids: string[] = []
    await vi.waitFor(async () => {
      ids.push(`${inside}-${ids.length}`)
      await send([{ id: ids.at(-1)!, key: 'taxi-b', bytes: await encode({ deviceId: 'taxi-b', position: { lat: 30.005, lon: 30.005 } }) }])
      await vi.waitFor(() => expect(dead().filter(({ id }) => ids.includes(id)).map(({ value }) => [value.step, value.code])).toContainEqual(['publish', 'invalid']), { timeout: 3000 })
    }, { timeout: 60_000, interval: 200 })
    await send([{ id: outside, key: 'taxi-b', bytes: await encode({ deviceId: 'taxi-b', position: { lat: 40, lon: 40 } }) }])
    await vi.waitFor(() => expect(byId(enriched(), outside).length).toBe(1), { timeout: 20_000 })
    await reference.put('zones', 'test-broken', null)
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

  test('a record batch that nothing reads is a dead letter with its offsets, and its neighbours go on', async () => {
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
      await (await kafka.read({ topics: ['taxi.telemetry.dead'], from: 'earliest', until: 'end' }, async (batch) => {
        await reader.prepare(batch)
        for (let i = 0; i < batch.length; i++) {
          if (headerOf(batch, i, 'weir-dead-code')?.toString() !== 'unreadable') continue
          found.push(reader.decode(batch.bytes, batch.valueStart[i], batch.valueEnd[i]))
        }
      })).done
      return found
    }
    await vi.waitFor(async () => expect(await letters()).toContainEqual(expect.objectContaining({
      flow: 'enricher.taxi', step: 'read', topic: 'taxi.telemetry', partition, offset, lastOffset: offset + 3,
      key: null, value: null, truncated: true,
      message: expect.stringContaining(`${offset} to ${offset + 3} cannot be read: it breaks the record format`),
    })), { timeout: 20_000 })
  }, 120_000)

  test('over HTTP: every client with a key reads them, those with the right change them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weir-keys-'))
    const keysFile = join(folder, 'keys.json')
    const key = (name: string, topics: string[]) => ({ name, sha256: sha256(`${name}-key`).toString('hex'), topics })
    await writeFile(keysFile, JSON.stringify([key('fleet', ['taxi.*']), key('dispatch', ['weir.control.reference'])]))
    const access = openAccess({ keysFile, anonymous: false }, log)
    const { value: { url }, stop } = await openHttp({ host: '127.0.0.1', port: 0 }, { log, ready: {}, routes: referenceRoutes(reference, access.value) })
    const ask = async (method: string, path: string, name?: string) => (await fetch(`${url}/v1/reference/${path}`, {
      method, headers: { ...name && { 'x-api-key': `${name}-key` }, ...method === 'PUT' && { 'content-type': 'application/json' } },
      ...method === 'PUT' && { body: JSON.stringify({ name: 'Guarded', polygon: [[20, 20], [21, 20], [21, 21]] }) },
    })).status
    expect([await ask('GET', 'zones'), await ask('PUT', 'zones/test-guarded'), await ask('PUT', 'zones/test-guarded', 'nobody')]).toEqual([401, 401, 401])
    expect([await ask('GET', 'zones', 'fleet'), await ask('PUT', 'zones/test-guarded', 'fleet'), await ask('DELETE', 'zones/test-guarded', 'fleet')]).toEqual([200, 403, 403])
    expect(await ask('PUT', 'zones/test-guarded', 'dispatch')).toBe(204)
    await vi.waitFor(async () => expect((await reference.entries('zones')).has('test-guarded')).toBe(true), { timeout: 60_000 })
    expect(await ask('DELETE', 'zones/test-guarded', 'dispatch')).toBe(204)
    await stop(1000)
    await access.stop(0)
    await rm(folder, { recursive: true })
  }, 120_000)
})
