import { setTimeout as sleep } from 'node:timers/promises'
import { type KafkaCluster, kafkaCluster, uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Kafka, openKafka, partitionFor, type Subscription } from '../index.ts'
import { type Load, startLoad } from './load.ts'
import { readBack } from './read-back.ts'
import { append, caughtUp, createTopic, keyText, processing, values, valueText } from './records.ts'
import { LONGER } from './suite.ts'
import { EXACT, tally } from './tally.ts'
import { configOf, nameOf, VARIANTS } from './variant.ts'

/** Milliseconds that a broker stays away: longer than the cluster takes to elect other leaders. */
const AWAY = 6_000
const ROUNDS = LONGER
const PARTITIONS = 3
const OUTPUTS = 2

/** Everything that a variant does concurrently while brokers come and go. */
interface Running {
  readonly kafka: Kafka
  readonly input: string
  readonly output: string
  readonly load: Load
  readonly copy: Subscription
  readonly reader: Subscription
  readonly consumed: string[]
  stop(): Promise<void>
}

let cluster: KafkaCluster
const running = new Map<string, Running>()

beforeAll(async () => {
  cluster = await kafkaCluster({ brokers: 3 })
  for (const variant of VARIANTS) {
    const { value: kafka, stop } = await openKafka(configOf(variant, cluster.brokers))
    const input = await createTopic(kafka, uniqueName('loss'), PARTITIONS)
    const output = await createTopic(kafka, `${input}-out`, OUTPUTS)
    const consumed: string[] = []
    const copy = await kafka.transform(
      { groupId: `${input}-copy`, topics: [input], startAt: 'earliest' },
      processing((batch, out) => {
        for (let i = 0; i < batch.length; i++) {
          const { bytes, keyStart, keyEnd } = batch
          append(
            out,
            output,
            partitionFor(bytes, keyStart[i], keyEnd[i], OUTPUTS),
            keyText(batch, i),
            valueText(batch, i),
          )
        }
      }),
    )
    const reader = await kafka.consume(
      { groupId: `${input}-reader`, topics: [output], startAt: 'earliest' },
      (batch) => void consumed.push(...values(batch)),
    )
    await vi.waitUntil(() => copy.ready() && reader.ready(), { timeout: 60_000 })
    const load = await startLoad(kafka, input, 24, 150)
    running.set(nameOf(variant), { kafka, input, output, load, copy, reader, consumed, stop })
  }

  await sleep(1_000)
  for (let round = 0; round < ROUNDS; round++) {
    for (const i of [0, 1, 2]) {
      await cluster.kill(i)
      await sleep(AWAY)
      await cluster.restart(i)
      await sleep(1_000)
    }
  }
  // The broker hangs: its connections stay open, and it does not answer.
  cluster.pause(0)
  await sleep(AWAY)
  cluster.resume(0)
  await Promise.all([...running.values()].map(({ load }) => load.stop()))
}, 300_000 * LONGER)

afterAll(async () => {
  await Promise.all([...running.values()].map(({ load }) => load.stop()))
  await Promise.all([...running.values()].map(({ stop }) => stop()))
  await cluster.stop()
})

describe.each([...VARIANTS.map(nameOf)])(
  'while brokers are killed in turn, and one is paused, under load (%s)',
  (name) => {
    test('the producer does not lose, duplicate or reorder records', async () => {
      const { input, load } = running.get(name)!
      const written = await readBack(cluster.brokers, input)
      expect(load.stored.length).toBeGreaterThan(2_000)
      expect(tally(load.stored, written)).toEqual(EXACT)
      expect(load.failures).toEqual([])
    })

    test('the transformation writes its whole input, once and in order', async () => {
      const { kafka, input, output } = running.get(name)!
      await caughtUp(kafka, `${input}-copy`, 60_000)
      const wanted = (await readBack(cluster.brokers, input)).map(({ value }) => value!.toString())
      const written = await readBack(cluster.brokers, output)
      expect(written.length).toBe(wanted.length)
      expect(tally(wanted, written)).toEqual(EXACT)
    })

    test('the consumer misses nothing, and sees repeated records in order', async () => {
      const { kafka, input, output, consumed } = running.get(name)!
      await caughtUp(kafka, `${input}-reader`, 60_000)
      const wanted = (await readBack(cluster.brokers, output)).map(({ value }) => value!.toString())
      expect(tally(wanted, consumed)).toMatchObject({ lost: 0, inversions: 0 })
    })
  },
)
