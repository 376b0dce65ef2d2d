/** Runs workers over topics while they are killed, and computes in Python what they ought to have found. */
import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { random } from '@weir/codec/testing/values.ts'
import { appendRecord, type RecordBatch, writeRecords } from '@weir/kafka'
import type { Connections } from '@weir/topics/testing/connections.ts'
import { expect, onTestFinished } from 'vitest'
import { unruly } from './records.ts'
import type { WorkerOptions } from './worker.ts'

export const PARTITIONS = 4
export const RECORDS = 12_000
const KILLS = process.env.WEIR_FAULTS === 'long' ? 20 : 4
const STEP_MS = 50

export type OracleRecord = [key: string, time: number, value: number, arrival: number]

const ORACLE = fileURLToPath(new URL('oracle.py', import.meta.url))
const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url))

/** Returns what Python makes of the task. */
export const oracle = (task: object): any =>
  JSON.parse(
    execFileSync('python3', [ORACLE], { input: JSON.stringify(task), maxBuffer: 1 << 28, encoding: 'utf8' }),
  )

async function start(options: WorkerOptions): Promise<ChildProcess> {
  const child = fork(WORKER, [JSON.stringify(options)])
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child, 'message')
  return child
}

export async function createTopics({ kafka }: Connections, names: readonly string[]): Promise<void> {
  await kafka.admin.createTopics(
    names.map((name) => ({
      name,
      partitions: PARTITIONS,
      replicas: 1,
      configs: name.endsWith('-state') ? { 'cleanup.policy': 'compact' } : ({} as Record<string, string>),
    })),
  )
}

/** Runs two workers, one of which is killed again and again while records come, and then restarts both in turn. */
export async function whileKilled(
  { kafka }: Connections,
  optionsOf: (name: string) => WorkerOptions,
): Promise<void> {
  const { inputs, group } = optionsOf('one')
  const names = ['one', 'two']
  const workers = await Promise.all(names.map((name) => start(optionsOf(name))))
  const loading = Promise.all(inputs.map((topic, i) => load(kafka, topic, i + 1)))
  const next = random(7)
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(500 + next() * 3000)
    workers[kill % 2].kill('SIGKILL')
    workers[kill % 2] = await start(optionsOf(names[kill % 2]))
  }
  await loading
  for (const i of [0, 1]) {
    workers[i].kill('SIGTERM')
    await once(workers[i], 'exit')
    workers[i] = await start(optionsOf(names[i]))
  }
  await expect
    .poll(async () => (await kafka.admin.lag(group)).map(({ lag }) => lag), { timeout: 60_000 })
    .toEqual(Array(PARTITIONS * inputs.length).fill(0))
}

async function load(kafka: Connections['kafka'], topic: string, seed: number): Promise<void> {
  const producer = await kafka.producer()
  const startMs = Date.now() - RECORDS * STEP_MS
  const made = [...unruly(RECORDS, { keys: 40, startMs, stepMs: STEP_MS, disorderMs: 4000 }, random(seed))]
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

export async function readAll(
  { kafka }: Connections,
  topic: string,
  accept: (batch: RecordBatch, index: number) => void,
): Promise<void> {
  const reading = await kafka.read({ topics: [topic], from: 'earliest', until: 'end' }, (batch) => {
    for (let i = 0; i < batch.length; i++) accept(batch, i)
  })
  await reading.done
}

export const textOf = ({ bytes, valueStart, valueEnd }: RecordBatch, i: number): string =>
  bytes.toString('latin1', valueStart[i], valueEnd[i])

/** Returns the records of each partition in their order. */
export async function recordsOf(connections: Connections, topic: string): Promise<OracleRecord[][]> {
  const partitions: OracleRecord[][] = Array.from({ length: PARTITIONS }, () => [])
  await readAll(connections, topic, (batch, i) => {
    const [time, value] = textOf(batch, i).split(',').map(Number)
    const key = batch.bytes.toString('latin1', batch.keyStart[i], batch.keyEnd[i])
    partitions[batch.partition].push([key, time, value, batch.timestamps[i]])
  })
  return partitions
}
