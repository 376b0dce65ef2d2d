/**
 * A broker that is the whole cluster, as on a laptop, dies in the middle of many transactions. Kafka 4.3 then
 * loses ends of transactions (client/transform/lost-markers.ts); with this many partitions, about every other
 * kill does.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type KafkaCluster, kafkaCluster, uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Kafka, openKafka } from '../index.ts'
import { type Load, startLoad } from './load.ts'
import { readBack } from './read-back.ts'
import { append, caughtUp, createTopic, keyText, processing, valueText } from './records.ts'
import { LONGER } from './suite.ts'
import { EXACT, tally } from './tally.ts'
import { configOf, nameOf, VARIANTS } from './variant.ts'

const KILLS = 4 * LONGER
const PARTITIONS = 16

let cluster: KafkaCluster
const running = new Map<
  string,
  { kafka: Kafka; input: string; output: string; load: Load; stop(): Promise<void> }
>()

beforeAll(async () => {
  cluster = await kafkaCluster({ brokers: 1 })
  for (const variant of VARIANTS) {
    const { value: kafka, stop } = await openKafka(configOf(variant, cluster.brokers))
    const input = await createTopic(kafka, uniqueName('lone'), PARTITIONS)
    const output = await createTopic(kafka, `${input}-out`, PARTITIONS)
    const copy = await kafka.transform(
      { groupId: input, topics: [input], startAt: 'earliest' },
      processing((batch, out) => {
        for (let i = 0; i < batch.length; i++)
          append(out, output, batch.partition, keyText(batch, i), valueText(batch, i))
      }),
    )
    await vi.waitUntil(() => copy.ready(), { timeout: 60_000 })
    running.set(nameOf(variant), { kafka, input, output, load: await startLoad(kafka, input, 64, 400), stop })
  }
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(2_000)
    await cluster.kill(0)
    await cluster.restart(0)
  }
  await sleep(2_000)
  await Promise.all([...running.values()].map(({ load }) => load.stop()))
}, 200_000 * LONGER)

afterAll(async () => {
  await Promise.all([...running.values()].map(({ load }) => load.stop()))
  await Promise.all([...running.values()].map(({ stop }) => stop()))
  await cluster.stop()
})

describe.each([...VARIANTS.map(nameOf)])('after a lone broker was killed again and again (%s)', (name) => {
  test('every partition continues, and the output is the input, once and in order', async () => {
    const { kafka, input, output, load } = running.get(name)!
    await caughtUp(kafka, input, 90_000)
    const written = await readBack(cluster.brokers, input)
    expect(load.stored.length).toBeGreaterThan(2_000)
    expect(tally(load.stored, written)).toEqual(EXACT)
    const wanted = written.map(({ value }) => value!.toString())
    let copied = await readBack(cluster.brokers, output)
    // Ends that the broker lost are looked for a second after it is back, and again until none is left.
    for (const until = Date.now() + 30_000; copied.length < wanted.length && Date.now() < until; ) {
      await sleep(500)
      copied = await readBack(cluster.brokers, output)
    }
    expect(copied.length).toBe(wanted.length)
    expect(tally(wanted, copied)).toEqual(EXACT)
  }, 120_000)
})
