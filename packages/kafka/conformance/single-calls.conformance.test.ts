/**
 * The calls for callers that keep their own positions: where records were stored, one fetch from one place,
 * offsets by time, a log with one fenced writer.
 */

import { servers, uniqueName } from '@weir/testkit'
import { beforeAll, expect, test } from 'vitest'
import type { Kafka } from '../index.ts'
import { append, createTopic, produceNumbered, stored, values } from './records.ts'
import { describeDriver, open } from './suite.ts'

let brokers: string[]
beforeAll(async () => ({ brokers } = await servers.kafka()))

async function readAll(kafka: Kafka, topic: string, partition = 0): Promise<string[]> {
  const seen: string[] = []
  const end = await kafka.offsetAt(topic, partition, 'latest')
  for (let at = await kafka.offsetAt(topic, partition, 'earliest'); at < end; ) {
    const batch = await kafka.fetch(topic, partition, at, 64 << 10)
    seen.push(...values(batch))
    at = batch.nextOffset
  }
  return seen
}

describeDriver('single calls', (variant) => {
  test('a delivery knows the offsets of its records, even if batches are shared with others or split', async () => {
    const kafka = await open(variant, brokers)
    const topic = await createTopic(kafka, uniqueName('ranges'), 2, { 'max.message.bytes': '100000' })
    const producer = await kafka.producer()
    const deliveries = Array.from({ length: 3 }, () => producer.delivery())
    for (let n = 0; n < 300; n++)
      deliveries.forEach((delivery, d) =>
        append(delivery, topic, n % 2, 'k', `${d}:${n}:${'x'.repeat(1000)}`),
      )
    await Promise.all(deliveries.map(stored))

    const [even, odd] = [await readAll(kafka, topic, 0), await readAll(kafka, topic, 1)]
    for (const [d, delivery] of deliveries.entries()) {
      const found: string[] = []
      for (const { partition, fromIndex, count, offset } of delivery.stored()) {
        for (let i = 0; i < count; i++) {
          const n = (fromIndex + i) * 2 + partition
          expect((partition === 0 ? even : odd)[offset + i]).toMatch(new RegExp(`^${d}:${n}:`))
          found.push(`${partition}/${fromIndex + i}`)
        }
      }
      expect(new Set(found).size).toBe(300)
    }
  })

  test('a single fetch reads from the middle of a batch and at the end, and fails beyond the end', async () => {
    const kafka = await open(variant, brokers)
    const topic = await createTopic(kafka, uniqueName('fetch'), 1, {
      'message.timestamp.type': 'LogAppendTime',
    })
    await produceNumbered(kafka, topic, 1, 5)
    expect(values(await kafka.fetch(topic, 0, 3, 1 << 20))).toEqual(['key-0:3', 'key-0:4'])
    const end = await kafka.fetch(topic, 0, 5, 1 << 20)
    expect([end.length, end.nextOffset, end.endOffset]).toEqual([0, 5, 5])
    await expect(kafka.fetch(topic, 0, 6, 1 << 20)).rejects.toMatchObject({ code: 'out-of-range' })
    await expect(kafka.fetch(uniqueName('nowhere'), 0, 0, 1 << 20)).rejects.toMatchObject({
      code: 'unknown-topic',
    })

    await new Promise((resolve) => setTimeout(resolve, 20))
    const between = Date.now()
    await produceNumbered(kafka, topic, 1, 2, 5)
    expect(
      await Promise.all(
        ['earliest', between, Date.now() + 60_000, 'latest'].map((time) =>
          kafka.offsetAt(topic, 0, time as number),
        ),
      ),
    ).toEqual([0, 5, 7, 7])
    expect(await Promise.all([between - 0.5, 1e300].map((time) => kafka.offsetAt(topic, 0, time)))).toEqual([
      5, 7,
    ])
  })

  test("a time before 1970 means the beginning, even if it equals one of Kafka's special timestamps", async () => {
    const kafka = await open(variant, brokers)
    const topic = await createTopic(kafka, uniqueName('before-1970'), 1, {
      'message.timestamp.type': 'LogAppendTime',
    })
    await produceNumbered(kafka, topic, 1, 5)
    for (const time of [-0.1, -1, -2, -3, -4, -5, -5000, Date.parse('0001-01-01T00:00:00Z'), -8.64e15]) {
      expect(await kafka.offsetAt(topic, 0, time)).toBe(0)
    }
    for (const timestamp of [-1, -2, -5000]) {
      const seen: string[] = []
      const reading = await kafka.read({ topics: [topic], from: { timestamp }, until: 'end' }, (batch) => {
        seen.push(...values(batch))
      })
      await reading.done
      expect(seen).toHaveLength(5)
    }
  })

  test('a topic that grows is written and read at once, even by clients that knew it before', async () => {
    const kafka = await open(variant, brokers)
    const topic = await createTopic(kafka, uniqueName('grows'), 1)
    await produceNumbered(kafka, topic, 1, 1)
    expect(await kafka.partitions(topic)).toBe(1)
    await kafka.admin.growTopic(topic, 3)
    await kafka.admin.growTopic(topic, 2)
    const delivery = (await kafka.producer()).delivery()
    append(delivery, topic, 2, 'key', 'in the new one')
    await stored(delivery)
    expect(await readAll(kafka, topic, 2)).toEqual(['in the new one'])

    const seen: string[] = []
    await (
      await kafka.read(
        { topics: [topic], partitions: [2], from: 'earliest', until: 'end' },
        (batch) => void seen.push(...values(batch)),
      )
    ).done
    expect(seen).toEqual(['in the new one'])
  })

  test('a log with one writer shows each transaction as a whole, and a later writer fences an earlier one', async () => {
    const kafka = await open(variant, brokers)
    const other = await open(variant, brokers)
    const log = await createTopic(kafka, uniqueName('log'), 1)
    const id = uniqueName('writer')
    await kafka.transact(id, (out) => {
      append(out, log, 0, 'a', '1')
      append(out, log, 0, 'b', '1')
    })
    await expect.poll(() => readAll(other, log)).toEqual(['1', '1'])

    await expect(
      kafka.transact(id, (out) => {
        append(out, log, 0, 'a', 'never')
        throw new Error('changed its mind')
      }),
    ).rejects.toThrow('changed its mind')

    // The end of the later one may still be on its way to the log when the earlier one begins to write.
    const later = Array.from({ length: 20 }, (_, i) => `later ${i}`)
    for (const value of later) {
      const overtaken = kafka.transact(id, async (out) => {
        append(out, log, 0, 'a', 'overtaken')
        await other.transact(id, (late) => append(late, log, 0, 'a', value))
      })
      await expect(overtaken).rejects.toMatchObject({ code: 'fenced', retriable: true })
    }
    await expect.poll(() => readAll(other, log)).toEqual(['1', '1', ...later])
  })

  test('concurrent writers that first read a whole list lose no entry and duplicate none', async () => {
    const clients = await Promise.all([0, 1, 2].map(() => open(variant, brokers)))
    const log = await createTopic(clients[0], uniqueName('list'), 1)
    const id = uniqueName('writer')
    const add = async (kafka: Kafka, entry: string): Promise<void> => {
      for (let added = false; !added; ) {
        await kafka
          .transact(id, async (out) => {
            const before = await readAll(kafka, log)
            added = before.some((known) => known.endsWith(entry))
            if (!added) append(out, log, 0, 'list', `${before.length} ${entry}`)
          })
          .then(
            () => {
              added = true
            },
            async (error: { retriable?: boolean }) => {
              if (!error.retriable) throw error
              added = false
              await new Promise((resolve) => setTimeout(resolve, Math.random() * 100))
            },
          )
      }
    }
    await Promise.all(
      clients.map(async (kafka, c) => {
        for (let i = 0; i < 5; i++) await add(kafka, `entry-${c}-${i}`)
      }),
    )
    await expect.poll(() => readAll(clients[0], log)).toHaveLength(15)
    expect((await readAll(clients[0], log)).map((entry) => Number(entry.split(' ')[0]))).toEqual(
      Array.from({ length: 15 }, (_, i) => i),
    )
  })
})
