/** A record batch rots on the broker's disk: groups and readers skip it, and read its neighbours. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type KafkaCluster, kafkaCluster, uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, describe, expect, vi } from 'vitest'
import type { Kafka, RecordBatch } from '../port.ts'
import { AT, LENGTH_PREFIX, readInt64 } from '../records/format.ts'
import { passedOver } from '../unreadable.ts'
import { append, caughtUp, createTopic, processing, stored, values } from './records.ts'
import { open, testTogether } from './suite.ts'

/** Records of three batches; the second one rots. */
const BATCHES = [10, 20, 5]
const GOOD = [
  ...Array.from({ length: 10 }, (_, i) => `0:${i}`),
  ...Array.from({ length: 5 }, (_, i) => `2:${i}`),
]
const PASSED = { length: 0, nextOffset: 30, unreadable: { firstOffset: 10, reason: 'it fails its checksum' } }

let cluster: KafkaCluster
beforeAll(async () => {
  cluster = await kafkaCluster({ brokers: 1 })
})
afterAll(() => cluster?.stop())

async function rottenTopic(kafka: Kafka): Promise<string> {
  const topic = await createTopic(kafka, uniqueName('rotten'), 1)
  const producer = await kafka.producer()
  for (const [batch, count] of BATCHES.entries()) {
    const delivery = producer.delivery()
    for (let i = 0; i < count; i++) append(delivery, topic, 0, 'key', `${batch}:${i}`)
    await stored(delivery)
  }
  rot(join(cluster.logs(0), `${topic}-0`, '00000000000000000000.log'), BATCHES[0])
  return topic
}

/** Flips a bit in the records of the batch that begins at that offset. */
function rot(file: string, offset: number): void {
  const log = readFileSync(file)
  let at = 0
  while (readInt64(log, at) < offset) at += LENGTH_PREFIX + log.readInt32BE(at + AT.batchLength)
  const descriptor = openSync(file, 'r+')
  writeSync(descriptor, Buffer.from([log[at + AT.records + 20] ^ 1]), 0, 1, at + AT.records + 20)
  closeSync(descriptor)
}

interface Seen {
  readonly records: string[]
  readonly passed: RecordBatch[]
}

function see({ records, passed }: Seen, batch: RecordBatch): void {
  records.push(...values(batch))
  if (batch.unreadable !== undefined) passed.push(batch)
}

describe('an unreadable batch', () => {
  testTogether('is skipped, and its neighbours are read', async (variant, after) => {
    const kafka = await open(variant, cluster.brokers, {}, after)
    const topic = await rottenTopic(kafka)
    const output = await createTopic(kafka, `${topic}-out`, 1)
    const options = { topics: [topic], startAt: 'earliest' } as const
    const [consumed, transformed, read]: Seen[] = Array.from({ length: 3 }, () => ({
      records: [],
      passed: [],
    }))
    const members = await Promise.all([
      kafka.consume({ groupId: `${topic}-consume`, ...options }, (batch) => see(consumed, batch)),
      kafka.transform(
        { groupId: `${topic}-transform`, ...options },
        processing((batch, out) => {
          see(transformed, batch)
          const { unreadable, nextOffset } = batch
          if (unreadable !== undefined)
            append(out, output, 0, 'letter', `${unreadable.firstOffset} to ${nextOffset - 1}`)
        }),
      ),
    ])
    const reading = await kafka.read({ topics: [topic], from: 'earliest', until: 'end' }, (batch) =>
      see(read, batch),
    )

    const fetched: Seen = { records: [], passed: [] }
    for (let at = 0; at < 35; ) {
      const batch = await kafka.fetch(topic, 0, at, 1 << 20)
      see(fetched, batch)
      at = batch.nextOffset
    }
    await reading.done
    for (const group of ['consume', 'transform']) await caughtUp(kafka, `${topic}-${group}`)
    for (const { records, passed } of [consumed, transformed, read, fetched]) {
      expect(records).toEqual(GOOD)
      expect(passed).toMatchObject([PASSED])
    }
    expect(members.flatMap((member) => member.stalled())).toEqual([])
    expect(passedOver.get(topic)).toBe(4)
    await Promise.all(members.map((member) => member.stop()))

    const letters: string[] = []
    const everything = { topics: [output], from: 'earliest', until: 'end' } as const
    await (await kafka.read(everything, (batch) => void letters.push(...values(batch)))).done
    expect(letters).toEqual(['10 to 29'])
  })

  testTogether('is skipped only after it was fetched several times', async (variant, after) => {
    const kafka = await open(variant, cluster.brokers, {}, after)
    const topic = await rottenTopic(kafka)
    const seen: Seen = { records: [], passed: [] }
    const options = { groupId: topic, topics: [topic], startAt: 'earliest' } as const
    const member = await kafka.consume(options, (batch) => see(seen, batch))
    await vi.waitFor(() => expect(seen.records).toHaveLength(10), { timeout: 20_000, interval: 20 })
    // As if the broker read the block from its disk again: the same bit flips back.
    rot(join(cluster.logs(0), `${topic}-0`, '00000000000000000000.log'), BATCHES[0])
    await caughtUp(kafka, topic)
    expect(seen.records).toHaveLength(35)
    expect(seen.passed).toEqual([])
    await member.stop()
  })
})
