import { setTimeout as sleep } from 'node:timers/promises'
import { servers, uniqueName } from '@weir/testkit'
import { expect } from 'vitest'
import {
  encodeHeaders,
  type Kafka,
  keyOf,
  Once,
  partitionFor,
  type RecordBatch,
  type Subscription,
} from '../index.ts'
import { append, caughtUp, createTopic, keyText, processing, stored, valueText } from './records.ts'
import { open, testTogether } from './suite.ts'

const KEYS = 20
const PARTITIONS = 3
const RECORDS = 4000
const log = { warn: () => {} }

const partitionOf = (key: string): number => partitionFor(Buffer.from(key), 0, key.length, PARTITIONS)

/** Sends `RECORDS` ids in order, and from time to time repeats one, as a client may. */
async function produce(kafka: Kafka, topic: string): Promise<void> {
  const producer = await kafka.producer()
  for (let number = 0; number < RECORDS; ) {
    const delivery = producer.delivery()
    for (const end = number + 100; number < end; number++) {
      for (const id of number % 3 === 0 && number > 300
        ? [number, number - Math.floor(Math.random() * 300)]
        : [number]) {
        const key = `key-${id % KEYS}`
        append(delivery, topic, partitionOf(key), key, String(id), encodeHeaders({ 'weir-id': `id-${id}` }))
      }
    }
    await stored(delivery)
    await sleep(60)
  }
  await producer.stop()
}

/**
 * Copies records whose id is new. One batch in ten fails while its ids are read back, and one in ten after
 * its records were checked.
 */
async function copier(kafka: Kafka, from: string, to: string): Promise<Subscription> {
  const once = new Once({ kafka, log })
  return kafka.transform(
    { groupId: from, topics: [from], startAt: 'earliest', maxBatchRecords: 200 },
    processing(async (batch: RecordBatch, out, signal) => {
      const prepared = once.prepare(batch, signal)
      prepared.catch(() => {})
      if (Math.random() < 0.1) throw new Error('by chance, early')
      await prepared
      for (let i = 0; i < batch.length; i++) {
        if (!once.seen(batch, i)) append(out, to, batch.partition, keyText(batch, i), valueText(batch, i))
      }
      if (Math.random() < 0.1) throw new Error('by chance')
    }),
  )
}

testTogether(
  'repeated ids are skipped, even if members come and go and batches fail',
  async (variant, after) => {
    const kafka = await open(variant, (await servers.kafka()).brokers, {}, after)
    const from = await createTopic(kafka, uniqueName('repeated'), PARTITIONS)
    const to = await createTopic(kafka, `${from}-once`, PARTITIONS)
    const producing = produce(kafka, from)
    const first = await copier(kafka, from, to)
    for (let round = 0; round < 3; round++) {
      const second = await copier(kafka, from, to)
      await sleep(1500)
      await second.stop()
    }
    await first.stop()
    await producing
    const last = await copier(kafka, from, to)
    after(() => last.stop())

    await caughtUp(kafka, from, 90_000)

    const found: { partition: number; id: number }[] = []
    await (
      await kafka.read({ topics: [to], from: 'earliest', until: 'end' }, (batch) => {
        for (let i = 0; i < batch.length; i++)
          found.push({ partition: batch.partition, id: Number(valueText(batch, i)) })
      })
    ).done
    expect(new Set(found.map(({ id }) => id)).size).toBe(RECORDS)
    expect(found.length).toBe(RECORDS)
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const ids = found.filter((record) => record.partition === partition).map(({ id }) => id)
      expect(ids).toEqual(ids.toSorted((a, b) => a - b))
    }
  },
)

testTogether(
  'a record that an operator resends, or that has no id, counts as new',
  async (variant, after) => {
    const kafka = await open(variant, (await servers.kafka()).brokers, {}, after)
    const topic = await createTopic(kafka, uniqueName('again'), 1)
    const producer = await kafka.producer()
    after(() => producer.stop())
    const delivery = producer.delivery()
    const id = { 'weir-id': 'the-id' }
    for (const headers of [id, id, { ...id, 'weir-redriven': 'letters/0/7' }, {}, {}, id])
      append(delivery, topic, 0, 'k', 'v', encodeHeaders(headers))
    await stored(delivery)
    const once = new Once({ kafka, log })
    const seen: boolean[] = []
    await (
      await kafka.read({ topics: [topic], from: 'earliest', until: 'end' }, async (batch) => {
        await once.prepare(batch, new AbortController().signal)
        for (let i = 0; i < batch.length; i++) seen.push(once.seen(batch, i))
        expect(keyOf(batch, 0)?.toString()).toBe('k')
      })
    ).done
    expect(seen).toEqual([false, true, false, false, false, true])
  },
)
