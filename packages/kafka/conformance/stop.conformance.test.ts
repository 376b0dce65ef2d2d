import { setTimeout as sleep } from 'node:timers/promises'
import { servers, uniqueName } from '@weir/testkit'
import { beforeAll, expect, test } from 'vitest'
import { append, caughtUp, createTopic, produceNumbered, stored, values } from './records.ts'
import { describeDriver, open } from './suite.ts'
import { EXACT, tally } from './tally.ts'

let brokers: string[]
beforeAll(async () => ({ brokers } = await servers.kafka()))

const groupState = async (
  kafka: Awaited<ReturnType<typeof open>>,
  groupId: string,
): Promise<string | undefined> =>
  (await kafka.admin.groups()).find((group) => group.groupId === groupId)?.state

describeDriver('stop', (variant) => {
  test('after a clean stop no record is delivered twice', async () => {
    const kafka = await open(variant, brokers)
    const topic = await createTopic(kafka, uniqueName('clean-stop'), 4)
    await produceNumbered(kafka, topic, 8, 500)
    const seen: string[] = []
    for (let run = 0; run < 4; run++) {
      const before = seen.length
      const member = await kafka.consume(
        { groupId: topic, topics: [topic], startAt: 'earliest', maxBatchRecords: 100 },
        async (batch) => {
          const mine = values(batch)
          await sleep(5)
          seen.push(...mine)
        },
      )
      await expect.poll(() => seen.length > before, { timeout: 20_000, interval: 5 }).toBe(true)
      if (run === 3) await expect.poll(() => seen.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(4_000)
      await member.stop()
      const at = seen.length
      await sleep(20)
      expect(seen.length, 'a handler ran after stop()').toBe(at)
    }
    expect(
      tally(
        Array.from({ length: 4_000 }, (_, i) => `key-${i % 8}:${Math.floor(i / 8)}`),
        seen,
      ),
    ).toEqual(EXACT)
    expect(await groupState(kafka, topic)).toBe('Empty')
  })

  test('a member that is stopped while it joins leaves at once and does not delay the group', async () => {
    const kafka = await open(variant, brokers)
    const topic = await createTopic(kafka, uniqueName('stop-during-join'), 2)
    await produceNumbered(kafka, topic, 2, 10)
    // This member's handler delays the rebalance, so that the next member waits in the middle of its join.
    let release = (): void => {}
    const released = new Promise<void>((resolve) => (release = resolve))
    let handling = 0
    const holder = await kafka.consume({ groupId: topic, topics: [topic], startAt: 'earliest' }, async () => {
      handling++
      await released
    })
    await expect.poll(() => handling, { timeout: 20_000 }).toBe(2)
    for (const wait of [0, 50, 700]) {
      const joining = await kafka.consume({ groupId: topic, topics: [topic], startAt: 'earliest' }, () => {})
      await sleep(wait)
      const began = Date.now()
      await joining.stop()
      expect(Date.now() - began).toBeLessThan(5_000)
      expect(joining.ready()).toBe(false)
    }
    release()
    await expect.poll(() => holder.ready() && holder.assignments().length, { timeout: 30_000 }).toBe(2)
    await caughtUp(kafka, topic)
    await holder.stop()
    await expect.poll(() => groupState(kafka, topic), { timeout: 5_000 }).toBe('Empty')
  })

  test('a handler that does not end in time is aborted, and its batch is redelivered', async () => {
    const kafka = await open(variant, brokers)
    const topic = await createTopic(kafka, uniqueName('drain-over'), 1)
    await produceNumbered(kafka, topic, 1, 5)
    let aborted = false
    let handling = false
    const member = await kafka.consume(
      { groupId: topic, topics: [topic], startAt: 'earliest' },
      async (_batch, signal) => {
        handling = true
        await sleep(60_000, undefined, { signal }).catch(() => (aborted = true))
      },
    )
    await expect.poll(() => handling, { timeout: 20_000 }).toBe(true)
    const began = Date.now()
    await member.stop(300)
    expect(Date.now() - began).toBeLessThan(4_000)
    expect(aborted).toBe(true)
    const seen: string[] = []
    const next = await kafka.consume(
      { groupId: topic, topics: [topic], startAt: 'earliest' },
      (batch) => void seen.push(...values(batch)),
    )
    await expect.poll(() => seen.length, { timeout: 20_000 }).toBe(5)
    await next.stop()
  })

  test('a stopped producer stores its queued records and refuses later ones', async () => {
    const kafka = await open(variant, brokers)
    const topic = await createTopic(kafka, uniqueName('producer-stop'), 1)
    const producer = await kafka.producer()
    const delivery = producer.delivery()
    for (let i = 0; i < 1_000; i++) append(delivery, topic, 0, 'key', `key:${i}`)
    const settled = delivery.settled()
    await producer.stop()
    expect(await settled).toEqual([])
    const late = producer.delivery()
    expect(() => append(late, topic, 0, 'key', 'key:1000')).toThrow(
      expect.objectContaining({ code: 'stopped' }),
    )
    expect(await late.settled()).toEqual([])
    expect((await kafka.admin.offsets(topic))[0].latest).toBe(1_000)
    await stored(delivery)
  })
})
