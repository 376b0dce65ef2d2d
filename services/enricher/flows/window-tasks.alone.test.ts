/**
 * A flow with windows on a real broker: the minutes of trucks, through a restart. Runs alone, since the readings of
 * other tests would move the time of the partitions on.
 */
import { randomUUID } from 'node:crypto'
import { sampleOf, type TopicName } from '@weir/contracts'
import { appendRecord, encodeValue, partitionOfKey, writeRecords } from '@weir/kafka'
import { topics } from '@weir/solutions'
import type { TruckReading } from '@weir/solutions/fleet-anomalies/generated/types.ts'
import { solution } from '@weir/solutions/fleet-anomalies/solution.ts'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { newRowViews } from '../rows.ts'
import { log, openEnricherTests, soon } from '../testing/enricher.ts'
import { openFlows } from './flows.ts'

const { kafka, codec, producer, reference, state } = await openEnricherTests()
const MINUTE_MS = 60_000
const SECOND = 1000
const run = randomUUID().slice(0, 8)
const sample: TruckReading = sampleOf(topics, 'fleet.readings')
/** The beginning of the next minute: readings of other tests, which are in the topic, have earlier times. */
const start = Math.ceil(Date.now() / MINUTE_MS) * MINUTE_MS
/** Each truck has a partition of its own, so that it has a time of its own. */
const TRUCKS = ['a', 'b', 'c']
const stops: (() => Promise<void>)[] = []
const found = new Map<TopicName, any[]>()

beforeAll(async () => {
  for (const topic of ['fleet.minutes', 'fleet.readings.late', 'fleet.readings.uncounted'] as const) {
    const values: any[] = []
    found.set(topic, values)
    const reader = await codec.reader(topic)
    const reading = await kafka.read({ topics: [topic], from: 'latest', until: 'stopped' }, async (batch) => {
      await reader.prepare(batch)
      for (let i = 0; i < batch.length; i++) {
        const key = batch.bytes.toString('utf8', Math.max(0, batch.keyStart[i]), Math.max(0, batch.keyEnd[i]))
        if (key.startsWith(run))
          values.push(reader.decode(batch.bytes, batch.valueStart[i], batch.valueEnd[i]))
      }
    })
    stops.push(() => reading.stop())
  }
})
afterAll(async () => {
  for (const stop of stops) await stop()
})

async function minutesFlow(): Promise<() => Promise<void>> {
  const { value, stop } = await openFlows(solution.flows, {
    kafka,
    codec,
    table: reference.table,
    rows: newRowViews({ kafka, codec, log }).value,
    state,
    log,
  })
  await expect.poll(() => value.ready['flow fleet-minutes']!(), { timeout: 60_000 }).toBe(true)
  let isStopped = false
  const end = async (): Promise<void> => {
    if (!isStopped) await stop(5000)
    isStopped = true
  }
  onTestFinished(end)
  return end
}

/** Sends readings of a truck: seconds after the start, and the temperature of the container. */
async function send(
  truck: string,
  readings: readonly (readonly [second: number, temperature: number | null])[],
) {
  const [writer, partitions] = await Promise.all([
    codec.writer('fleet.readings'),
    kafka.partitions('fleet.readings'),
  ])
  const names = Array.from({ length: 1000 }, (_, i) => `${run}-${truck}-${i}`)
  const key = names.find((name) => partitionOfKey(name, partitions) === TRUCKS.indexOf(truck))!
  await writeRecords(producer, (out) => {
    for (const [second, containerTemperature] of readings)
      appendRecord(out, {
        topic: 'fleet.readings',
        partition: partitionOfKey(key, partitions),
        key,
        value: withBadFloat(
          encodeValue(writer, {
            ...sample,
            truckId: key,
            containerTemperature,
            eventTime: start + second * SECOND,
          }),
        ),
      })
  })
}

/** The container's temperature that stands for one that is not a number, since no encoder of ours writes it. */
const BAD = 12_345.5

/** Puts not-a-number in the place of `BAD`. */
function withBadFloat(value: Buffer): Buffer {
  const sent = Buffer.alloc(4)
  sent.writeFloatLE(BAD)
  const at = value.indexOf(sent)
  if (at >= 0) value.writeFloatLE(Number.NaN, at)
  return value
}

const of = (topic: TopicName, truck: string): any[] =>
  found.get(topic)!.filter(({ truckId }) => truckId.startsWith(`${run}-${truck}-`))

test('each minute has its result, through a restart, and another for a late reading; too late ones have a topic', async () => {
  const stop = await minutesFlow()
  await send('a', [
    [0, 10],
    [30, 12],
    [59, null],
    [61, 20],
    [58, 11],
  ])
  await expect
    .poll(async () => (await kafka.admin.lag('enricher.fleet-minutes')).every(({ lag }) => lag === 0), soon)
    .toBe(true)
  await stop()
  const again = await minutesFlow()
  await send('a', [
    [62, 22],
    [66, 21],
    [1, 99],
    [200, 5],
    [2, 77],
  ])
  await expect.poll(() => of('fleet.minutes', 'a').length, soon).toBe(3)
  expect(of('fleet.minutes', 'a')).toMatchObject([
    { minute: start, revision: 1, readings: 4, container: { count: 3, sum: 33, least: 10, greatest: 12 } },
    { minute: start, revision: 2, readings: 5, container: { count: 4, sum: 132, greatest: 99 } },
    {
      minute: start + MINUTE_MS,
      revision: 1,
      readings: 3,
      container: { count: 3, sum: 63, least: 20, greatest: 22 },
      engine: { count: 3, sum: 3 * sample.engineTemperature! },
    },
  ])
  await expect
    .poll(() => of('fleet.readings.late', 'a').map((late) => late.containerTemperature), soon)
    .toEqual([77])
  await again()
})

test('a reading that cannot be counted becomes a dead letter, and its neighbours are counted', async () => {
  await minutesFlow()
  await send('b', [
    [0, 1],
    [1, BAD],
    [2, 3],
    [100, 4],
  ])
  await expect.poll(() => of('fleet.minutes', 'b').length, soon).toBe(1)
  expect(of('fleet.minutes', 'b')).toMatchObject([{ readings: 2, container: { sum: 4 } }])
  await expect
    .poll(() => found.get('fleet.readings.uncounted')!.map(({ step, code }) => [step, code]), soon)
    .toEqual([['refuse-impossible', 'invalid']])
})

test('the last minute of a truck has its result by the clock, and a later one if its readings go on', async () => {
  await minutesFlow()
  await send('c', [[56, 3]])
  const minutes = () => of('fleet.minutes', 'c').map(({ revision, readings }) => [revision, readings])
  await expect.poll(minutes, { timeout: 40_000 }).toEqual([[1, 1]])
  await send('c', [[57, 4]])
  await expect.poll(minutes, soon).toEqual([
    [1, 1],
    [2, 2],
  ])
})
