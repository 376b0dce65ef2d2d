import { setTimeout as sleep } from 'node:timers/promises'
import { servers, uniqueName } from '@weir/testkit'
import { beforeAll, expect, test } from 'vitest'
import type { RecordBatch } from '../index.ts'
import { createTopic, produceNumbered, values } from './records.ts'
import { describeDriver, open } from './suite.ts'
import { EXACT, tally } from './tally.ts'

const PARTITIONS = 6
const KEYS = 24
const PER_KEY = 400

let brokers: string[]
beforeAll(async () => ({ brokers } = await servers.kafka()))

describeDriver('rebalance mid-batch', (variant) => {
  test('while members join and leave, no partition has two handlers, and no record is lost or reordered', async () => {
    const kafka = await open(variant, brokers)
    const topic = await createTopic(kafka, uniqueName('rebalance'), PARTITIONS)
    await produceNumbered(kafka, topic, KEYS, PER_KEY)

    const seen: string[] = []
    const busy = new Map<number, string>()
    let overlaps = 0
    const member = (name: string) =>
      kafka.consume(
        { groupId: topic, topics: [topic], startAt: 'earliest', maxBatchRecords: 50 },
        async (batch: RecordBatch) => {
          if (busy.has(batch.partition)) overlaps++
          busy.set(batch.partition, name)
          const mine = values(batch) // the batch is valid until the handler settles
          await sleep(15)
          seen.push(...mine)
          busy.delete(batch.partition)
        },
      )

    const first = await member('first')
    await expect.poll(() => seen.length, { timeout: 30_000 }).toBeGreaterThan(500)
    const second = await member('second')
    await expect.poll(() => second.assignments().length, { timeout: 30_000 }).toBe(PARTITIONS / 2)
    await expect.poll(() => first.assignments().length, { timeout: 30_000 }).toBe(PARTITIONS / 2)
    await sleep(300)
    await first.stop()
    await expect.poll(() => second.assignments().length, { timeout: 30_000 }).toBe(PARTITIONS)
    await expect.poll(() => seen.length, { timeout: 60_000 }).toBeGreaterThanOrEqual(KEYS * PER_KEY)
    await second.stop()

    expect(overlaps).toBe(0)
    const wanted = Array.from({ length: KEYS * PER_KEY }, (_, i) => `key-${i % KEYS}:${Math.floor(i / KEYS)}`)
    expect(tally(wanted, seen)).toEqual(EXACT)
    expect((await kafka.admin.lag(topic)).map(({ lag }) => lag)).toEqual(Array(PARTITIONS).fill(0))
  })

  test('a revoked member finishes its handler and commits the batch', async () => {
    const kafka = await open(variant, brokers)
    const topic = await createTopic(kafka, uniqueName('revoke'), 2)
    await produceNumbered(kafka, topic, 10, 10)

    const started: number[] = []
    let finished = 0
    let release = (): void => {}
    const released = new Promise<void>((resolve) => (release = resolve))
    const first = await kafka.consume(
      { groupId: topic, topics: [topic], startAt: 'earliest' },
      async (batch) => {
        started.push(batch.partition)
        await released
        finished += batch.length
      },
    )
    await expect.poll(() => started.length, { timeout: 20_000 }).toBe(2)
    const again: string[] = []
    const second = await kafka.consume(
      { groupId: topic, topics: [topic], startAt: 'earliest' },
      (batch) => void again.push(...values(batch)),
    )
    await sleep(2_500) // the revocation is under way, and the handlers still run
    expect(again).toEqual([])
    release()
    await expect.poll(() => second.assignments().length, { timeout: 20_000 }).toBe(1)
    await expect.poll(() => second.ready() && first.ready(), { timeout: 20_000 }).toBe(true)
    expect(finished).toBe(100)
    expect((await kafka.admin.lag(topic)).map(({ lag }) => lag)).toEqual([0, 0])
    expect(again).toEqual([])
    await Promise.all([first.stop(), second.stop()])
  })
})
