/**
 * The batcher with real engines behind a proxy that misbehaves: whatever happens, every document is in the
 * index once, or refused once.
 */
import { randomUUID } from 'node:crypto'
import { logger } from '@weir/service'
import { type Batcher, deliver, Holds, type Settlement } from '@weir/sinks'
import { type FaultyProxy, faultyProxy } from '@weir/sinks/conformance/faulty-proxy.ts'
import { servers } from '@weir/testkit'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { SearchEngine } from '../engines/engine.ts'
import { drivers, ENGINES } from '../engines/open.ts'
import { openBatcher } from '../testing/batcher.ts'
import { actionOf, type Lines } from './bulk.ts'
import { indexTemplate } from './template.ts'

const NEVER = new AbortController().signal
const ANYBODY = { username: undefined, password: undefined, ca: undefined }
const eventually = (check: () => void | Promise<void>): Promise<void> =>
  vi.waitFor(check, { timeout: 20_000 })

describe.each(ENGINES)('with %s', (name) => {
  let direct: SearchEngine
  let engine: SearchEngine
  let proxy: FaultyProxy
  let prefix: string
  let url: string
  let batcher: Batcher<Lines>
  const holds = new Holds({ sink: 'batcher', unit: 'document', log: logger('test') })

  beforeEach(async () => {
    url = (await servers.search(name)).url
    proxy = await faultyProxy(url, { isWrite: (path) => path.startsWith('/_bulk') })
    direct = drivers[name]({ ...ANYBODY, urls: [url] })
    prefix = `batcher-${randomUUID()}`
  })
  afterEach(async () => {
    batcher.stop()
    await Promise.all([direct.close(), engine.close(), proxy.close()])
  })

  function open({
    bulkTimeoutMs = 30_000,
    ...settings
  }: {
    maxItems?: number
    maxBytes?: number
    bulkTimeoutMs?: number
  } = {}): void {
    engine = drivers[name]({ ...ANYBODY, urls: [proxy.url], bulkTimeoutMs })
    const prepare = () =>
      engine.putTemplate(indexTemplate({ prefix, properties: { n: { type: 'integer' } } } as never, 0))
    batcher = openBatcher(engine, prepare, settings)
  }

  /** Adds documents `from` to `to` as one batch and waits for its settlement. */
  function send(
    from: number,
    to: number,
    { index = `${prefix}-a`, signal = NEVER, idOf = (n: number) => `n-${n}`, padding = '' } = {},
  ): Promise<Settlement> {
    const add = (i: number, owner: Settlement): void =>
      batcher.add(
        {
          action: actionOf(index),
          id: JSON.stringify(idOf(from + i)),
          document: JSON.stringify({ n: from + i, padding }),
        },
        owner,
        i,
      )
    return deliver({ length: to - from, partition: from }, signal, { batcher, holds, add })
  }

  /** Sets the block that the engines set themselves when a disk is full. */
  async function setBlock(index: string, value: true | null): Promise<void> {
    const body = JSON.stringify({ 'index.blocks.read_only_allow_delete': value })
    const headers = { 'content-type': 'application/json' }
    const reply = await fetch(`${url}/${index}/_settings`, { method: 'PUT', headers, body })
    expect(reply.status).toBe(200)
  }

  const count = async (): Promise<number> => {
    await direct.refresh(`${prefix}-*`)
    return direct.count(`${prefix}-*`)
  }

  test('batches of several partitions share requests, and each gets its own result', async () => {
    open({ maxItems: 1000 })
    const settled = await Promise.all([
      send(0, 300),
      send(300, 900),
      send(900, 1000),
      send(250, 350, { index: `${prefix}-b` }),
      send(0, 100),
    ])
    expect(settled.map(({ created, duplicates }) => created + duplicates)).toEqual([300, 600, 100, 100, 100])
    // The first and the last batch have a hundred documents in common; either may come first.
    expect(settled[0].duplicates + settled[4].duplicates).toBe(100)
    expect(settled.slice(1, 4).map(({ duplicates }) => duplicates)).toEqual([0, 0, 0])
    expect(await count()).toBe(1100)
    expect(proxy.writes.length).toBeLessThanOrEqual(3)
  })

  test('a full queue makes its writers wait', async () => {
    open({ maxItems: 10 })
    proxy.fault = (path) => (path.startsWith('/_bulk') ? 429 : 'pass')
    const sending = send(0, 500)
    await eventually(() => expect(batcher.full).toBe(true))
    const before = proxy.writes.length
    expect(before).toBeLessThanOrEqual(8)
    proxy.fault = () => 'pass'
    expect((await sending).created).toBe(500)
    expect(await count()).toBe(500)
  })

  test('refused requests are repeated byte for byte, fewer at once, and later more again', async () => {
    open({ maxItems: 20 })
    let refusals = 4
    proxy.fault = (path) => (path.startsWith('/_bulk') && refusals-- > 0 ? 429 : 'pass')
    const sending = send(0, 1000)
    await eventually(() => expect(batcher.limit.value).toBe(1))
    expect((await sending).created).toBe(1000)
    expect(batcher.limit.value).toBe(4)
    expect(new Set(proxy.writes.map(String)).size).toBe(50)
    expect(proxy.writes.length).toBe(54)
    expect(await count()).toBe(1000)
  })

  test('a blocked index does not delay others, however many documents wait and however busy the engine is', async () => {
    open({ maxItems: 10 })
    await send(0, 1, { index: `${prefix}-blocked` })
    await setBlock(`${prefix}-blocked`, true)
    const waiting = Array.from({ length: 8 }, (_, i) =>
      send(1 + i * 30, 31 + i * 30, { index: `${prefix}-blocked` }),
    )
    const reason = `240 documents wait because of ${prefix}-blocked (cluster_block_exception): `
    await eventually(() => expect(holds.reason).toContain(reason))
    let refusals = 3
    proxy.fault = (path) => (path.startsWith('/_bulk') && refusals-- > 0 ? 429 : 'pass')
    expect((await send(500, 900, { index: `${prefix}-open` })).created).toBe(400)
    expect(holds.reason).toContain('240 documents wait')
    await setBlock(`${prefix}-blocked`, null)
    for (const settled of await Promise.all(waiting)) expect(settled).toMatchObject({ created: 30, dead: [] })
    expect(holds.reason).toBeUndefined()
    expect(await count()).toBe(641)
  })

  test.each(['cut', 'hang'] as const)(
    'a request with a lost reply (%s) is sent again, and duplicates nothing',
    async (fault) => {
      open({ maxItems: 50, bulkTimeoutMs: 2000 })
      let faults = 3
      proxy.fault = (path) => (path.startsWith('/_bulk') && faults-- > 0 ? fault : 'pass')
      const { created, duplicates, dead } = await send(0, 400)
      expect([created + duplicates, dead.length]).toEqual([400, 0])
      expect(duplicates).toBeGreaterThanOrEqual(50)
      expect(await count()).toBe(400)
    },
  )

  test('an unreachable engine is awaited, gets its template again, and loses nothing', async () => {
    const templates: number[] = []
    let away = true
    proxy.fault = (path) => {
      if (away) return 'refuse'
      if (path.startsWith('/_index_template')) templates.push(1)
      return 'pass'
    }
    open({ maxItems: 50 })
    const sending = send(0, 300)
    expect(batcher.ready).not.toBe(true)
    away = false
    await eventually(() => expect(batcher.ready).toBe(true))
    await sending
    away = true
    const next = send(300, 600)
    await eventually(() =>
      expect(batcher.ready).toBe('unreachable: check that the engine runs at SEARCH_URL'),
    )
    away = false
    expect((await next).created).toBe(300)
    expect(templates.length).toBeGreaterThanOrEqual(2)
    expect(await count()).toBe(600)
  })

  test.each([500, 502, 503, 404, 401])('a request is repeated after the status %i', async (status) => {
    open()
    let faults = 2
    proxy.fault = (path) => (path.startsWith('/_bulk') && faults-- > 0 ? status : 'pass')
    expect((await send(0, 10)).created).toBe(10)
  })

  test('kept connections that answer with errors are replaced', async () => {
    open()
    const kept = new Set<number>()
    proxy.fault = (_path, _body, _headers, port) => {
      kept.add(port)
      return 'pass'
    }
    expect((await send(0, 10)).created).toBe(10)
    proxy.fault = (_path, _body, _headers, port) => (kept.has(port) ? 503 : 'pass')
    expect((await send(10, 20)).created).toBe(10)
    expect(await count()).toBe(20)
  })

  test('a request that is refused as a whole is halved until the poison document is alone', async () => {
    open()
    const { created, dead } = await send(0, 100, {
      idOf: (n) => (n === 37 || n === 99 ? 'x'.repeat(600) : `n-${n}`),
    })
    expect(created).toBe(98)
    expect(dead.map(({ record, cause }) => [record, cause.code]).sort()).toEqual([
      [37, 'rejected'],
      [99, 'rejected'],
    ])
    expect(await count()).toBe(98)
  })

  test('too large a request is halved, and too large a document is refused', async () => {
    open()
    proxy.fault = (_, body) => (body.length > 20_000 ? 413 : 'pass')
    const [small, large] = await Promise.all([
      send(0, 200, { padding: 'p'.repeat(400) }),
      send(200, 201, { padding: 'p'.repeat(30_000) }),
    ])
    expect(small.created).toBe(200)
    expect(large.dead).toMatchObject([{ record: 0, cause: { code: 'too-large' } }])
    expect(await count()).toBe(200)
  })

  test('a document larger than a request may be is sent alone', async () => {
    open({ maxBytes: 10_000 })
    expect(
      (await Promise.all([send(0, 5), send(5, 6, { padding: '漢'.repeat(20_000) }), send(6, 10)])).map(
        ({ created }) => created,
      ),
    ).toEqual([5, 1, 4])
    expect(await count()).toBe(10)
  })

  test('a held batch whose partition is lost stops waiting, and is no longer reported', async () => {
    open()
    const lost = new AbortController()
    await send(0, 1)
    await setBlock(`${prefix}-a`, true)
    const taken = expect(send(1, 11, { signal: lost.signal })).rejects.toThrow()
    await eventually(() => expect(holds.reason).toContain('10 documents wait'))
    lost.abort(new Error('partition lost'))
    await taken
    expect(holds.reason).toBeUndefined()
  })

  test('a batch whose partition is revoked stops waiting, is not sent again, and is not reported as held', async () => {
    open()
    const lost = new AbortController()
    proxy.fault = (path) => (path.startsWith('/_bulk') ? 401 : 'pass')
    const taken = expect(send(0, 10, { signal: lost.signal })).rejects.toThrow('partition lost')
    await eventually(() => expect(batcher.ready).toMatch(/^refused: /))
    lost.abort(new Error('partition lost'))
    await taken
    // No request waits for the engine any longer, so it counts as ready.
    await eventually(() => expect(batcher.ready).toBe(true))
    const before = proxy.writes.length
    const kept = send(10, 20)
    await eventually(() => expect(proxy.writes.length).toBeGreaterThan(before))
    proxy.fault = () => 'pass'
    expect((await kept).created).toBe(10)
    expect(await count()).toBe(10)
  })
})
