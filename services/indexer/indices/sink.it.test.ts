/** The whole sink: records in real Kafka, documents in a real search engine. */
import { randomUUID } from 'node:crypto'
import { metrics, type Resource } from '@weir/service'
import { openPipeline, type Pipeline, type Sent, TOPIC } from '@weir/sinks/conformance/pipeline.ts'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Sinks } from '../sinks.ts'
import {
  type IndicesUnderTest,
  indexed,
  newName,
  openIndexSinks,
  openIndicesUnderTest,
} from '../testing/indices.ts'

const LONG = { timeout: 40_000, interval: 100 }

describe('a sink into indices', { timeout: 60_000 }, () => {
  const source = `indices-${randomUUID()}`
  let pipeline: Pipeline
  let indices: IndicesUnderTest
  let name: string
  const running: Resource<Sinks>[] = []

  beforeAll(async () => {
    pipeline = await openPipeline(source)
    indices = await openIndicesUnderTest('opensearch')
  }, 120_000)
  afterEach(async () => {
    for (const sinks of running.splice(0)) await sinks.stop(5000)
  })
  afterAll(async () => {
    await indices?.close()
    await pipeline?.stop()
  })

  async function run(): Promise<Resource<Sinks>> {
    const sinks = await openIndexSinks(name, pipeline, indices.engine)
    running.push(sinks)
    return sinks
  }
  async function runNew(): Promise<Resource<Sinks>> {
    name = newName()
    await pipeline.beginAt(`indexer.${name}`, await pipeline.end())
    return run()
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
  async function fresh(expected: number): Promise<void> {
    const count = () => indexed(indices.direct, name, source)
    await vi.waitFor(async () => expect(await count()).toBeGreaterThanOrEqual(expected), LONG)
    expect(await count()).toBe(expected)
  }
  const letters = async () =>
    (await pipeline.deadLetters()).filter(({ letter }) => letter.flow === `indexer.${name}`)

  test('puts a document into the index of its event time', async () => {
    await runNew()
    const midnight = Date.UTC(2026, 10, 22)
    await pipeline.send([
      ...records(10, { eventTime: midnight - 1 }),
      ...records(20, { eventTime: midnight }),
    ])
    await fresh(30)
    expect(await indices.direct.count(`${name}-2026.11.21`)).toBe(10)
    expect(await indices.direct.count(`${name}-2026.11.22`)).toBe(20)
  })

  test('makes dead letters of records without a document, with the step that refused them', async () => {
    await runNew()
    const poison: Record<string, Buffer | null> = {
      empty: Buffer.alloc(0),
      mapping: pipeline.encode({ position: { lat: 123, lon: 0 } }),
      time: pipeline.encode({ eventTime: -5 }),
      keyword: pipeline.encode({ tripId: 't'.repeat(33_000) }),
    }
    const bad = Object.entries(poison).map(([what, value]) => ({
      id: `${source}-${name}-${what}`,
      key: 'taxi-0',
      value,
    }))
    const longId = { id: `${source}-${'x'.repeat(600)}`, key: 'taxi-0', value: pipeline.encode() }
    await pipeline.send([...records(20), ...bad, longId, ...records(20)])
    await fresh(40)
    await vi.waitFor(async () => expect(await letters()).toHaveLength(5), LONG)
    const found = (await letters()).map(
      ({ id, letter }) => [id.slice(`${source}-`.length), `${letter.step}/${letter.code}`] as const,
    )
    expect(Object.fromEntries(found)).toEqual({
      [`${name}-empty`]: 'decode/undecodable',
      [`${name}-mapping`]: 'index/rejected',
      [`${name}-time`]: 'rotate/invalid',
      [`${name}-keyword`]: 'index/rejected',
      ['x'.repeat(600)]: 'id/invalid',
    })
    const [{ letter }] = (await letters()).filter(({ id }) => id.endsWith('-mapping'))
    expect(Buffer.compare(letter.value!, poison.mapping!)).toBe(0)
    expect(letter).toMatchObject({ topic: TOPIC, message: expect.stringContaining('position') })
  })

  test('holds partitions while an index is closed, even over a restart, and makes no dead letters', async () => {
    const first = await runNew()
    await pipeline.send(records(1))
    await fresh(1)
    const {
      hits: {
        hits: [{ _index: index }],
      },
    } = await indices.direct.search(`${name}-*`, {})
    await indices.call('POST', `${index}/_close`)
    await pipeline.send(records(100))
    const readiness = (sinks: Resource<Sinks>) => sinks.value.ready[`sink ${name}`]()
    const reason = `because of ${index} (index_closed_exception): open the index`
    const told = (sinks: Resource<Sinks>) =>
      vi.waitFor(() => expect(readiness(sinks)).toContain(reason), LONG)
    await told(first)
    const paused = async () => {
      const { values } = (await metrics.getSingleMetric('weir_sink_paused')?.get())!
      return values.find(({ labels }) => labels.sink === `indexer.${name}`)?.value
    }
    await expect.poll(paused, LONG).toBe(1)
    running.splice(0)
    await first.stop(5000)
    const second = await run()
    await told(second)
    await indices.call('POST', `${index}/_open`)
    await fresh(101)
    await vi.waitFor(() => expect(readiness(second)).toBe(true), LONG)
    await expect.poll(paused, LONG).toBe(0)
    expect(await letters()).toEqual([])
  })
})
