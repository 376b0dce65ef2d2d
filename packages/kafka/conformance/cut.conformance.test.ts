import { servers, uniqueName } from '@weir/testkit'
import { beforeAll, expect, test } from 'vitest'
import { createTopic, produceNumbered, values } from './records.ts'
import { describeDriver, open } from './suite.ts'

let brokers: string[]
beforeAll(async () => ({ brokers } = await servers.kafka()))

const RECORDS = 20
/** Cuts batches where a multiple of seven begins. */
const cut = async ({ offsets, length }: { offsets: Float64Array; length: number }): Promise<number> => {
  const next = Array.from(offsets.subarray(1, length)).findIndex((offset) => offset % 7 === 0)
  return next < 0 ? length : next + 1
}
const parts = [
  [0, 7],
  [7, 14],
  [14, 20],
].map(([from, to]) => Array.from({ length: to - from }, (_, i) => `key-0:${from + i}`))

describeDriver('cutting batches', (variant) => {
  test('a transformation gets each part alone, after the commit of the previous one, and again if it fails', async () => {
    const kafka = await open(variant, brokers)
    const topic = await createTopic(kafka, uniqueName('cut'), 1)
    await produceNumbered(kafka, topic, 1, RECORDS)
    const seen: string[][] = []
    let failures = 0
    const subscription = await kafka.transform(
      { groupId: topic, topics: [topic], startAt: 'earliest', cut },
      () => ({
        process: async (batch) => {
          const [{ committed }] = await kafka.admin.lag(topic)
          expect(Math.max(0, committed)).toBe(batch.offsets[0])
          if (batch.offsets[0] === 7 && failures++ === 0) throw new Error('not yet')
          seen.push(values(batch))
        },
      }),
    )
    await expect.poll(() => seen, { timeout: 15_000 }).toEqual(parts)
    expect(failures).toBe(2)
    await subscription.stop()
  })

  test('a consumer gets the same parts as a transformation', async () => {
    const kafka = await open(variant, brokers)
    const topic = await createTopic(kafka, uniqueName('cut'), 1)
    await produceNumbered(kafka, topic, 1, RECORDS)
    const seen: string[][] = []
    const subscription = await kafka.consume(
      { groupId: topic, topics: [topic], startAt: 'earliest', cut },
      (batch) => void seen.push(values(batch)),
    )
    await expect.poll(() => seen, { timeout: 15_000 }).toEqual(parts)
    await subscription.stop()
  })
})
