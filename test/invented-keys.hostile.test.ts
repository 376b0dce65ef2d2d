/**
 * A client invents keys, all of one partition, for the windows of a flow and for a detection. They are refused when there
 * are as many as there may be, and the trucks of other partitions have their results in time. In short: few keys, and a
 * low bound. WEIR_FAULTS=long: a million, and the services as the chart runs them.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { MAX_DEVICES, openDetections } from '@weir/alerter/detection/detections.ts'
import { applyTopics, registerContracts } from '@weir/catalogue'
import { type Codec, openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import { type DeadLetter, type Finding, sampleOf, type TopicName } from '@weir/contracts'
import { openFlows } from '@weir/enricher/flows/flows.ts'
import { MAX_KEYS } from '@weir/enricher/flows/window-tasks.ts'
import { newRowViews } from '@weir/enricher/rows.ts'
import {
  appendRecord,
  encodeValue,
  type Kafka,
  kafkaConfig,
  openKafka,
  type Producer,
  partitionOfKey,
  writeRecords,
} from '@weir/kafka'
import { logger } from '@weir/service'
import { topics } from '@weir/solutions'
import { cargoClasses } from '@weir/solutions/fleet-anomalies/cargo-classes.ts'
import { detection } from '@weir/solutions/fleet-anomalies/detection.ts'
import type { TruckMinute, TruckReading } from '@weir/solutions/fleet-anomalies/generated/types.ts'
import { solution } from '@weir/solutions/fleet-anomalies/solution.ts'
import { Memory } from '@weir/state'
import { kafkaCluster, servers } from '@weir/testkit'
import { startService, untilReady } from '@weir/testkit/service-process.ts'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

const LONG = process.env.WEIR_FAULTS === 'long'
const INVENTED = LONG ? 1_000_000 : 20_000
const BOUND = 2000
const MOST = LONG ? { windows: MAX_KEYS, devices: MAX_DEVICES } : { windows: BOUND, devices: BOUND }
const CHART = { NODE_OPTIONS: '--max-old-space-size=320', STATE_MEMORY_MB: '64' }
/** Resident memory of a service at most, MB. The chart's limit is 1 GiB. */
const MEMORY_MB = 750
/** Nine of ten results and findings come within this time after the reading that makes them. */
const LATENCY_MS = 5000
const CAUGHT_UP_MS = LONG ? 500_000 : 60_000

const SOURCE = 'fleet.readings'
const SECOND = 1000
const MINUTE_MS = 60 * SECOND
const CHUNK = 10_000
/** Readings that a detection takes at once. */
const BATCH = 1000
const sample = sampleOf(topics, SOURCE) as TruckReading
const start = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 12 * 60 * MINUTE_MS
const partitionOf = (key: string): number => partitionOfKey(key, topics[SOURCE].partitions)
function* keysOf(name: string, partition: number): Generator<string> {
  for (let i = 0; ; i++) if (partitionOf(`${name}-${i}`) === partition) yield `${name}-${i}`
}
const FLOODED = 0
/** Its truck was there before the others. */
const known = keysOf('known', FLOODED).next().value!
const steady = keysOf('steady', 1).next().value!
const fresh = keysOf('fresh', 2)

const dir = mkdtempSync(join(tmpdir(), 'weir-invented-'))
const log = logger('invented-keys-test')
log.level = 'silent'
const stops: (() => unknown)[] = []
const pids: number[] = []
let kafka: Kafka
let codec: Codec
let producer: Producer

interface Refused {
  readonly codes: Map<string, number>
  message: string
}
const refused = { windows: noneYet(), devices: noneYet() }
/** When each result came: by truck and minute, or by truck. */
const results = new Map<string, number>()
const findings = new Map<string, number>()
/** Invented trucks whose window has had its result. */
let closed = 0

function noneYet(): Refused {
  return { codes: new Map(), message: '' }
}

function countLetter(into: Refused, { code, message }: DeadLetter): void {
  into.codes.set(code, (into.codes.get(code) ?? 0) + 1)
  into.message = message
}

beforeAll(async () => {
  const [cluster, { url: registryUrl }, { url: redisUrl }] = await Promise.all([
    kafkaCluster({ brokers: 1 }),
    servers.registry(),
    servers.redis(),
  ])
  stops.push(() => rmSync(dir, { recursive: true, force: true }), cluster.stop)
  const brokers = cluster.brokers.join()
  const opened = await openKafka(readConfig({ KAFKA_BROKERS: brokers }, kafkaConfig), log)
  kafka = opened.value
  await applyTopics(kafka.admin, { topics, replicas: 1 })
  await registerContracts(registryUrl, topics)
  const opening = await openCodec({ topics, url: registryUrl }, log)
  codec = opening.value
  producer = await kafka.producer()
  stops.push(opened.stop, opening.stop, () => producer.stop())
  const entries = Object.entries(cargoClasses).map(([id, entry]) => ({
    key: `cargo-classes/${id}`,
    value: { table: 'cargo-classes', id, json: JSON.stringify(entry) },
  }))
  await write('weir.control.reference', 0, entries)
  await follow('fleet.minutes', ({ truckId, minute }: TruckMinute) => {
    if (truckId === steady || truckId === known) results.set(`${truckId} ${minute}`, performance.now())
    else if (truckId.startsWith('invented')) closed++
  })
  await follow('fleet.findings', ({ device, status, detector }: Finding) => {
    if (status === 'open' && detector === 'thresholds') findings.set(device, performance.now())
  })
  await follow('fleet.readings.uncounted', (letter: DeadLetter) => countLetter(refused.windows, letter))
  await follow('fleet.readings.dead', (letter: DeadLetter) => countLetter(refused.devices, letter))
  await (LONG ? startServices({ brokers, registryUrl, redisUrl }) : openTasks())
})
afterAll(async () => {
  for (const stop of stops.toReversed()) await stop()
})

async function follow<T>(topic: TopicName, take: (value: T) => void): Promise<void> {
  const reader = await codec.reader(topic)
  const reading = await kafka.read({ topics: [topic], from: 'earliest', until: 'stopped' }, async (batch) => {
    await reader.prepare(batch)
    for (let i = 0; i < batch.length; i++)
      take(reader.decode(batch.bytes, batch.valueStart[i], batch.valueEnd[i]) as T)
  })
  stops.push(() => reading.stop())
}

async function openTasks(): Promise<void> {
  const config = { dir, memory: new Memory(16 << 20), isStandby: false }
  const flows = await openFlows(solution.flows, {
    kafka,
    codec,
    table: () => ({ version: 0, entries: new Map() }),
    rows: newRowViews({ kafka, codec, log }).value,
    state: config,
    maxKeys: BOUND,
    log,
  })
  const detections = await openDetections([detection], { kafka, codec, config, maxDevices: BOUND, log })
  stops.push(
    () => flows.stop(5000),
    () => detections.stop(5000),
  )
  const ready = { ...flows.value.ready, ...detections.value.ready }
  await vi.waitFor(() => expect(Object.values(ready).every((one) => one() === true)).toBe(true), {
    timeout: 60_000,
  })
}

async function startServices(of: Readonly<Record<'brokers' | 'registryUrl' | 'redisUrl', string>>) {
  const env = {
    ...CHART,
    KAFKA_BROKERS: of.brokers,
    REGISTRY_URL: of.registryUrl,
    REDIS_URL: of.redisUrl,
    ALLOW_ANONYMOUS: 'true',
    WEIR_SOLUTIONS: 'fleet-anomalies',
    FUNCTIONS_FOLDER: join(dir, 'functions'),
  }
  for (const name of ['enricher', 'alerter']) {
    const service = await startService(name, { ...env, STATE_DIR: join(dir, name) })
    stops.push(() => service.kill('SIGKILL'))
    pids.push(service.pid)
    await untilReady(service)
  }
}

async function write(
  topic: TopicName,
  partition: number,
  records: readonly { readonly key: string; readonly value: unknown }[],
): Promise<void> {
  const writer = await codec.writer(topic)
  await writeRecords(producer, (out) => {
    for (const { key, value } of records)
      appendRecord(out, { topic, partition, key, value: encodeValue(writer, value as never) })
  })
}

const reading = (truckId: string, eventTime: number, containerTemperature = 20) => ({
  key: truckId,
  value: { ...sample, truckId, eventTime, containerTemperature },
})

/** Sends readings of a container that is too hot for longer than it may be. Returns when they were sent. */
async function sendHot(truck: string, partition: number): Promise<number> {
  const from = Date.now() - MINUTE_MS
  await write(
    SOURCE,
    partition,
    Array.from({ length: 13 }, (_, i) => reading(truck, from + i * SECOND, 40)),
  )
  return performance.now()
}

async function flood(): Promise<void> {
  const keys = keysOf('invented', FLOODED)
  for (let sent = 0; sent < INVENTED; sent += CHUNK)
    await write(
      SOURCE,
      FLOODED,
      Array.from({ length: CHUNK }, () => reading(keys.next().value!, start + SECOND)),
    )
}

const lag = async (group: string): Promise<number> =>
  (await kafka.admin.lag(group)).reduce((sum, one) => sum + one.lag, 0)

/** Nine tenths of the times are at most this one. Others may use the machine too, so the longest says little. */
const p90 = (times: readonly number[]): number =>
  times.toSorted((a, b) => a - b)[Math.ceil(times.length * 0.9) - 1]

/** The highest resident memory since the process began, MB. */
const peakMb = (pid: number): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1000

test('invented keys are refused, and other trucks have their results and findings in time', async () => {
  const sentAt = { results: new Map<string, number>(), findings: new Map<string, number>() }
  /** Each reading ends the minute before it. */
  const step = async (truck: string, partition: number, minute: number): Promise<void> => {
    await write(SOURCE, partition, [reading(truck, start + minute * MINUTE_MS + 6 * SECOND)])
    sentAt.results.set(`${truck} ${start + (minute - 1) * MINUTE_MS}`, performance.now())
  }
  await write(SOURCE, FLOODED, [reading(known, start + SECOND)])
  await write(SOURCE, 1, [reading(steady, start + SECOND)])
  await expect.poll(() => lag('enricher.fleet-minutes'), { timeout: 20_000 }).toBe(0)

  let isOver = false
  const flooding = flood().then(async () => {
    for (const group of ['enricher.fleet-minutes', 'alerter.fleet'])
      await expect.poll(() => lag(group), { timeout: CAUGHT_UP_MS, interval: 500 }).toBeLessThan(50)
    isOver = true
  })
  flooding.catch(() => {
    isOver = true
  })
  for (let minute = 1; !isOver && minute < 700; minute++) {
    await step(steady, 1, minute)
    const truck = fresh.next().value!
    sentAt.findings.set(truck, await sendHot(truck, 2))
    await sleep(LONG ? 1000 : 250)
  }
  await flooding

  // The truck that was there before is counted, and watched, as before.
  const late = performance.now()
  await step(known, FLOODED, 1)
  await step(known, FLOODED, 2)
  await sendHot(known, FLOODED)
  const all = [...sentAt.results.keys()]
  await expect.poll(() => all.filter((one) => !results.has(one)), { timeout: 60_000 }).toEqual([])
  const hot = [...sentAt.findings.keys(), known]
  await expect.poll(() => hot.filter((one) => !findings.has(one)), { timeout: 60_000 }).toEqual([])
  const taken = {
    results: [...sentAt.results].map(([one, at]) => Math.round(results.get(one)! - at)),
    findings: [...sentAt.findings].map(([one, at]) => Math.round(findings.get(one)! - at)),
    known: [findings.get(known)! - late],
  }
  console.log(
    `${INVENTED} keys; 90 % of the results came within ${p90(taken.results)} ms, and all within ${Math.max(...taken.results)} ms; of the findings ${p90(taken.findings)} ms and ${Math.max(...taken.findings)} ms; memory ${pids.map(peakMb)} MB`,
  )
  for (const times of Object.values(taken)) expect(p90(times)).toBeLessThan(LATENCY_MS)

  // The partition of the windows has a key of its own. A detection counts its devices when a batch ends.
  const tooMany = { windows: INVENTED + 2 - MOST.windows, devices: INVENTED + 1 - MOST.devices }
  for (const kind of ['windows', 'devices'] as const) {
    const count = () => refused[kind].codes.get('too-many-keys') ?? 0
    await expect.poll(count, { timeout: 60_000 }).toBeGreaterThanOrEqual(tooMany[kind] - BATCH)
    expect(count()).toBeLessThanOrEqual(tooMany[kind])
    expect([...refused[kind].codes.keys()]).toEqual(['too-many-keys'])
    expect(refused[kind].message).toMatch(/^The partition has \d+ keys with a state, which is the most\.$/)
  }
  expect(refused.windows.codes.get('too-many-keys')).toBe(tooMany.windows)
  // Many windows end at once. Each has its result, and one only.
  await expect
    .poll(() => closed, { timeout: CAUGHT_UP_MS, interval: 500 })
    .toBeGreaterThanOrEqual(INVENTED - tooMany.windows)
  await sleep(SECOND)
  expect(closed).toBe(INVENTED - tooMany.windows)
  for (const pid of pids) expect(peakMb(pid)).toBeLessThan(MEMORY_MB)
})
