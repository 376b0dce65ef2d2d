import { setTimeout as sleep } from 'node:timers/promises'
import { servers, uniqueName } from '@weir/testkit'
import { beforeAll, expect, test } from 'vitest'
import { caughtUp, createTopic, produceNumbered, values } from './records.ts'
import { describeDriver, open } from './suite.ts'

let brokers: string[]
beforeAll(async () => ({ brokers } = await servers.kafka()))

describeDriver('gathering batches', (variant) => {
  test('a batch is delivered when it is full, or when its time is over', async () => {
    const kafka = await open(variant, brokers)
    const topic = await createTopic(kafka, uniqueName('gather'), 1)
    const batches: { at: number; records: string[] }[] = []
    const options = {
      groupId: topic,
      topics: [topic],
      startAt: 'earliest',
      maxBatchRecords: 10,
      gather: { ms: 1500, bytes: 1 << 20 },
    } as const
    const subscription = await kafka.consume(
      options,
      (batch) => void batches.push({ at: Date.now(), records: values(batch) }),
    )
    await expect.poll(() => subscription.ready()).toBe(true)
    const began = Date.now()
    for (let i = 0; i < 8; i++) {
      await produceNumbered(kafka, topic, 1, 3, i * 3)
      await sleep(20)
    }
    await expect.poll(() => batches.length, { timeout: 10_000 }).toBe(3)
    expect(batches.map(({ records }) => records.length)).toEqual([10, 10, 4])
    expect(batches.flatMap(({ records }) => records)).toEqual(
      Array.from({ length: 24 }, (_, i) => `key-0:${i}`),
    )
    expect(batches[1].at - began).toBeLessThan(1500)
    expect(batches[2].at - batches[1].at).toBeGreaterThan(1000)
    await caughtUp(kafka, topic)
  })

  test('a batch is delivered when it has enough bytes, and a stop does not wait for more', async () => {
    const kafka = await open(variant, brokers)
    const topic = await createTopic(kafka, uniqueName('gather-bytes'), 1)
    const lengths: number[] = []
    const options = {
      groupId: topic,
      topics: [topic],
      startAt: 'earliest',
      gather: { ms: 60_000, bytes: 2000 },
    } as const
    const subscription = await kafka.consume(options, (batch) => void lengths.push(batch.length))
    await expect.poll(() => subscription.ready()).toBe(true)
    for (let i = 0; i < 10; i++) await produceNumbered(kafka, topic, 1, 20, i * 20)
    await expect.poll(() => lengths.length, { timeout: 10_000 }).toBeGreaterThan(0)
    expect(lengths[0]).toBeGreaterThan(20)
    const began = Date.now()
    await subscription.stop()
    expect(Date.now() - began).toBeLessThan(2000)
  })
})
