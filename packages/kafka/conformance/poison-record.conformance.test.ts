import { servers, uniqueName } from '@weir/testkit'
import { beforeAll, expect, test, vi } from 'vitest'
import type { StalledPartition, Subscription } from '../port.ts'
import { readBack } from './read-back.ts'
import { append, caughtUp, createTopic, processing, stored, values, valueText } from './records.ts'
import { describeDriver, open } from './suite.ts'
import { EXACT, tally } from './tally.ts'
import type { Variant } from './variant.ts'

const RECORDS = 200

let brokers: string[]
beforeAll(async () => ({ brokers } = await servers.kafka()))

async function topicWithPoison(variant: Variant) {
  const kafka = await open(variant, brokers)
  const topic = await createTopic(kafka, uniqueName('poison'), 3)
  const delivery = (await kafka.producer()).delivery()
  const wanted = Array.from({ length: 3 * RECORDS }, (_, i) => `key-${i % 3}:${Math.floor(i / 3)}`)
  for (const [i, value] of wanted.entries()) append(delivery, topic, i % 3, `key-${i % 3}`, value)
  await stored(delivery)
  return { kafka, topic, wanted }
}

/** Returns what the member reports as stalled if half a minute passes without progress. */
function stalledLater(member: Subscription): readonly StalledPartition[] {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31_000 })
  try {
    return member.stalled()
  } finally {
    vi.useRealTimers()
  }
}

describeDriver('poison record', (variant) => {
  test('a handler that throws gets the same records again, in order, while other partitions continue', async () => {
    const { kafka, topic, wanted } = await topicWithPoison(variant)
    const seen: string[] = []
    const attempts: number[] = []
    const member = await kafka.consume(
      { groupId: topic, topics: [topic], startAt: 'earliest', maxBatchRecords: 20 },
      (batch) => {
        if (batch.partition === 1 && values(batch).includes('key-1:90') && attempts.length < 4) {
          attempts.push(batch.offsets[0])
          if (attempts.length === 4)
            expect(seen.filter((value) => !value.startsWith('key-1')).length).toBe(2 * RECORDS)
          throw new Error('poison')
        }
        seen.push(...values(batch))
      },
    )
    await expect.poll(() => seen.length, { timeout: 30_000 }).toBe(3 * RECORDS)
    await member.stop()
    expect(new Set(attempts).size, 'the same batch each time').toBe(1)
    expect(member.restarts).toBeGreaterThanOrEqual(4)
    expect(tally(wanted, seen)).toEqual(EXACT)
  })

  test('a partition is reported as standing still, with the reason, until its handler accepts the records', async () => {
    const { kafka, topic, wanted } = await topicWithPoison(variant)
    const seen: string[] = []
    let poisonous = true
    const options = { groupId: topic, topics: [topic], startAt: 'earliest', maxBatchRecords: 20 } as const
    const member = await kafka.consume(options, (batch) => {
      if (poisonous && values(batch).includes('key-1:90')) throw new TypeError('key-1:90 is poison')
      seen.push(...values(batch))
    })
    const neighbours = (): number => seen.filter((value) => !value.startsWith('key-1')).length
    await expect.poll(neighbours, { timeout: 30_000 }).toBe(2 * RECORDS)
    const stall = { topic, partition: 1, reason: 'its handler rejects (TypeError)' }
    await expect.poll(() => stalledLater(member), { timeout: 30_000 }).toMatchObject([stall])
    const [{ offset, sinceMs }] = stalledLater(member)
    expect([offset <= 90, offset + 20 > 90, sinceMs <= Date.now()]).toEqual([true, true, true])
    expect(member.stalled()).toEqual([])
    poisonous = false
    await expect.poll(() => seen.length, { timeout: 30_000 }).toBe(3 * RECORDS)
    expect(stalledLater(member)).toEqual([])
    await member.stop()
    expect(tally(wanted, seen)).toEqual(EXACT)
  })

  test('the output of a failed attempt of a transformation is not visible', async () => {
    const { kafka, topic, wanted } = await topicWithPoison(variant)
    const output = await createTopic(kafka, `${topic}-out`, 2)
    let failures = 0
    const member = await kafka.transform(
      { groupId: topic, topics: [topic], startAt: 'earliest', maxBatchRecords: 20 },
      processing((batch, out) => {
        for (let i = 0; i < batch.length; i++) {
          append(out, output, batch.partition % 2, `key-${batch.partition}`, valueText(batch, i))
          if (valueText(batch, i) === 'key-1:90' && failures < 3) {
            failures++
            throw new Error('poison')
          }
        }
      }),
    )
    await caughtUp(kafka, topic)
    await member.stop()
    expect(failures).toBe(3)
    expect(tally(wanted, await readBack(brokers, output))).toEqual(EXACT)
  })
})
