/** Search indices as the destination of a sink under test. */
import { randomUUID } from 'node:crypto'
import { logger, type Resource } from '@weir/service'
import { faultyProxy } from '@weir/sinks/conformance/faulty-proxy.ts'
import { DEAD_LETTERS, type Pipeline, TOPIC } from '@weir/sinks/conformance/pipeline.ts'
import { PAUSE_MS, type SinkUnderTest } from '@weir/sinks/conformance/suite.ts'
import type { SinkDefinition } from '@weir/solutions/solution.ts'
import { taxiIndex } from '@weir/solutions/taxi-telemetry/index-definition.ts'
import { servers } from '@weir/testkit'
import type { SearchEngine } from '../engines/engine.ts'
import { openEngine } from '../engines/open.ts'
import { indexSuffix } from '../indices/rotation.ts'
import { indexPattern } from '../indices/template.ts'
import { openSinks, type Sinks } from '../sinks.ts'

const log = logger('indexer-test')

/** A sink over TOPIC into indices of its own. */
export const definitionOf = (name: string): SinkDefinition => ({
  name,
  source: TOPIC,
  deadLetter: DEAD_LETTERS,
  to: { index: { ...taxiIndex, prefix: name } },
})

export const newName = (): string => `test-${randomUUID()}`

export function openIndexSinks(
  name: string,
  { kafka, codec }: Pipeline,
  engine: SearchEngine,
): Promise<Resource<Sinks>> {
  return openSinks([definitionOf(name)], { kafka, codec, engine, replicas: 0, log, pauseMs: PAUSE_MS })
}

/** The number of documents of that source in all indices of the sink. */
export async function indexed(engine: SearchEngine, name: string, source: string): Promise<number> {
  const pattern = indexPattern({ prefix: name })
  await engine.refresh(pattern)
  return engine.count(pattern, { term: { source } })
}

export interface IndicesUnderTest extends SinkUnderTest {
  /** The engine without the proxy. */
  readonly direct: SearchEngine
  /** The engine behind the proxy. */
  readonly engine: SearchEngine
  /** Calls the engine's API. */
  call(method: string, path: string, body?: object): Promise<void>
}

export async function openIndicesUnderTest(name: SearchEngine['name']): Promise<IndicesUnderTest> {
  const { url } = await servers.search(name)
  const proxy = await faultyProxy(url, { isWrite: (path) => path.startsWith('/_bulk') })
  const options = {
    engine: name,
    username: undefined,
    password: undefined,
    ca: undefined,
    bulkTimeoutMs: 2000,
  }
  const behind = openEngine({ ...options, urls: [proxy.url] })
  const direct = openEngine({ ...options, urls: [url] })

  async function call(method: string, path: string, body?: object): Promise<void> {
    const headers = { 'content-type': 'application/json' }
    const reply = await fetch(`${url}/${path}`, { method, headers, body: body && JSON.stringify(body) })
    if (!reply.ok) throw new Error(`${method} ${path}: ${await reply.text()}`)
  }

  return {
    service: 'indexer',
    proxy,
    direct: direct.value,
    engine: behind.value,
    call,
    unfit: { position: { lat: 123, lon: 0 } },
    open: (sink, pipeline) => openIndexSinks(sink, pipeline, behind.value),
    count: (sink, source) => indexed(direct.value, sink, source),
    async doubled(sink) {
      const { hits } = await direct.value.search(indexPattern({ prefix: sink }), {
        size: 10_000,
        version: true,
        _source: false,
      })
      return hits.hits.filter(({ _version }) => _version !== 1).length
    },
    async block(sink, day) {
      const index = `${sink}-${indexSuffix(taxiIndex.rotation, day)}`
      await call('PUT', index, { settings: { 'index.blocks.write': true } })
      return () => call('PUT', `${index}/_settings`, { 'index.blocks.write': null })
    },
    async close() {
      await behind.stop(1000)
      await direct.stop(1000)
      await proxy.close()
    },
  }
}
