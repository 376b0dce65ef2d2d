import { servers, uniqueName } from '@weir/testkit'
import { Kafka as KafkaJs } from 'kafkajs'
import { beforeAll, expect, vi } from 'vitest'
import { append, createTopic, stored, values } from './records.ts'
import { open, testTogether } from './suite.ts'

let brokers: string[]
beforeAll(async () => ({ brokers } = await servers.kafka()))

testTogether('a running group reads added partitions from their first record', async (variant, after) => {
  const kafka = await open(variant, brokers, {}, after)
  const topic = await createTopic(kafka, uniqueName('added'), 1)
  const seen: string[] = []
  const members = await Promise.all(
    [1, 2].map(() =>
      kafka.consume(
        { groupId: topic, topics: [topic], startAt: 'earliest' },
        (batch) => void seen.push(...values(batch)),
      ),
    ),
  )
  await vi.waitUntil(() => members.every((member) => member.ready()), { timeout: 30_000 })

  const admin = new KafkaJs({ brokers }).admin()
  await admin.connect()
  after(() => admin.disconnect())
  await admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] })
  const other = await open(variant, brokers, {}, after)
  await vi.waitFor(async () => expect(await other.partitions(topic)).toBe(4), { timeout: 20_000 })
  const delivery = (await other.producer()).delivery()
  for (let partition = 0; partition < 4; partition++)
    append(delivery, topic, partition, 'k', `value ${partition}`)
  await stored(delivery)

  const wanted = [0, 1, 2, 3].map((partition) => `value ${partition}`)
  await vi.waitFor(() => expect([...seen].sort()).toEqual(wanted), { timeout: 60_000 })
  expect(members.map((member) => member.assignments().length)).toEqual([2, 2])
  await Promise.all(members.map((member) => member.stop()))
})
