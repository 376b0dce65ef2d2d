import { setTimeout as sleep } from 'node:timers/promises'
import { servers, uniqueName } from '@weir/testkit'
import { beforeAll, expect, test } from 'vitest'
import { readBack } from './read-back.ts'
import { append, caughtUp, createTopic, processing, produceNumbered, values, valueText } from './records.ts'
import { describeDriver, open } from './suite.ts'
import { EXACT, tally } from './tally.ts'

let brokers: string[]
beforeAll(async () => ({ brokers } = await servers.kafka()))

describeDriver('transactions', (variant) => {
  test('output and offsets become visible together after a commit, and never after an abort', async () => {
    const kafka = await open(variant, brokers)
    const topic = await createTopic(kafka, uniqueName('commit-abort'), 1)
    const output = await createTopic(kafka, `${topic}-out`, 3)
    await produceNumbered(kafka, topic, 1, 30)

    const seen: string[] = []
    const reading = await kafka.read(
      { topics: [output], from: 'earliest', until: 'stopped' },
      (batch) => void seen.push(...values(batch)),
    )
    let attempt = 0
    let release = (): void => {}
    const released = new Promise<void>((resolve) => (release = resolve))
    const member = await kafka.transform(
      { groupId: topic, topics: [topic], startAt: 'earliest' },
      processing(async (batch, out) => {
        attempt++
        for (let i = 0; i < batch.length; i++) append(out, output, i % 3, 'key-0', valueText(batch, i))
        if (attempt === 1) throw new Error('this attempt is aborted')
        await released
      }),
    )
    await expect.poll(() => attempt, { timeout: 20_000 }).toBe(2)
    await sleep(500)
    expect(seen).toEqual([])
    release()
    await expect.poll(() => seen.length, { timeout: 20_000 }).toBe(30)
    expect((await kafka.admin.lag(topic))[0]).toMatchObject({ committed: 30, lag: 0 })
    await member.stop()
    await reading.stop()
    expect(
      tally(
        Array.from({ length: 30 }, (_, i) => `key-0:${i}`),
        await readBack(brokers, output),
      ),
    ).toMatchObject({ lost: 0, doubled: 0 })
  })

  test('an idle transactional topic reaches lag 0, for groups and for readers', async () => {
    const kafka = await open(variant, brokers)
    const topic = await createTopic(kafka, uniqueName('idle'), 2)
    const output = await createTopic(kafka, `${topic}-out`, 2)
    await produceNumbered(kafka, topic, 4, 50)
    const copy = await kafka.transform(
      { groupId: `${topic}-copy`, topics: [topic], startAt: 'earliest' },
      processing((batch, out) => {
        for (let i = 0; i < batch.length; i++)
          append(out, output, batch.partition, valueText(batch, i).split(':')[0], valueText(batch, i))
      }),
    )
    const seen: string[] = []
    const [plain, chained] = await Promise.all([
      kafka.consume(
        { groupId: `${topic}-plain`, topics: [output], startAt: 'earliest' },
        (batch) => void seen.push(...values(batch)),
      ),
      kafka.transform(
        { groupId: `${topic}-chained`, topics: [output], startAt: 'earliest' },
        processing(() => {}),
      ),
    ])
    for (const group of ['copy', 'plain', 'chained']) {
      await caughtUp(kafka, `${topic}-${group}`)
    }
    for (const { position, endOffset } of plain.assignments()) expect(position).toBe(endOffset)
    expect(seen.length).toBe(200)
    const ends = (await kafka.admin.offsets(output)).map(({ latest }) => latest)
    expect(Math.max(...ends), 'markers stand at the ends').toBeGreaterThan(100)
    await Promise.all([copy.stop(), plain.stop(), chained.stop()])

    const positions = new Map<number, number>()
    await (
      await kafka.read(
        { topics: [output], from: 'earliest', until: 'end' },
        (batch) => void positions.set(batch.partition, batch.nextOffset),
      )
    ).done
    expect([positions.get(0), positions.get(1)]).toEqual(ends)
  })

  test('output goes to several topics and partitions, with empty transactions in between', async () => {
    const kafka = await open(variant, brokers)
    const topic = await createTopic(kafka, uniqueName('route'), 3)
    const outputs = [await createTopic(kafka, `${topic}-a`, 1), await createTopic(kafka, `${topic}-b`, 4)]
    await produceNumbered(kafka, topic, 12, 200)
    const member = await kafka.transform(
      { groupId: topic, topics: [topic], startAt: 'earliest', maxBatchRecords: 37 },
      processing((batch, out) => {
        for (let i = 0; i < batch.length; i++) {
          const [key, number] = valueText(batch, i).split(':')
          if (Number(number) % 10 < 5)
            append(
              out,
              outputs[Number(number) % 2],
              Number(number) % 2 === 0 ? 0 : Number(key.slice(4)) % 4,
              key,
              valueText(batch, i),
            )
        }
      }),
    )
    await caughtUp(kafka, topic)
    await member.stop()
    const wanted = Array.from({ length: 12 * 200 }, (_, i) => [i % 12, Math.floor(i / 12)]).filter(
      ([, number]) => number % 10 < 5,
    )
    for (const parity of [0, 1]) {
      const mine = wanted
        .filter(([, number]) => number % 2 === parity)
        .map(([key, number]) => `key-${key}:${number}`)
      const written = await readBack(brokers, outputs[parity])
      expect(written.length).toBe(mine.length)
      expect(tally(mine, written)).toEqual(EXACT)
    }
  })
})
