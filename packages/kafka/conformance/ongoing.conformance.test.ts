import { setTimeout as sleep } from 'node:timers/promises'
import { servers, uniqueName } from '@weir/testkit'
import { beforeAll, expect, test } from 'vitest'
import { createTopic, produceNumbered, values } from './records.ts'
import { describeDriver, open } from './suite.ts'

let brokers: string[]
beforeAll(async () => ({ brokers } = await servers.kafka()))

describeDriver('batches that stay open behind their handler', (variant) => {
  /** A member with one record per batch; the test settles the batches. */
  async function member() {
    const kafka = await open(variant, brokers)
    const topic = await createTopic(kafka, uniqueName('ongoing'), 1)
    await produceNumbered(kafka, topic, 1, 6)
    const batches: {
      readonly records: string[]
      readonly signal: AbortSignal
      readonly done: PromiseWithResolvers<void>
    }[] = []
    const join = () =>
      kafka.consume(
        { groupId: topic, topics: [topic], startAt: 'earliest', maxBatchRecords: 1 },
        async (batch, signal) => {
          const done = Promise.withResolvers<void>()
          batches.push({ records: values(batch), signal, done })
          return { done: done.promise }
        },
      )
    const committed = async (): Promise<number> => (await kafka.admin.lag(topic))[0]?.committed ?? -1
    return { kafka, topic, batches, join, committed }
  }

  test('do not delay the next batches, and their offsets are committed in order', async () => {
    const { batches, join, committed } = await member()
    const subscription = await join()
    await expect.poll(() => batches.length, { timeout: 20_000 }).toBe(6)
    batches[1].done.resolve()
    batches[2].done.resolve()
    await sleep(500)
    expect(await committed()).toBeLessThan(1)
    batches[0].done.resolve()
    await expect.poll(committed, { timeout: 5000 }).toBe(3)
    for (const { done } of batches.slice(3)) done.resolve()
    await subscription.stop()
    expect(await committed()).toBe(6)
  })

  test('are awaited by a stop for a limited time, and delivered again if they are still open then', async () => {
    const { batches, join, committed } = await member()
    const first = await join()
    await expect.poll(() => batches.length, { timeout: 20_000 }).toBe(6)
    batches[0].done.resolve()
    batches[1].done.resolve()
    setTimeout(batches[2].done.resolve, 200)
    await first.stop(1000)
    expect(batches[3].signal.aborted).toBe(true)
    expect(await committed()).toBe(3)
    const second = await join()
    await expect.poll(() => batches.length, { timeout: 20_000 }).toBe(9)
    expect(batches.slice(6).flatMap(({ records }) => records)).toEqual(['key-0:3', 'key-0:4', 'key-0:5'])
    // A batch that ends late changes nothing.
    for (const { done } of batches.slice(3, 6)) done.resolve()
    batches[6].done.resolve()
    batches[7].done.reject(new Error('not to be done here'))
    batches[8].done.resolve()
    await second.stop()
    expect(await committed()).toBe(4)
  })
})
