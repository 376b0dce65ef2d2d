/** The detection of the fleet on a real broker: from readings to findings, through restarts. */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { applyTopics, registerContracts } from '@weir/catalogue'
import { type Codec, openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import { type Finding, sampleOf, type TopicName } from '@weir/contracts'
import {
  appendRecord,
  encodeValue,
  type Kafka,
  kafkaConfig,
  openKafka,
  partitionOfKey,
  writeRecords,
} from '@weir/kafka'
import { logger } from '@weir/service'
import { topics } from '@weir/solutions'
import { cargoClasses } from '@weir/solutions/fleet-anomalies/cargo-classes.ts'
import { detection } from '@weir/solutions/fleet-anomalies/detection.ts'
import type { TruckReading } from '@weir/solutions/fleet-anomalies/generated/types.ts'
import { Memory } from '@weir/state'
import { servers } from '@weir/testkit'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { openDetections } from './detections.ts'

const SOURCE = 'fleet.readings'
const SECOND = 1000
const soon = { timeout: 20_000 }
const run = randomUUID().slice(0, 8)
const log = logger('detection-test')
log.level = 'silent'

let kafka: Kafka
let codec: Codec
let dir: string
const stops: (() => Promise<void>)[] = []
const findings: Finding[] = []
const dead: { key: string; code: string; message: string }[] = []

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'weir-detection-'))
  const [{ brokers }, { url }] = await Promise.all([servers.kafka(), servers.registry()])
  const opened = await openKafka(readConfig({ KAFKA_BROKERS: brokers.join() }, kafkaConfig), log)
  kafka = opened.value
  await applyTopics(kafka.admin, { topics, replicas: 1 })
  await registerContracts(url, topics)
  codec = (await openCodec({ topics, url }, log)).value
  stops.push(opened.stop)
  await collect('fleet.findings', (_, value: Finding) => findings.push(value))
  await collect('fleet.readings.dead', (key, { code, message }: any) => dead.push({ key, code, message }))
  const entries = Object.entries(cargoClasses).map(([id, entry]) => ({
    key: `cargo-classes/${id}`,
    value: { table: 'cargo-classes', id, json: JSON.stringify(entry) },
  }))
  await write('weir.control.reference', entries, 1)
})
afterAll(async () => {
  for (const stop of stops.toReversed()) await stop()
  rmSync(dir, { recursive: true, force: true })
})

async function collect(topic: TopicName, take: (key: string, value: any) => unknown): Promise<void> {
  const reader = await codec.reader(topic)
  const reading = await kafka.read({ topics: [topic], from: 'latest', until: 'stopped' }, async (batch) => {
    await reader.prepare(batch)
    for (let i = 0; i < batch.length; i++) {
      const key = batch.bytes.toString('utf8', Math.max(0, batch.keyStart[i]), Math.max(0, batch.keyEnd[i]))
      if (key.startsWith(run) || key === '')
        take(key, reader.decode(batch.bytes, batch.valueStart[i], batch.valueEnd[i]))
    }
  })
  stops.push(() => reading.stop())
}

async function write<T>(
  topic: TopicName,
  records: readonly { key: string; value: T | Buffer }[],
  count?: number,
) {
  const [writer, partitions, producer] = await Promise.all([
    codec.writer(topic),
    count ?? kafka.partitions(topic),
    kafka.producer(),
  ])
  await writeRecords(producer, (out) => {
    for (const { key, value } of records) {
      const bytes = Buffer.isBuffer(value) ? value : encodeValue(writer, value as never)
      appendRecord(out, { topic, partition: partitionOfKey(key, partitions), key, value: bytes })
    }
  })
  await producer.stop()
}

/** Runs the detection until the test ends, or until it is stopped. */
async function detect(name: string): Promise<() => Promise<void>> {
  const config = { dir: join(dir, name), memory: new Memory(16 << 20), isStandby: false }
  const running = await openDetections([detection], { kafka, codec, config, log })
  await expect.poll(() => running.value.ready['detection fleet']!(), { timeout: 30_000 }).toBe(true)
  let isStopped = false
  const stop = async (): Promise<void> => {
    if (!isStopped) await running.stop(5000)
    isStopped = true
  }
  onTestFinished(stop)
  return stop
}

/** Sends readings of a truck, one a second from `from` on, with these temperatures of the container. */
async function send(
  truck: string,
  from: number,
  temperatures: readonly number[],
  more: Partial<TruckReading> = {},
) {
  const sample = sampleOf(topics, SOURCE) as TruckReading
  const readings = temperatures.map((containerTemperature, i) => ({
    key: `${run}-${truck}`,
    value: {
      ...sample,
      truckId: `${run}-${truck}`,
      containerTemperature,
      eventTime: from + i * SECOND,
      ...more,
    },
  }))
  await write(SOURCE, readings)
}

const times = <T>(count: number, value: T): T[] => Array<T>(count).fill(value)
const ofTruck = (truck: string): string[] =>
  findings
    .filter(({ device, detector }) => device === `${run}-${truck}` && detector === 'thresholds')
    .map(({ sensor, status, high, seen }) => `${sensor} ${status} ${seen} of ${high}`)

test('a container that is too warm for ten seconds is found once, and so is its end, through restarts', async () => {
  const from = Date.now() - 25 * SECOND
  const stop = await detect('first')
  await send('warm', from, [...times(3, 20), ...times(5, 31)])
  await send('short', from, [...times(3, 20), ...times(8, 31), ...times(12, 20)])
  await expect
    .poll(async () => (await kafka.admin.lag('alerter.fleet')).every(({ lag }) => lag === 0), soon)
    .toBe(true)
  await stop()
  await send('warm', from + 8 * SECOND, times(5, 32))
  const stopAgain = await detect('second')
  expect(ofTruck('warm')).toEqual([])
  await send('warm', from + 13 * SECOND, times(3, 33))
  await expect.poll(() => ofTruck('warm'), soon).toEqual(['container open 33 of 25'])
  await stopAgain()
  await detect('first')
  await send('warm', from + 16 * SECOND, times(8, 20))
  await expect.poll(() => ofTruck('warm').length, soon).toBe(2)
  const [open, resolved] = findings.filter(
    ({ device, detector }) => device === `${run}-warm` && detector === 'thresholds',
  )
  expect(resolved).toMatchObject({
    id: open.id,
    status: 'resolved',
    since: from + 3 * SECOND,
    until: from + 16 * SECOND,
  })
  expect(open.why).toMatch(/^container was outside of its limits for 10 s/)
  expect(ofTruck('short')).toEqual([])
})

test('a truck that falls silent is found by the clock', async () => {
  await detect('silence')
  // A truck is not silent for what it did not send before somebody listened.
  await send('silent', Date.now() - 95 * SECOND, Array(36).fill(20))
  const silence = () =>
    findings.filter(({ device, detector }) => device === `${run}-silent` && detector === 'missing-data')
  await expect.poll(() => silence().map(({ status }) => status), { timeout: 60_000 }).toEqual(['open'])
  await send('silent', Date.now(), [20])
  await expect.poll(() => silence().map(({ status }) => status), soon).toEqual(['open', 'resolved'])
}, 90_000)

test('what cannot be a reading becomes a dead letter, and the other trucks are not affected', async () => {
  await detect('hostile')
  const from = Date.now() - 20 * SECOND
  await write(SOURCE, [{ key: `${run}-garbage`, value: Buffer.from('no Avro') }])
  await send('future', Date.now() + 3_600_000, [20])
  await send('unknown', from, [20], { cargoClass: 'rabbits' })
  await send('k'.repeat(2000), from, [20])
  await send('sane', from, times(12, 40))
  await expect.poll(() => ofTruck('sane'), soon).toEqual(['container open 40 of 25'])
  await expect
    .poll(() => dead.map(({ code }) => code).sort(), soon)
    .toEqual(['undecodable', 'invalid', 'invalid', 'key-too-long'].sort())
  expect(dead.map(({ message }) => message).join()).toContain(
    'The table cargo-classes does not have "rabbits".',
  )
})
