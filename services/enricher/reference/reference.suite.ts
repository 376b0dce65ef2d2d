/** Reference tables in memory, in Redis and over HTTP. enricher.it.test.ts runs it beside its flow. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256 } from '@weir/config'
import { encodeValue, writeRecord } from '@weir/kafka'
import { openAccess, openHttp } from '@weir/service'
import { solutions } from '@weir/solutions'
import { areas } from '@weir/solutions/location-offers/areas.ts'
import { describe, expect, test, vi } from 'vitest'
import { byId, log, openEnricherTests, soon } from '../testing/enricher.ts'
import { openReference } from './reference.ts'
import { referenceRoutes } from './routes.ts'

const { kafka, codec, producer, reference, redis, enriched, send, encode } = await openEnricherTests()

async function inRedis(table: string): Promise<Record<string, unknown>> {
  const entries = Object.entries(await redis.hgetall(`weir:reference:{${table}}:entries`))
  return Object.fromEntries(entries.map(([id, json]) => [id, JSON.parse(json)]))
}

describe('reference tables', () => {
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
      message:
        'There is no reference table "zone"; choose one of areas, cargo-classes, price-rails, sneaker-trends, truck-faults, zones.',
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
