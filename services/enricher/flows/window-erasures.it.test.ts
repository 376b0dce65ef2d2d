/** Windows of trucks in a real enricher: looked at, and erased by their owner, who is killed in between. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { applyTopics, registerContracts } from '@weir/catalogue'
import { type Codec, openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import { sampleOf } from '@weir/contracts'
import {
  appendRecord,
  encodeValue,
  type Kafka,
  kafkaConfig,
  openKafka,
  type Producer,
  partitionOfKey,
  writeRecord,
  writeRecords,
} from '@weir/kafka'
import { logger } from '@weir/service'
import { solutions, topics } from '@weir/solutions'
import type { TruckMinute, TruckReading } from '@weir/solutions/fleet-anomalies/generated/types.ts'
import { statesOf } from '@weir/solutions/states.ts'
import { States } from '@weir/state'
import { kafkaCluster, servers } from '@weir/testkit'
import { type ServiceProcess, startService, untilReady } from '@weir/testkit/service-process.ts'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'

const SOURCE = 'fleet.readings'
const STATE = 'fleet.minutes.open'
const ERASURES = 'fleet.minutes.erasures'
const SECOND = 1000
const MINUTE_MS = 60 * SECOND
const PARTITION = 5
const KILL_MS = 180_000
const soon = { timeout: 20_000 }
const sample = sampleOf(topics, SOURCE) as TruckReading
const start = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 20 * MINUTE_MS
/** All in the same partition, so that the readings of one move the time of all. */
const [gone, kept, clock, other] = Array.from({ length: 1000 }, (_, i) => `truck-${i}`).filter(
  (key) => partitionOfKey(key, topics[SOURCE].partitions) === PARTITION,
)

const dir = mkdtempSync(join(tmpdir(), 'weir-window-erasures-'))
const log = logger('window-erasures-test')
log.level = 'silent'
const minutes: TruckMinute[] = []
const stops: (() => Promise<unknown>)[] = []
let env: Record<string, string>
let kafka: Kafka
let codec: Codec
let producer: Producer

beforeAll(async () => {
  const [cluster, { url: registryUrl }, { url: redisUrl }] = await Promise.all([
    kafkaCluster({ brokers: 1 }),
    servers.registry(),
    servers.redis(),
  ])
  env = {
    KAFKA_BROKERS: cluster.brokers.join(),
    REGISTRY_URL: registryUrl,
    REDIS_URL: redisUrl,
    ALLOW_ANONYMOUS: 'true',
    WEIR_SOLUTIONS: 'fleet-anomalies',
    STATE_DIR: join(dir, 'state'),
    FUNCTIONS_FOLDER: join(dir, 'functions'),
  }
  const opened = await openKafka(readConfig({ KAFKA_BROKERS: env.KAFKA_BROKERS }, kafkaConfig), log)
  kafka = opened.value
  await applyTopics(kafka.admin, { topics, replicas: 1 })
  await registerContracts(registryUrl, topics)
  const known = await openCodec({ topics, url: registryUrl }, log)
  codec = known.value
  producer = await kafka.producer()
  const reader = await codec.reader('fleet.minutes')
  const reading = await kafka.read(
    { topics: ['fleet.minutes'], from: 'earliest', until: 'stopped' },
    async (batch) => {
      await reader.prepare(batch)
      for (let i = 0; i < batch.length; i++)
        minutes.push(reader.decode(batch.bytes, batch.valueStart[i], batch.valueEnd[i]) as TruckMinute)
    },
  )
  stops.push(
    cluster.stop,
    opened.stop,
    known.stop,
    () => producer.stop(),
    () => reading.stop(),
  )
})
afterAll(async () => {
  for (const stop of stops.toReversed()) await stop()
  rmSync(dir, { recursive: true, force: true })
})

async function startEnricher(): Promise<ServiceProcess> {
  const service = await startService('enricher', env)
  onTestFinished(() => service.kill('SIGKILL'))
  await untilReady(service)
  return service
}

/** Sends a reading of a truck at each of these seconds after the start. */
async function send(truckId: string, seconds: readonly number[], containerTemperature: number) {
  const writer = await codec.writer(SOURCE)
  await writeRecords(producer, (out) => {
    for (const second of seconds) {
      const reading = { ...sample, truckId, containerTemperature, eventTime: start + second * SECOND }
      const value = encodeValue(writer, reading)
      appendRecord(out, { topic: SOURCE, partition: PARTITION, key: truckId, value })
    }
  })
}

async function ask(url: string, path: string, method = 'GET'): Promise<[status: number, body: any]> {
  const response = await fetch(`${url}/v1/states${path}`, { method })
  return [response.status, await response.json()]
}
const one = (truck: string): string => `/${STATE}?${new URLSearchParams({ key: truck })}`
const keysIn = async (url: string): Promise<string[]> =>
  (await ask(url, `/${STATE}/keys`))[1].keys.map(({ key }: { key: string }) => key)
/** The results of a truck: their minutes, numbers, readings and highest temperatures. */
const resultsOf = (truck: string) =>
  minutes
    .filter(({ truckId }) => truckId === truck)
    .map(({ minute, revision, readings, container }) => [
      (Number(minute) - start) / MINUTE_MS,
      revision,
      readings,
      container?.greatest,
    ])

test('later results hold nothing of an erased truck, and the others are as they were', async () => {
  const { url } = await startEnricher()
  await send(gone, [1, 2, 3], 90)
  await send(kept, [1, 2, 3], 10)
  await expect.poll(() => keysIn(url), soon).toEqual([gone, kept].sort())
  expect(await ask(url, '')).toEqual([200, { states: [STATE] }])
  const [, shown] = await ask(url, one(gone))
  expect(shown).toMatchObject({ key: gone, partition: PARTITION })
  expect(shown.value.windows).toHaveLength(1)

  expect(await ask(url, one(gone), 'DELETE')).toEqual([200, { outcome: 'erased' }])
  expect(await ask(url, one(gone))).toEqual([404, expect.anything()])
  expect(await ask(url, one(gone), 'DELETE')).toEqual([404, expect.anything()])
  // The empty key has the time of the partition, which does not go back.
  expect(await ask(url, `/${STATE}?key=`, 'DELETE')).toEqual([400, expect.anything()])
  const value = encodeValue(await codec.writer(ERASURES), { by: 'test', at: Date.now() })
  await writeRecord(producer, { topic: ERASURES, partition: PARTITION, key: Buffer.alloc(0), value })
  await send(gone, [4, 5], 20)
  await send(kept, [4], 11)
  await send(clock, [70], 0)
  await expect.poll(() => resultsOf(kept), soon).toEqual([[0, 1, 4, 11]])
  expect(resultsOf(gone)).toEqual([[0, 1, 2, 20]])
})

test(
  'what is asked for before a kill is done after it, and the truck has no result',
  async () => {
    const owner = await startEnricher()
    await send(kept, [121, 122], 12)
    await send(other, [121, 122], 90)
    await expect.poll(() => ask(owner.url, one(other)), soon).toMatchObject([200, { key: other }])
    owner.kill('SIGSTOP')
    const state = statesOf(solutions).find(({ topic }) => topic === STATE)
    const states = new States({ kafka, codec, producer, topics, states: [], log })
    const signal = AbortSignal.timeout(30_000)
    expect(await states.erase(state!, Buffer.from(other), 'test', 500, signal)).toBe('asked')
    owner.kill('SIGKILL')
    await owner.exited

    const heir = await startEnricher()
    await expect.poll(() => ask(heir.url, one(other)), { timeout: 60_000 }).toMatchObject([404, {}])
    await send(clock, [190], 0)
    await expect.poll(() => resultsOf(kept), { timeout: 60_000 }).toContainEqual([2, 1, 2, 12])
    expect(resultsOf(other)).toEqual([])
    expect(await keysIn(heir.url)).not.toContain(other)
  },
  KILL_MS,
)
