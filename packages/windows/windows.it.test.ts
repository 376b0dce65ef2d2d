/** Windows on a real broker, while their processes are killed, against what Python makes of the same records. */
import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { random } from '@weir/codec/testing/values.ts'
import { appendRecord, type RecordBatch, writeRecords } from '@weir/kafka'
import { servers, uniqueName } from '@weir/testkit'
import { type Connections, openConnections } from '@weir/topics/testing/connections.ts'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { hopping, session, sliding, tumbling, type WindowOptions, type WindowSpec } from './index.ts'
import { unruly } from './testing/records.ts'
import type { WorkerOptions } from './testing/worker.ts'

const PARTITIONS = 4
const RECORDS = 12_000
const KILLS = process.env.WEIR_FAULTS === 'long' ? 20 : 4
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

type OracleRecord = [key: string, time: number, value: number, arrival: number]
type Results = Readonly<Record<string, [count: number, sum: number, max: number]>>

const ORACLE = fileURLToPath(new URL('testing/oracle.py', import.meta.url))

const oracle = (task: object): Results[] =>
  JSON.parse(
    execFileSync('python3', [ORACLE], { input: JSON.stringify(task), maxBuffer: 1 << 28, encoding: 'utf8' }),
  )

async function start(options: WorkerOptions): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL('testing/worker.ts', import.meta.url)), [JSON.stringify(options)])
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child, 'message')
  return child
}

async function readAll(topic: string, accept: (batch: RecordBatch, index: number) => void): Promise<void> {
  const reading = await connections.kafka.read(
    { topics: [topic], from: 'earliest', until: 'end' },
    (batch) => {
      for (let i = 0; i < batch.length; i++) accept(batch, i)
    },
  )
  await reading.done
}

const textOf = ({ bytes, valueStart, valueEnd }: RecordBatch, i: number): string =>
  bytes.toString('latin1', valueStart[i], valueEnd[i])

async function recordsOf(topic: string): Promise<OracleRecord[][]> {
  const partitions: OracleRecord[][] = Array.from({ length: PARTITIONS }, () => [])
  await readAll(topic, (batch, i) => {
    const [time, value] = textOf(batch, i).split(',').map(Number)
    const key = batch.bytes.toString('latin1', batch.keyStart[i], batch.keyEnd[i])
    partitions[batch.partition].push([key, time, value, batch.timestamps[i]])
  })
  return partitions
}

/** Reads the results: the last of each window. Fails if one was written twice, or if one is missing between two. */
async function resultsOf(topic: string): Promise<Results[]> {
  const revisions = Array.from({ length: PARTITIONS }, () => new Map<string, number>())
  const results: Record<string, [number, number, number]>[] = Array.from({ length: PARTITIONS }, () => ({}))
  await readAll(topic, (batch, i) => {
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

async function load(topic: string, startMs: number, stepMs: number): Promise<void> {
  const producer = await connections.kafka.producer()
  const made = [...unruly(RECORDS, { keys: 40, startMs, stepMs, disorderMs: 4 * SECOND })]
  for (let from = 0; from < made.length; from += 200) {
    await writeRecords(producer, (out) => {
      for (const { key, timeMs, value } of made.slice(from, from + 200))
        appendRecord(out, {
          topic,
          partition: Number(key.slice(1)) % PARTITIONS,
          key,
          value: Buffer.from(`${timeMs},${value}`),
        })
    })
    await sleep(20)
  }
  await producer.stop()
}

test.each<[string, WindowSpec, WindowOptions]>([
  ['tumbling windows', tumbling(10 * SECOND), { disorderMs: 5 * SECOND, latenessMs: 10 * SECOND }],
  ['hopping windows', hopping(20 * SECOND, 5 * SECOND), { disorderMs: 5 * SECOND, latenessMs: 0 }],
  ['sliding windows', sliding(5 * SECOND), { disorderMs: 5 * SECOND, latenessMs: 3 * SECOND }],
  ['sessions', session(3 * SECOND), { disorderMs: 5 * SECOND }],
])(
  '%s have every result once and right, while workers are killed',
  async (_, window, times) => {
    const { admin } = connections.kafka
    const input = uniqueName('windows')
    const output = `${input}-out`
    const changelog = `${input}-state`
    const configs = (name: string): Record<string, string> =>
      name === changelog ? { 'cleanup.policy': 'compact' } : {}
    await admin.createTopics(
      [input, output, changelog].map((name) => ({
        ...{ name, partitions: PARTITIONS, replicas: 1, configs: configs(name) },
      })),
    )
    const [{ brokers }, { url: registry }] = await Promise.all([servers.kafka(), servers.registry()])
    const options = { ...times, maxAheadMs: MAX_AHEAD_MS }
    const run = (name: string) =>
      start({ brokers, registry, input, output, changelog, dir: join(dir, name), window, options })
    const workers = await Promise.all([run('one'), run('two')])
    const loading = load(input, Date.now() - RECORDS * 50, 50)
    const next = random(7)
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(500 + next() * 3000)
      workers[kill % 2].kill('SIGKILL')
      workers[kill % 2] = await run(kill % 2 === 0 ? 'one' : 'two')
    }
    await loading
    // A rolling restart.
    for (const i of [0, 1]) {
      workers[i].kill('SIGTERM')
      await once(workers[i], 'exit')
      workers[i] = await run(i === 0 ? 'one' : 'two')
    }
    await expect
      .poll(async () => (await admin.lag(input)).map(({ lag }) => lag), { timeout: 60_000 })
      .toEqual(Array(PARTITIONS).fill(0))
    const { kind, ...spec } = window
    const expected = oracle({ latenessMs: 0, ...options, ...spec, partitions: await recordsOf(input) })
    const found = await resultsOf(output)
    const count = (all: readonly Results[]) =>
      all.reduce((sum, results) => sum + Object.keys(results).length, 0)
    expect(count(found)).toBe(count(expected))
    expect(count(found)).toBeGreaterThan(200)
    expect(found).toEqual(expected)
  },
  240_000,
)
