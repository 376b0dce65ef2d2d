/** Windows and joins on a real broker, while their processes are killed, equal Python's from the same records. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { servers, uniqueName } from '@weir/testkit'
import { type Connections, openConnections } from '@weir/topics/testing/connections.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hopping, session, sliding, tumbling, type WindowOptions, type WindowSpec } from './index.ts'
import {
  createTopics,
  oracle,
  PARTITIONS,
  readAll,
  recordsOf,
  textOf,
  whileKilled,
} from './testing/killed-workers.ts'
import type { Work } from './testing/worker.ts'

const MAX_AHEAD_MS = 300_000
const SECOND = 1000

let connections: Connections
let dir: string
beforeAll(async () => {
  connections = await openConnections('weir.control.reference')
  dir = mkdtempSync(join(tmpdir(), 'weir-windows-'))
})
afterAll(async () => {
  await connections.stop()
  rmSync(dir, { recursive: true, force: true })
})

type Results = Readonly<Record<string, [count: number, sum: number, max: number]>>

/** Reads the results: the last of each window. Fails if one was written twice, or if one is missing between two. */
async function resultsOf(topic: string): Promise<Results[]> {
  const revisions = Array.from({ length: PARTITIONS }, () => new Map<string, number>())
  const results: Record<string, [number, number, number]>[] = Array.from({ length: PARTITIONS }, () => ({}))
  await readAll(connections, topic, (batch, i) => {
    const [key, window, revision, ...totals] = textOf(batch, i).split(' ')
    const name = `${key} ${window}`
    const before = revisions[batch.partition].get(name) ?? 0
    if (Number(revision) !== before + 1)
      expect.fail(`${name}: result ${revision} comes after result ${before}`)
    revisions[batch.partition].set(name, before + 1)
    results[batch.partition][name] = totals.map(Number) as [number, number, number]
  })
  return results
}

/** Runs the work over topics of its own while its workers are killed, and returns their names. */
async function run(count: number, work: Work): Promise<{ inputs: string[]; output: string }> {
  const group = uniqueName('windows')
  const inputs = Array.from({ length: count }, (_, i) => `${group}-in${i}`)
  const [output, changelog] = [`${group}-out`, `${group}-state`]
  await createTopics(connections, [...inputs, output, changelog])
  const [{ brokers }, { url: registry }] = await Promise.all([servers.kafka(), servers.registry()])
  await whileKilled(connections, (name) => ({
    ...{ brokers, registry, group, inputs, output, changelog, work },
    dir: join(dir, group, name),
  }))
  return { inputs, output }
}

const countOf = (partitions: readonly object[]): number =>
  partitions.reduce((sum, one) => sum + Object.keys(one).length, 0)

test.each<[string, WindowSpec, WindowOptions]>([
  ['tumbling windows', tumbling(10 * SECOND), { disorderMs: 5 * SECOND, latenessMs: 10 * SECOND }],
  ['hopping windows', hopping(20 * SECOND, 5 * SECOND), { disorderMs: 5 * SECOND, latenessMs: 0 }],
  ['sliding windows', sliding(5 * SECOND), { disorderMs: 5 * SECOND, latenessMs: 3 * SECOND }],
  ['sessions', session(3 * SECOND), { disorderMs: 5 * SECOND }],
])(
  '%s have every result once and right, while workers are killed',
  async (_, window, times) => {
    const options = { ...times, maxAheadMs: MAX_AHEAD_MS }
    const { inputs, output } = await run(1, { window, options })
    const { kind, ...spec } = window
    const partitions = await recordsOf(connections, inputs[0])
    const expected = oracle({ latenessMs: 0, ...options, ...spec, partitions })
    const found = await resultsOf(output)
    expect(countOf(found)).toBe(countOf(expected))
    expect(countOf(found)).toBeGreaterThan(200)
    expect(found).toEqual(expected)
  },
  240_000,
)

/** Reads the results of a join, sorted within their partitions. */
async function pairsOf(topic: string): Promise<string[][]> {
  const found: string[][] = Array.from({ length: PARTITIONS }, () => [])
  await readAll(connections, topic, (batch, i) => found[batch.partition].push(textOf(batch, i)))
  return found.map((pairs) => pairs.toSorted())
}

test('a join has every pair once and right, while workers are killed', async () => {
  const times = {
    lowerMs: -2 * SECOND,
    upperMs: 3 * SECOND,
    disorderMs: 5 * SECOND,
    maxAheadMs: MAX_AHEAD_MS,
  }
  const { inputs, output } = await run(2, { join: times })
  const [left, right] = await Promise.all(inputs.map((topic) => recordsOf(connections, topic)))
  const expected: string[][] = oracle({ ...times, left, right })
  const found = await pairsOf(output)
  expect(countOf(found)).toBe(countOf(expected))
  expect(countOf(found)).toBeGreaterThan(1000)
  expect(found).toEqual(expected.map((pairs) => pairs.toSorted()))
}, 240_000)

test('each record has the row that a table had at its time, once, while workers are killed', async () => {
  const times = { disorderMs: 5 * SECOND, maxAheadMs: MAX_AHEAD_MS }
  const { inputs, output } = await run(2, { table: times })
  const [stream, table] = await Promise.all(inputs.map((topic) => recordsOf(connections, topic)))
  const expected: string[][] = oracle({ ...times, stream, table })
  const found = await pairsOf(output)
  expect(countOf(found)).toBe(countOf(expected))
  expect(countOf(found)).toBeGreaterThan(10_000)
  expect(found).toEqual(expected.map((pairs) => pairs.toSorted()))
}, 240_000)
