/**
 * Records are removed before a group has read them: the group continues where the log begins now, and shows
 * no lag for them.
 */

import { servers, uniqueName } from '@weir/testkit'
import { Kafka as KafkaJs, logLevel } from 'kafkajs'
import { beforeAll, describe, expect, vi } from 'vitest'
import { totalLag } from '../lag.ts'
import { createTopic, processing, produceNumbered, values } from './records.ts'
import { open, testTogether } from './suite.ts'

const PATIENCE = { timeout: 30_000, interval: 20 }

let brokers: string[]
beforeAll(async () => ({ brokers } = await servers.kafka()))

async function trim(topic: string, below: number): Promise<void> {
  const admin = new KafkaJs({ brokers, logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  await admin.fetchTopicOffsets(topic) // so that the client knows the leader
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(below) }] })
  await admin.disconnect()
}

describe('in a trimmed log', () => {
  testTogether(
    'a group whose position was removed has lag 0, and reads later records',
    async (variant, after) => {
      const kafka = await open(variant, brokers, {}, after)
      const topic = await createTopic(kafka, uniqueName('trimmed'), 1)
      const groups = ['consume', 'transform'].map((kind) => `${topic}-${kind}`)
      const options = { topics: [topic], startAt: 'earliest' } as const
      const seen: string[][] = [[], []]
      const join = () =>
        Promise.all([
          kafka.consume({ groupId: groups[0], ...options }, (batch) => void seen[0].push(...values(batch))),
          kafka.transform(
            { groupId: groups[1], ...options },
            processing((batch) => void seen[1].push(...values(batch))),
          ),
        ])
      await produceNumbered(kafka, topic, 1, 10)
      let members = await join()
      await vi.waitFor(() => expect(seen.map(({ length }) => length)).toEqual([10, 10]), PATIENCE)
      await Promise.all(members.map((member) => member.stop()))
      await produceNumbered(kafka, topic, 1, 10, 10)
      await trim(topic, 20)

      members = await join()
      // KEDA sees commits only.
      const lag = { topic, partition: 0, committed: 20, latest: 20, lag: 0 }
      for (const group of groups) {
        await vi.waitFor(async () => expect(await kafka.admin.lag(group)).toEqual([lag]), PATIENCE)
      }
      for (const member of members) {
        expect(member.assignments()).toMatchObject([{ position: 20, startOffset: 20, endOffset: 20 }])
        expect(totalLag(member.assignments())).toBe(0)
      }
      await produceNumbered(kafka, topic, 1, 1, 20)
      const later = (): string[][] => seen.map((records) => records.slice(10))
      await vi.waitFor(() => expect(later()).toEqual([['key-0:20'], ['key-0:20']]), PATIENCE)
      await Promise.all(members.map((member) => member.stop()))
    },
  )

  testTogether('a new group shows no lag if all records were removed', async (variant, after) => {
    const kafka = await open(variant, brokers, {}, after)
    const topic = await createTopic(kafka, uniqueName('trimmed'), 1)
    await produceNumbered(kafka, topic, 1, 10)
    await trim(topic, 10)
    const member = await kafka.transform(
      { groupId: topic, topics: [topic], startAt: 'earliest' },
      processing(() => {}),
    )
    const lag = { topic, partition: 0, committed: 10, latest: 10, lag: 0 }
    await vi.waitFor(async () => expect(await kafka.admin.lag(topic)).toEqual([lag]), PATIENCE)
    await member.stop()
  })
})
