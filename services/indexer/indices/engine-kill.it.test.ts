/**
 * Sends kill -9 to a search engine of this test's own, under load: documents that it acknowledged are there
 * afterwards, and the others are sent again.
 */
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { openPipeline } from '@weir/sinks/conformance/pipeline.ts'
import { tieProcess } from '@weir/stack/lifeline.ts'
import { freePorts } from '@weir/stack/ports.ts'
import { opensearch } from '@weir/stack/servers/opensearch.ts'
import { temporaryFolder } from '@weir/stack/shared-servers.ts'
import { expect, test, vi } from 'vitest'
import { openEngine } from '../engines/open.ts'
import { indexed, newName, openIndexSinks } from '../testing/indices.ts'

test('killing the engine during bulk requests and starting it again loses and duplicates nothing', {
  timeout: 400_000,
}, async () => {
  const source = `kill-${randomUUID()}`
  const folder = temporaryFolder()
  const [port] = (await freePorts(1)) as [number]
  const start = async () => {
    const server = await opensearch.start({
      data: join(folder, 'opensearch'),
      log: join(folder, 'opensearch.log'),
      port,
    })
    tieProcess(server.pid)
    return server
  }
  const pipeline = await openPipeline(source)
  const engine = openEngine({
    engine: 'opensearch',
    urls: [`http://127.0.0.1:${port}`],
    username: undefined,
    password: undefined,
    ca: undefined,
  })
  const name = newName()
  await pipeline.beginAt(`indexer.${name}`, await pipeline.end())

  // The sink starts before its engine, and does not fail because of it.
  const sinks = await openIndexSinks(name, pipeline, engine.value)
  expect(sinks.value.ready.search()).not.toBe(true)
  let server = await start()
  let sent = 0
  const send = async (count: number): Promise<void> => {
    await pipeline.send(
      Array.from({ length: count }, (_, i) => ({
        id: `${source}-${sent + i}`,
        key: `taxi-${i % 50}`,
        value: pipeline.encode({ deviceId: `taxi-${i % 50}` }),
      })),
    )
    sent += count
  }
  try {
    await server.ready
    await vi.waitFor(() => expect(sinks.value.ready.search()).toBe(true), { timeout: 20_000 })
    const sending = (async () => {
      for (let i = 0; i < 40; i++) await send(500)
    })()
    await vi.waitFor(async () => expect(await indexed(engine.value, name, source)).toBeGreaterThan(0), {
      timeout: 60_000,
    })
    server.kill('SIGKILL')
    await server.exited
    await sending
    await vi.waitFor(() => expect(sinks.value.ready.search()).toMatch(/^unreachable: /), {
      timeout: 20_000,
    })
    server = await start()
    await server.ready
    await vi.waitFor(async () => expect(await indexed(engine.value, name, source)).toBe(sent), {
      timeout: 120_000,
      interval: 500,
    })
    const { hits } = await engine.value.search(`${name}-*`, {
      size: 10_000,
      version: true,
      _source: false,
      query: { term: { source } },
    })
    expect(hits.hits.every(({ _version }) => _version === 1)).toBe(true)
  } finally {
    await sinks.stop(1000)
    await engine.stop(1000)
    await pipeline.stop()
    await server.stop(1000)
    rmSync(folder, { recursive: true, force: true })
  }
})
