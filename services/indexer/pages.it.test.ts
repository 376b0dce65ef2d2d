import { get } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { Snapshot } from '@weir/pages'
import { type Access, ALL_DEVICE_RIGHTS, type DeviceClient } from '@weir/service'
import { solution as taxiTelemetry } from '@weir/solutions/taxi-telemetry/solution.ts'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { openPageKeys, type PageKeys } from './testing/page-keys.ts'
import { openPageServer, type PageServer } from './testing/page-server.ts'

/** Reads a live stream's snapshots until `enough` of them have arrived or the stream has ended. */
async function watch(url: string, enough: number): Promise<{ snapshots: Snapshot[]; times: number[] }> {
  const response = await fetch(`${url}live`)
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const snapshots: Snapshot[] = []
  const times: number[] = []
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const events = text.split('\n\n')
    text = events.pop()!
    for (const event of events) {
      if (!event.startsWith('event: snapshot\ndata: ')) continue
      snapshots.push(JSON.parse(event.slice('event: snapshot\ndata: '.length)))
      times.push(Date.now())
    }
    if (snapshots.length >= enough) break
  }
  return { snapshots, times }
}

/** `fetch` adds Cache-Control: no-cache to conditional requests, so they are made by hand. */
const statusIfChanged = (url: string, etag: string): Promise<number | undefined> =>
  new Promise((resolve, reject) =>
    get(url, { headers: { 'if-none-match': etag } }, (answer) => resolve(answer.resume().statusCode)).on(
      'error',
      reject,
    ),
  )

const snapshotOf = async (url: string): Promise<Snapshot> =>
  (await (await fetch(`${url}snapshot`)).json()) as Snapshot

async function eventually<T>(look: () => Promise<T>, right: (seen: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const seen = await look()
    if (right(seen) || tries > 40) return seen
    await pause(250)
  }
}

describe('a page of a real engine and broker', () => {
  let server: PageServer
  beforeAll(async () => {
    server = await openPageServer(taxiTelemetry, { engine: 'opensearch', maxViewers: 3 })
  })
  afterAll(() => server.stop())

  test('serves its files with a strict policy and revalidation, and does not serve other files beside them', async () => {
    const index = await fetch(server.url)
    expect(index.status).toBe(200)
    expect(index.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self';/,
    )
    expect(index.headers.get('cache-control')).toBe('no-cache')
    expect(await statusIfChanged(server.url, index.headers.get('etag')!)).toBe(304)
    for (const path of ['main.ts', '../snapshot.ts', '%2e%2e/solution.ts', '.env'])
      expect((await fetch(server.url + path)).status).toBe(404)
  })

  test('serves libraries compressed, and not again if the ETag matches', async () => {
    const library = await fetch(`${server.url}echarts.js`)
    expect(library.headers.get('content-encoding')).toBe('gzip')
    expect(library.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(await library.text()).toContain('echarts')
    expect(await statusIfChanged(`${server.url}echarts.js`, library.headers.get('etag')!)).toBe(304)
  })

  test('sends one snapshot a second, the same to all viewers', async () => {
    const [first, second] = await Promise.all([watch(server.url, 4), watch(server.url, 4)])
    const shared = first.snapshots.filter(({ time }) => second.snapshots.some((other) => other.time === time))
    expect(shared.length).toBeGreaterThanOrEqual(3)
    for (let i = 1; i < first.times.length; i++)
      expect(first.times[i] - first.times[i - 1]).toBeGreaterThan(500)
    expect(first.times[3] - first.times[0]).toBeLessThan(5000)
  })

  test('asks one viewer too many to come back, and admits it when another has left', async () => {
    const leaving = new AbortController()
    await Promise.all([1, 2, 3].map(() => fetch(`${server.url}live`, { signal: leaving.signal })))
    const refused = await fetch(`${server.url}live`)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
    expect((await fetch(`${server.url}live`, { method: 'HEAD' })).status).toBe(404)
    leaving.abort()
    const admitted = await eventually(
      () => fetch(`${server.url}live`),
      ({ status }) => status === 200,
    )
    expect(admitted.status).toBe(200)
    await admitted.body!.cancel()
  })

  test('sums stages over their instances, with their history, and shows the lag of a group that does not report', async () => {
    const stats = {
      stage: 'ingest-hub.page-test',
      time: Date.now(),
      intervalMs: 1000,
      records: 40,
      failed: 0,
      lag: 0,
      p50: 2,
      p99: 8,
    }
    const seen = await eventually(
      async () => {
        await Promise.all(['a', 'b'].map((instance) => server.putStats({ ...stats, instance })))
        return (await snapshotOf(server.url)).stages
      },
      (stages) => stages.some(({ stage, history }) => stage === stats.stage && history.records.at(-1) === 80),
    )
    expect(seen.find(({ stage }) => stage === stats.stage)).toMatchObject({
      instances: 2,
      records: 80,
      p50: 2,
      p99: 8,
    })
    expect(seen.map(({ stage }) => stage)).toEqual(expect.arrayContaining(['enricher.taxi', 'indexer.taxi']))
  })

  test('follows the topic of a reference table: entries and tombstones', async () => {
    const id = `page-test-${Date.now()}`
    const entries = async () =>
      ((await (await fetch(`${server.url}tables/zones`)).json()) as { entries: Record<string, unknown> })
        .entries
    await server.putReference('zones', id, {
      name: 'Here',
      polygon: [
        [0, 0],
        [0, 1],
        [1, 1],
      ],
    })
    expect((await eventually(entries, (seen) => id in seen))[id]).toEqual({
      name: 'Here',
      polygon: [
        [0, 0],
        [0, 1],
        [1, 1],
      ],
    })
    await server.putReference('zones', id, null)
    expect(await eventually(entries, (seen) => !(id in seen))).not.toHaveProperty(id)
    expect((await fetch(`${server.url}tables/secrets`)).status).toBe(404)
  })
})

test('without a search engine the page shows the trouble, and its stages', async () => {
  const server = await openPageServer(taxiTelemetry, {
    engine: 'opensearch',
    engineUrl: 'http://127.0.0.1:9',
  })
  const { data, trouble, stages } = await snapshotOf(server.url)
  expect(data).toBeNull()
  expect(trouble).toMatch(/^The search engine does not answer\./)
  expect(stages.map(({ stage }) => stage)).toEqual(expect.arrayContaining(['enricher.taxi', 'indexer.taxi']))
  await server.stop()
})

test('a stop ends the streams at once', async () => {
  const server = await openPageServer(taxiTelemetry, { engine: 'opensearch' })
  const watching = watch(server.url, 1000)
  await pause(1500)
  const began = Date.now()
  await server.stop()
  expect((await watching).snapshots.length).toBeGreaterThan(0)
  expect(Date.now() - began).toBeLessThan(2000)
})

describe('viewers with keys', () => {
  let server: PageServer
  let keys: PageKeys
  const ask = (path: string, key: string, signal?: AbortSignal) =>
    fetch(server.url + path, { headers: { authorization: `Bearer ${key}` }, signal })
  /** Opens a stream; `text()` returns its text so far. */
  const open = async (name: string): Promise<{ status: number; text(): string; ended: Promise<void> }> => {
    const response = await ask('live', name, leaving.signal)
    let text = ''
    const ended = (async () => {
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) text += chunk
    })().catch(() => {})
    return { status: response.status, text: () => text, ended }
  }
  let leaving: AbortController

  beforeAll(async () => {
    keys = await openPageKeys('desk', 'depot')
    server = await openPageServer(taxiTelemetry, {
      engine: 'opensearch',
      access: keys.access,
      maxViewers: 4,
    })
  })
  beforeEach(async () => {
    leaving = new AbortController()
    await keys.allow('desk', 'depot')
  })
  afterEach(() => leaving.abort())
  afterAll(async () => {
    await server.stop()
    await keys.stop()
  })

  test('get the end of their streams with a reason when their key is removed, and others continue', async () => {
    const [desk, depot] = await Promise.all([open('desk'), open('depot')])
    await eventually(
      async () => desk.text(),
      (text) => text.includes('event: snapshot'),
    )
    await keys.allow('depot')
    await desk.ended
    const reason = '{"code":"unauthorized","message":"The API key is no longer valid."}'
    expect(desk.text().endsWith(`\nevent: end\ndata: ${reason}\n\n`)).toBe(true)
    const session = await ask('session', 'desk')
    expect([session.status, session.headers.get('www-authenticate')]).toEqual([401, null])
    expect((await ask('session', 'depot')).status).toBe(204)
    const before = depot.text().length
    await eventually(
      async () => depot.text().length,
      (length) => length > before,
    )
    expect(depot.text().length).toBeGreaterThan(before)
    expect(depot.text()).not.toContain('event: end')
  })

  test('yield up to half of the places to a later client if they have taken all', async () => {
    const desk = [await open('desk'), await open('desk'), await open('desk'), await open('desk')]
    expect((await ask('live', 'desk')).status).toBe(503)
    const depot = [await open('depot'), await open('depot')]
    expect(depot.map(({ status }) => status)).toEqual([200, 200])
    expect((await ask('live', 'depot')).status).toBe(503)
    await Promise.all([desk[3].ended, desk[2].ended])
    for (const { text } of desk.slice(2))
      expect(text()).toMatch(/\nevent: end\ndata: \{"code":"too-many-viewers",/)
    await eventually(
      async () => desk[0].text(),
      (text) => text.includes('event: snapshot'),
    )
    for (const { text } of [...desk.slice(0, 2), ...depot]) expect(text()).not.toContain('event: end')
  })
})

test('a server with keys asks a browser for one, and serves no part of the page without it', async () => {
  const clients: Readonly<Record<string, DeviceClient>> = {
    right: {
      name: 'dispatch',
      mayWrite: () => false,
      mayRead: (topic) => topic === 'taxi.enriched',
      ...ALL_DEVICE_RIGHTS,
    },
    other: { name: 'other', mayWrite: () => true, mayRead: () => false, ...ALL_DEVICE_RIGHTS },
  }
  const access: Access = {
    client: (key = '') => clients[key],
    certified: () => undefined,
    version: 0,
  }
  const server = await openPageServer(taxiTelemetry, { engine: 'opensearch', access })
  onTestFinished(() => server.stop())
  const basic = (password: string): string => `Basic ${Buffer.from(`anybody:${password}`).toString('base64')}`
  for (const url of [server.url, `${server.url}snapshot`, `${server.url}live`, `${server.url}tables/zones`]) {
    for (const authorization of [undefined, basic('wrong'), 'Basic right', 'Bearer wrong']) {
      const answer = await fetch(url, {
        headers: { ...(authorization && { authorization }) },
        redirect: 'manual',
      })
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
        401,
        'Basic realm="Weir", charset="UTF-8"',
      ])
      await answer.body?.cancel()
    }
  }
  for (const url of [server.url, `${server.url}snapshot`, `${server.url}live`, `${server.url}tables/zones`]) {
    expect((await fetch(url, { headers: { authorization: 'Bearer other' } })).status).toBe(403)
  }
  for (const authorization of [basic('right'), 'Bearer right'])
    expect((await fetch(server.url, { headers: { authorization } })).status).toBe(200)
  expect((await fetch(new URL('/livez', server.url))).status).toBe(200)
}, 60_000)
