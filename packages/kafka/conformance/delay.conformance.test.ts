import { servers, uniqueName } from '@weir/testkit'
import { beforeAll, expect, test } from 'vitest'
import { createTopic, produceNumbered, values } from './records.ts'
import { describeDriver, open } from './suite.ts'

let brokers: string[]
beforeAll(async () => ({ brokers } = await servers.kafka()))

const DELAY_MS = 1500

describeDriver('holding records back', (variant) => {
  test('a transformation gets each record when its time has come, and not the later ones with it', async () => {
    const kafka = await open(variant, brokers)
    const topic = await createTopic(kafka, uniqueName('delay'), 1)
    await produceNumbered(kafka, topic, 1, 5)
    const seen: { readonly values: string[]; readonly lateMs: number }[] = []
    const subscription = await kafka.transform(
      { groupId: topic, topics: [topic], startAt: 'earliest', delayMs: () => DELAY_MS },
      () => ({
        process: (batch) =>
          void seen.push({ values: values(batch), lateMs: Date.now() - batch.timestamps[0] - DELAY_MS }),
      }),
    )
    await new Promise((resolve) => setTimeout(resolve, DELAY_MS / 2))
    await produceNumbered(kafka, topic, 1, 3)
    await expect.poll(() => seen.flatMap((batch) => batch.values).length, { timeout: 15_000 }).toBe(8)
    expect(seen.flatMap((batch) => batch.values.length)).not.toContain(8)
    for (const { lateMs } of seen) expect(lateMs).toBeGreaterThanOrEqual(0)
    expect(Math.min(...seen.map(({ lateMs }) => lateMs))).toBeLessThan(1000)
    await subscription.stop()
  })

  test('a stop does not wait for records that are held back, and the next member gets them', async () => {
    const kafka = await open(variant, brokers)
    const topic = await createTopic(kafka, uniqueName('delay'), 1)
    await produceNumbered(kafka, topic, 1, 5)
    const options = { groupId: topic, topics: [topic], startAt: 'earliest' } as const
    const none: string[] = []
    const first = await kafka.consume(
      { ...options, delayMs: () => 3_600_000 },
      (batch) => void none.push(...values(batch)),
    )
    await expect.poll(() => first.assignments()[0]?.endOffset, { timeout: 15_000 }).toBe(5)
    const from = Date.now()
    await first.stop(10_000)
    expect(Date.now() - from).toBeLessThan(5000)
    expect(none).toEqual([])
    const seen: string[] = []
    const second = await kafka.consume(options, (batch) => void seen.push(...values(batch)))
    await expect.poll(() => seen.length, { timeout: 15_000 }).toBe(5)
    await second.stop()
  })
})
