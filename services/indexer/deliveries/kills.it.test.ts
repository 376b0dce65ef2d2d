/**
 * Two replicas are killed again and again, Kafka and the store too, and requests to the store fail in all ways. Then
 * each record of the source is in exactly one object. With WEIR_FAULTS=long there are twenty kills.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { deliveredTopic, NO_PROCESSING } from '@weir/deliveries'
import type { ServiceProcess } from '@weir/testkit/service-process.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  bucketOf,
  FAILURE,
  failed,
  linesOf,
  openWorld,
  startIndexer,
  type World,
} from '../testing/deliveries.ts'
import { type FlakyStore, startFlakyStore } from '../testing/flaky-store.ts'

const KILLS = process.env.WEIR_FAULTS === 'long' ? 20 : 6
const PARTITIONS = 3
const SETTLE_MS = 90_000
/** Each record begins with its part. */
const PARTS = ['ok', 'ok', 'processing-failed', 'decompression-failed'] as const

let world: World
let store: FlakyStore
const replicas: (ServiceProcess | undefined)[] = [undefined, undefined]

const startReplica = async (i: number): Promise<void> => {
  replicas[i] = await startIndexer(world, store.url)
}

beforeAll(async () => {
  world = await openWorld()
  store = await startFlakyStore(world.store.url, Math.random)
  await Promise.all([startReplica(0), startReplica(1)])
}, 180_000)
afterAll(async () => {
  for (const replica of replicas) replica?.kill('SIGKILL')
  await Promise.all(replicas.map((replica) => replica?.exited))
  await store?.stop()
  await world?.stop()
}, 60_000)

test('each record is in exactly one object', { timeout: 900_000 }, async () => {
  const settings = { intervalSeconds: 1, compression: 'GZIP', processing: NO_PROCESSING } as const
  const stream = await world.create(settings, { partitions: PARTITIONS })
  store.flaky = true
  let [isWriting, number] = [true, 0]
  const writing = (async () => {
    while (isWriting) {
      const part = PARTS[Math.floor(Math.random() * PARTS.length)]
      const headers = part === 'ok' ? {} : failed({ ...FAILURE, outputType: part })
      const count = 1 + Math.floor(Math.random() * 40)
      const records = Array.from({ length: count }, () => `${part} ${number++}`)
      // A record that failed may be stored nevertheless; the topic itself says which ones are.
      await world.put(stream, number % PARTITIONS, records, headers).catch(() => {})
      await pause(5)
    }
  })()
  for (let kill = 1; kill <= KILLS; kill++) {
    await pause(500 + Math.random() * 4000)
    if (kill % 4 === 0) {
      await world.cluster.kill(0)
      await pause(Math.random() * 2000)
      await world.cluster.restart(0)
      continue
    }
    if (kill % 4 === 2) {
      await world.store.kill()
      await pause(Math.random() * 2000)
      await world.store.restart()
      continue
    }
    const i = (kill >> 1) % 2
    replicas[i]!.kill('SIGKILL')
    await replicas[i]!.exited
    await pause(Math.random() * 2000)
    await startReplica(i)
  }
  isWriting = false
  await writing
  store.flaky = false

  const source = await recordsOf(deliveredTopic(stream))
  const delivered = async () => recordsIn(await world.objects(bucketOf(stream)))
  const count = source.reduce((sum, records) => sum + records.length, 0)
  await expect.poll(async () => (await delivered()).length, { timeout: SETTLE_MS, interval: 500 }).toBe(count)
  console.info(
    `${count} records, ${(await world.objects(bucketOf(stream))).size} objects, ${JSON.stringify(store.failures)}`,
  )
  expect((await delivered()).sort()).toEqual(source.flat().sort())
  // Each object has successive records of a part of one partition, in their order.
  for (const [key, bytes] of await world.objects(bucketOf(stream))) {
    const lines = recordsIn(new Map([[key, bytes]]))
    const [part] = lines[0].split(' ')
    const partition = source
      .find((records) => records.includes(lines[0]))!
      .filter((record) => record.startsWith(`${part} `))
    const from = partition.indexOf(lines[0])
    expect(lines).toEqual(partition.slice(from, from + lines.length))
    expect(part).toBe(/^[a-z-]+(?=\/)/.exec(key)?.[0] ?? 'ok')
  }
  await pause(3000)
  expect((await delivered()).length).toBe(count)
})

/** The records of objects; failed ones are in JSON. */
const recordsIn = (objects: ReadonlyMap<string, Buffer>): string[] =>
  linesOf(objects).map((line) =>
    line.startsWith('{') ? Buffer.from(JSON.parse(line).rawData, 'base64').toString() : line,
  )

/** The values of a topic, by partition. */
async function recordsOf(topic: string): Promise<string[][]> {
  const found: string[][] = Array.from({ length: PARTITIONS }, () => [])
  const reading = await world.kafka.read({ topics: [topic], from: 'earliest', until: 'end' }, (batch) => {
    for (let i = 0; i < batch.length; i++)
      found[batch.partition].push(batch.bytes.toString('latin1', batch.valueStart[i], batch.valueEnd[i]))
  })
  await reading.done
  return found
}
