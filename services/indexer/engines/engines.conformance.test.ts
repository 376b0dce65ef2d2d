/** The requirements for every search engine driver, tested against the real servers. */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { faultyProxy } from '@weir/sinks/conformance/faulty-proxy.ts'
import { servers } from '@weir/testkit'
import { makeCertificates } from '@weir/testkit/certificates.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { actionOf, replacementOf } from '../indices/bulk.ts'
import { indexTemplate } from '../indices/template.ts'
import { openEngine, PROPERTIES, report } from '../testing/reports.ts'
import type { EngineOptions, SearchEngine } from './engine.ts'
import { drivers, ENGINES } from './open.ts'
import { verdictOf } from './verdicts.ts'

const isWrite = (path: string): boolean => path.startsWith('/_bulk')

interface Line {
  readonly id: string
  readonly document: unknown
}

const bodyOf = (index: string, lines: readonly Line[]): Buffer =>
  Buffer.from(
    lines
      .map(
        ({ id, document }) =>
          `${actionOf(index)}${JSON.stringify(id)}}}\n${typeof document === 'string' ? document : JSON.stringify(document)}\n`,
      )
      .join(''),
  )

describe.each(ENGINES)('the driver of %s', (name) => {
  let engine: SearchEngine
  let prefix: string
  let index: string

  beforeAll(async () => {
    engine = await openEngine(name)
  })
  beforeEach(async () => {
    prefix = `conformance-${randomUUID()}`
    index = `${prefix}-2026.11.22`
    await engine.putTemplate(indexTemplate({ prefix, properties: PROPERTIES } as never, 0))
  })
  afterAll(() => engine?.close())

  const statuses = async (lines: readonly Line[]) =>
    (await engine.bulk(bodyOf(index, lines))).items.map(({ status }) => status)
  const count = async (query?: Record<string, unknown>) => {
    await engine.refresh(`${prefix}-*`)
    return engine.count(`${prefix}-*`, query)
  }

  test('reports its health', async () => {
    expect(await engine.health()).toMatchObject({ status: expect.stringMatching(/green|yellow/), nodes: 1 })
  })

  test('treats a pattern without an index as empty', async () => {
    expect((await engine.search(`${prefix}-*`, { query: { match_all: {} } })).hits.hits).toEqual([])
    expect(await engine.count(`${prefix}-*`)).toBe(0)
  })

  test('creates indices by rotation that follow the template', async () => {
    for (const day of ['2026.11.22', '2026.11.23']) {
      const { items } = await engine.bulk(
        bodyOf(`${prefix}-${day}`, [
          { id: `a-${day}`, document: { ...report(1), unnamed: 'kept' } },
          { id: `b-${day}`, document: report(400) },
        ]),
      )
      expect(items.map(({ status }) => status)).toEqual([201, 201])
    }
    const near = { geo_distance: { distance: '1km', position: { lat: 40.701, lon: -73.98 } } }
    expect(await count(near)).toBe(2)
    expect(await count({ range: { time: { lt: Date.UTC(2026, 10, 22) + 2000 } } })).toBe(2)
    expect(await count({ term: { device: 'taxi-400' } })).toBe(2)
    // A field that the template does not name is kept, but neither searched nor mapped.
    expect(await count({ match: { unnamed: 'kept' } })).toBe(0)
    const { hits, aggregations } = await engine.search(`${prefix}-*`, {
      query: near,
      aggs: {
        zones: { geotile_grid: { field: 'position', precision: 10 } },
        speeds: { histogram: { field: 'speed', interval: 10 } },
      },
    })
    expect(hits.hits[0]._source).toMatchObject({ unnamed: 'kept' })
    expect(aggregations?.speeds.buckets).toMatchObject([{ key: 30, doc_count: 2 }])
  })

  test('replaces a template that is put again', async () => {
    await engine.putTemplate(
      indexTemplate({ prefix, properties: { ...PROPERTIES, zone: { type: 'keyword' } } } as never, 0),
    )
    await statuses([{ id: '1', document: { ...report(1), zone: 'midtown' } }])
    expect(await count({ term: { zone: 'midtown' } })).toBe(1)
  })

  test('reports a redelivered document as a duplicate, and keeps the first one', async () => {
    const lines = Array.from({ length: 50 }, (_, i) => ({ id: `r-${i}`, document: report(i) }))
    expect(await statuses(lines)).toEqual(lines.map(() => 201))
    const retried = lines.map(({ id }) => ({ id, document: report(999) }))
    expect((await engine.bulk(bodyOf(index, retried))).items.map(verdictOf)).toEqual(
      lines.map(() => 'duplicate'),
    )
    expect(await count()).toBe(50)
    const { hits } = await engine.search(`${prefix}-*`, { size: 50, version: true, query: { match_all: {} } })
    expect(hits.hits.every((hit) => hit._version === 1 && hit._source.device !== 'taxi-999')).toBe(true)
  })

  test('keeps the document with the highest revision, in whatever order they come', async () => {
    const send = async (...revisions: readonly number[]) => {
      const lines = revisions.map(
        (revision) => `${replacementOf(index, revision)}"minute"}}\n${JSON.stringify(report(revision))}\n`,
      )
      return (await engine.bulk(Buffer.from(lines.join('')))).items.map(verdictOf)
    }
    expect(await send(2, 1)).toEqual(['created', 'duplicate'])
    expect(await send(1, 3, 3, 2)).toEqual(['duplicate', 'created', 'duplicate', 'duplicate'])
    expect(await count()).toBe(1)
    const { hits } = await engine.search(`${prefix}-*`, { size: 1, version: true, query: { match_all: {} } })
    expect(hits.hits).toMatchObject([{ _id: 'minute', _version: 3, _source: report(3) }])
  })

  test('gives each poison document its verdict, and indexes the neighbours', async () => {
    const good = { id: '', document: report(7) }
    const poison: readonly unknown[] = [
      { ...report(1), position: { lat: 91, lon: 0 } },
      { ...report(1), position: 'nowhere' },
      { ...report(1), time: 'yesterday' },
      { ...report(1), speed: 'fast' },
      { ...report(1), speed: { much: 1 } },
      { ...report(1), device: { nested: true } },
      { ...report(1), device: 'x'.repeat(33_000) },
      '{"device":"taxi-1"',
      'no json at all',
      '[1,2,3]',
    ]
    const lines = poison.flatMap((document, i) => [
      { id: `bad-${i}`, document },
      { ...good, id: `good-${i}` },
    ])
    const { items } = await engine.bulk(bodyOf(index, lines))
    expect(items.map(verdictOf)).toEqual(poison.flatMap(() => ['refused', 'created']))
    for (let i = 0; i < items.length; i += 2)
      expect(items[i].error).toMatchObject({ type: expect.any(String), reason: expect.any(String) })
    expect(await count()).toBe(poison.length)
  })

  // The outcome of these two depends on the engine (one keeps a field of 5,000 levels that it does not index,
  // one refuses it).
  test.each([
    ['deep nesting', `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`],
    ['half a surrogate pair', '{"device":"\\ud800"}'],
  ])('indexes the neighbours of %s', async (_, document) => {
    const lines = [
      { id: '1', document: report(1) },
      { id: '2', document },
      { id: '3', document: report(3) },
    ]
    const { items } = await engine.bulk(bodyOf(index, lines))
    const [before, poison, after] = items.map(verdictOf)
    expect([before, after]).toEqual(['created', 'created'])
    expect(['created', 'refused']).toContain(poison)
    expect(await count({ exists: { field: 'time' } })).toBe(2)
  })

  test('keeps strange but valid documents unchanged', async () => {
    const documents = [
      { ...report(1), note: 'line\nbreak\r\n and \u2028 and \u0000 and "quotes" \\ ' },
      { ...report(2), note: '😀 ñ 漢字 \u200f' },
      { ...report(3), note: '{"create":{}}\n' },
      { ...report(4), __proto__x: 1, constructor: 'x' },
      { device: null },
      {},
      { ...report(5), long: 'y'.repeat(1_000_000) },
    ]
    const lines = documents.map((document, i) => ({ id: `s-${i}`, document }))
    expect(await statuses(lines)).toEqual(lines.map(() => 201))
    await engine.refresh(`${prefix}-*`)
    const { hits } = await engine.search(`${prefix}-*`, { size: 10, query: { match_all: {} } })
    for (const { _id, _source } of hits.hits) expect(_source).toEqual(documents[Number(_id.slice(2))])
  })

  test('keeps ids with strange characters apart', async () => {
    const ids = [
      'a b',
      'a/b',
      'a%2Fb',
      '"q"',
      "it's",
      'new\nline',
      '😀',
      '_under',
      '..',
      '*',
      'ü',
      'u\u0308',
      'A',
      'a',
      '-1',
      'x'.repeat(512),
      '\u0001',
      'a\\b',
      '漢'.repeat(170),
    ]
    expect(await statuses(ids.map((id, i) => ({ id, document: report(i) })))).toEqual(ids.map(() => 201))
    await engine.refresh(`${prefix}-*`)
    const { hits } = await engine.search(`${prefix}-*`, { size: 100, query: { match_all: {} } })
    expect(hits.hits.map(({ _id }) => _id).sort()).toEqual([...ids].sort())
  })

  test('rejects a request for an id that is too long, and treats a wrong form as a fault of the engine', async () => {
    await expect(
      engine.bulk(
        bodyOf(index, [
          { id: 'x'.repeat(513), document: report(1) },
          { id: 'fine', document: report(2) },
        ]),
      ),
    ).rejects.toMatchObject({ code: 'rejected', kind: 'rejected' })
    await expect(engine.bulk(Buffer.from('nonsense\n'))).rejects.toMatchObject({
      code: 'unexpected',
      kind: 'unavailable',
    })
    expect(await count()).toBe(0)
  })

  test('indexes a large request', async () => {
    const lines = Array.from({ length: 1000 }, (_, i) => ({
      id: `l-${i}`,
      document: { ...report(i % 300), padding: 'p'.repeat(9000) },
    }))
    expect(new Set(await statuses(lines))).toEqual(new Set([201]))
    expect(await count()).toBe(1000)
  })

  test('reports an unreachable engine as a retriable error', async () => {
    const away = drivers[name]({
      urls: ['http://127.0.0.1:9'],
      username: undefined,
      password: undefined,
      ca: undefined,
    })
    const unreachable = { code: 'unreachable', kind: 'unavailable' }
    await expect(away.bulk(bodyOf(index, [{ id: '1', document: report(1) }]))).rejects.toMatchObject(
      unreachable,
    )
    await expect(away.health()).rejects.toMatchObject(unreachable)
    await expect(
      away.putTemplate(indexTemplate({ prefix, properties: {} } as never, 0)),
    ).rejects.toMatchObject(unreachable)
    await away.close()
  })
  test('reconnects past kept connections that fail, and lets their open requests end', async () => {
    const proxy = await faultyProxy((await servers.search(name)).url, { isWrite })
    const driver = drivers[name]({
      urls: [proxy.url],
      username: undefined,
      password: undefined,
      ca: undefined,
    })
    const kept = new Set<number>()
    proxy.fault = (_path, _body, _headers, port) => {
      kept.add(port)
      return 'pass'
    }
    await Promise.all([driver.health(), driver.health(), driver.health()])
    const underWay = driver.bulk(bodyOf(index, [{ id: '1', document: report(1) }]))
    await expect.poll(() => proxy.writes).toHaveLength(1)
    proxy.fault = (_path, _body, _headers, port) => (kept.has(port) ? 503 : 'pass')
    await expect(driver.health()).rejects.toMatchObject({ code: 'unavailable' })
    driver.reconnect()
    await expect(driver.bulk(bodyOf(index, [{ id: '2', document: report(2) }]))).resolves.toMatchObject({
      items: [{ status: 201 }],
    })
    await expect(underWay).resolves.toMatchObject({ items: [{ status: 201 }] })
    await driver.close()
    await proxy.close()
  })
  test('connects over TLS with a private authority and a password', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weir-certificates-'))
    const { ca, keyFile } = await makeCertificates(folder)
    const proxy = await faultyProxy((await servers.search(name)).url, { isWrite, pem: readFileSync(keyFile) })
    const expected = `Basic ${Buffer.from('indexer:sécret:').toString('base64')}`
    proxy.fault = (_path, _body, { authorization }) => (authorization === expected ? 'pass' : 401)
    const healthWith = async (options: Partial<EngineOptions>) => {
      const driver = drivers[name]({
        urls: [proxy.url],
        username: 'indexer',
        password: 'sécret:',
        ca,
        ...options,
      })
      return driver.health().finally(() => driver.close())
    }
    await expect(healthWith({})).resolves.toMatchObject({ nodes: 1 })
    await expect(healthWith({ password: 'guessed' })).rejects.toMatchObject({ code: 'refused' })
    await expect(healthWith({ username: undefined })).rejects.toMatchObject({ code: 'refused' })
    await expect(healthWith({ ca: undefined })).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('certificate'),
    })
    await proxy.close()
    rmSync(folder, { recursive: true })
  })
})
