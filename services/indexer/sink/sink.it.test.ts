/**
 * The whole sink: enriched records in real Kafka, documents in a real search engine, and a proxy between the
 * two that tests can make fail.
 */
import { randomUUID } from 'node:crypto'
import { storeUnreadable } from '@weir/kafka/conformance/unreadable.ts'
import { type Resource, stage } from '@weir/service'
import type { IndexDefinition } from '@weir/solutions/solution.ts'
import { servers } from '@weir/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { SearchEngine } from '../engines/engine.ts'
import { openEngine } from '../engines/open.ts'
import { type FaultyProxy, faultyProxy } from '../testing/faulty-proxy.ts'
import {
  indexed,
  log,
  openPipeline,
  ownDefinition,
  type Pipeline,
  type Sent,
  TOPIC,
} from '../testing/pipeline.ts'
import { sinkMetrics } from './metrics.ts'
import { openSinks, type Sinks } from './sinks.ts'

const source = `sink-${randomUUID()}`
const LONG = { timeout: 40_000, interval: 100 }
let pipeline: Pipeline
let proxy: FaultyProxy
/** `engine` is the one through which the sinks write, `direct` the one through which the tests look. */
let engine: Resource<SearchEngine>
let direct: Resource<SearchEngine>
const running: Resource<Sinks>[] = []

beforeAll(async () => {
  pipeline = await openPipeline(source)
  const { url } = await servers.search('opensearch')
  proxy = await faultyProxy(url)
  const options = {
    engine: 'opensearch',
    username: undefined,
    password: undefined,
    ca: undefined,
    bulkTimeoutMs: 5000,
  } as const
  engine = openEngine({ ...options, urls: [proxy.url] })
  direct = openEngine({ ...options, urls: [url] })
}, 120_000)
afterEach(async () => {
  proxy.fault = () => 'pass'
  for (const sinks of running.splice(0)) await sinks.stop(5000)
})
afterAll(async () => {
  await engine?.stop(1000)
  await direct?.stop(1000)
  await proxy?.close()
  await pipeline?.stop()
})

/** Runs a sink over records sent from now on, or from `begin` on. */
async function run(
  definition: IndexDefinition,
  begin?: Awaited<ReturnType<Pipeline['end']>>,
): Promise<Resource<Sinks>> {
  const { kafka, codec } = pipeline
  await pipeline.beginAt(definition, begin ?? (await pipeline.end()))
  const sinks = await openSinks([definition], {
    kafka,
    codec,
    engine: engine.value,
    replicas: 0,
    log,
    pauseMs: 1500,
  })
  running.push(sinks)
  return sinks
}

async function stop(sinks: Resource<Sinks>): Promise<void> {
  running.splice(running.indexOf(sinks), 1)
  await sinks.stop(5000)
}

let batches = 0
/** Creates records that no other test has. */
function records(count: number, changes = {}): Sent[] {
  const batch = batches++
  return Array.from({ length: count }, (_, i) => ({
    id: `${source}-${batch}-${i}`,
    key: `taxi-${i % 50}`,
    value: pipeline.encode({ deviceId: `taxi-${i % 50}`, speed: i, ...changes }),
  }))
}

const count = (definition: IndexDefinition) => indexed(direct.value, definition, source)
const fresh = async (definition: IndexDefinition, expected: number) => {
  await vi.waitFor(async () => expect(await count(definition)).toBeGreaterThanOrEqual(expected), LONG)
  expect(await count(definition)).toBe(expected)
}

describe('the sink', { timeout: 60_000 }, () => {
  test('indexes every record once, in the index of its event time, and reports what it did', async () => {
    const definition = ownDefinition()
    const sinks = await run(definition)
    await vi.waitFor(() => expect(sinks.value.ready.search()).toBe(true), LONG)
    const midnight = Date.UTC(2026, 10, 22)
    await pipeline.send([
      ...records(3000),
      ...records(10, { eventTime: midnight - 1 }),
      ...records(10, { eventTime: midnight }),
    ])
    await fresh(definition, 3020)
    expect(await direct.value.count(`${definition.prefix}-2026.11.21`)).toBe(10)
    expect(await direct.value.count(`${definition.prefix}-2026.11.22`)).toBeGreaterThanOrEqual(10)
    await vi.waitFor(
      () => expect(Object.values(sinks.value.ready).every((ready) => ready())).toBe(true),
      LONG,
    )
    const window = stage(`indexer.${definition.name}`).takeWindow()
    expect(window.records).toBe(3020)
    expect(window.failed).toBe(0)
    expect(window.p99).toBeGreaterThan(0)
  })

  test("a redelivery of everything and a client's retry change nothing", async () => {
    const definition = ownDefinition()
    const begin = await pipeline.end()
    const first = await run(definition, begin)
    const mine = records(1000)
    await pipeline.send(mine)
    await pipeline.send(mine)
    let seen = 0
    const all = () => expect((seen += stage(`indexer.${definition.name}`).takeWindow().records)).toBe(2000)
    await vi.waitFor(all, LONG)
    await fresh(definition, 1000)
    await stop(first)
    seen = 0
    await run(definition, begin)
    await vi.waitFor(all, LONG)
    expect(await count(definition)).toBe(1000)
    const { hits } = await direct.value.search(`${definition.prefix}-*`, {
      size: 1000,
      version: true,
      query: { term: { source } },
    })
    expect(hits.hits.length).toBe(1000)
    expect(hits.hits.every(({ _version }) => _version === 1)).toBe(true)
  })

  test('a record batch that nothing reads is buried with its offsets, and its neighbours are indexed', async () => {
    const definition = ownDefinition()
    await run(definition)
    await pipeline.send(records(5))
    const offset = await storeUnreadable((await servers.kafka()).brokers, TOPIC, 0, 4)
    await pipeline.send(records(5))
    await fresh(definition, 10)
    const cause = { flow: `indexer.${definition.name}`, step: 'read', code: 'unreadable' }
    const letter = expect.objectContaining({
      ...cause,
      topic: TOPIC,
      partition: 0,
      offset,
      lastOffset: offset + 3,
    })
    const letters = () => pipeline.deadLetters('unreadable')
    await vi.waitFor(async () => expect(await letters()).toContainEqual({ id: '', letter }), LONG)
  })

  test('poison records are buried with cause and origin, and their neighbours indexed', async () => {
    const definition = ownDefinition()
    await run(definition)
    const good = pipeline.encode()
    const wrongSchema = Buffer.from(good)
    wrongSchema.writeInt32BE(999_999, 1)
    const poison: Record<string, Buffer | null> = {
      garbage: Buffer.from('no Avro at all'),
      schema: wrongSchema,
      truncated: good.subarray(0, good.length - 3),
      empty: Buffer.alloc(0),
      tombstone: null,
      mapping: pipeline.encode({ position: { lat: 123, lon: 0 } }),
      time: pipeline.encode({ eventTime: -5 }),
      keyword: pipeline.encode({ tripId: 't'.repeat(33_000) }),
    }
    const [before, after] = [records(20), records(20)]
    const bad = Object.entries(poison).map(([name, value]) => ({
      id: `${source}-${definition.name}-${name}`,
      key: 'taxi-0',
      value,
    }))
    const longId = { id: `${source}-${'x'.repeat(600)}`, key: 'taxi-0', value: good }
    await pipeline.send([...before, ...bad, longId, ...after])
    await fresh(definition, 40)
    const codes = await vi.waitFor(async () => {
      const letters = (await pipeline.deadLetters()).filter(
        ({ letter }) => letter.flow === `indexer.${definition.name}`,
      )
      expect(letters.length).toBeGreaterThanOrEqual(9)
      return letters
    }, LONG)
    const codeOf = (name: string) =>
      codes
        .filter(({ id }) => id === `${source}-${definition.name}-${name}`)
        .map(({ letter }) => `${letter.step}/${letter.code}`)
    expect(Object.fromEntries(Object.keys(poison).map((name) => [name, codeOf(name)]))).toEqual({
      garbage: ['decode/undecodable'],
      schema: ['decode/unknown-schema'],
      truncated: ['decode/undecodable'],
      empty: ['decode/undecodable'],
      tombstone: ['decode/undecodable'],
      mapping: ['index/rejected'],
      time: ['rotate/invalid'],
      keyword: ['index/rejected'],
    })
    const [{ letter }] = codes.filter(({ id }) => id.endsWith('-mapping'))
    expect(Buffer.compare(letter.value!, poison.mapping!)).toBe(0)
    expect(letter).toMatchObject({ topic: TOPIC, message: expect.stringContaining('position') })
  })

  test('a closed index: partitions are held until it is open, with a restart between; no dead letter', async () => {
    const definition = ownDefinition()
    const first = await run(definition)
    await pipeline.send(records(1))
    await fresh(definition, 1)
    const {
      hits: {
        hits: [{ _index: index }],
      },
    } = await direct.value.search(`${definition.prefix}-*`, {})
    const { url } = await servers.search('opensearch')
    expect((await fetch(`${url}/${index}/_close`, { method: 'POST' })).status).toBe(200)
    await pipeline.send(records(100))
    const readiness = (sinks: Resource<Sinks>) => sinks.value.ready[`sink ${definition.name}`]()
    const reason = `because of ${index} (index_closed_exception): open the index`
    const told = (sinks: Resource<Sinks>) =>
      vi.waitFor(() => expect(readiness(sinks)).toContain(reason), LONG)
    await told(first)
    const paused = async () => {
      const { values } = await sinkMetrics.paused.get()
      return values.find(({ labels }) => labels.sink === `indexer.${definition.name}`)?.value
    }
    await expect.poll(paused, LONG).toBe(1)
    await stop(first)
    const { kafka, codec } = pipeline
    const second = await openSinks([definition], { kafka, codec, engine: engine.value, replicas: 0, log })
    running.push(second)
    await told(second)
    expect((await fetch(`${url}/${index}/_open`, { method: 'POST' })).status).toBe(200)
    await fresh(definition, 101)
    await vi.waitFor(() => expect(readiness(second)).toBe(true), LONG)
    await expect.poll(paused, LONG).toBe(0)
    const letters = await pipeline.deadLetters()
    expect(letters.filter(({ letter }) => letter.flow === `indexer.${definition.name}`)).toEqual([])
  })

  test('the engine hangs up, answers 429 and loses replies in mid-stream: nothing lost, nothing doubled', async () => {
    const definition = ownDefinition()
    await run(definition)
    const faults = ['cut', 'refuse', 429, 'pass', 503, 'hang', 'pass', 429, 'cut', 'pass', 'refuse'] as const
    let requests = 0
    proxy.fault = (path) =>
      path.startsWith('/_bulk') && requests < faults.length ? faults[requests++] : 'pass'
    for (let i = 0; i < 10; i++) await pipeline.send(records(1000))
    await fresh(definition, 10_000)
    expect(requests).toBe(faults.length)
  })

  test('more than 5 % dead: the sink pauses, says so, and goes on afterwards', async () => {
    const definition = ownDefinition()
    const sinks = await run(definition)
    const ready = sinks.value.ready[`sink ${definition.name}`]
    await vi.waitFor(() => expect(ready()).toBe(true), LONG)
    await pipeline.send(
      Array.from({ length: 300 }, (_, i) => ({
        id: `${source}-flood-${i}`,
        key: 'taxi-0',
        value: Buffer.from('poison'),
      })),
    )
    await vi.waitFor(() => expect(ready()).toMatch(/5 % of the last minute's records/), {
      ...LONG,
      interval: 10,
    })
    await pipeline.send(records(100))
    await vi.waitFor(() => expect(ready()).toBe(true), LONG)
    await fresh(definition, 100)
  })
})
