/**
 * A topic is deleted and recreated under its name: its groups read all of it, whatever their old offsets.
 */
import { servers, uniqueName } from '@weir/testkit'
import { beforeAll, describe, expect, vi } from 'vitest'
import { Cluster } from '../client/cluster.ts'
import { GROUP } from '../client/protocol/cluster.ts'
import { OK } from '../client/protocol/codes.ts'
import { offsetCommitV8 } from '../client/protocol/offsets.ts'
import { SILENT } from '../log.ts'
import type { Kafka } from '../port.ts'
import { connect } from '../transports/platformatic.ts'
import { append, caughtUp, createTopic, processing, stored, values, valueText } from './records.ts'
import { type CleanUp, open, testTogether } from './suite.ts'
import { configOf, VARIANTS, type Variant } from './variant.ts'

let brokers: string[]
beforeAll(async () => ({ brokers } = await servers.kafka()))

const numbered = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${name}:${i}`)

async function produce(kafka: Kafka, topic: string, records: readonly string[]): Promise<void> {
  const producer = await kafka.producer()
  const delivery = producer.delivery()
  for (const record of records) append(delivery, topic, 0, 'key', record)
  await stored(delivery)
  await producer.stop()
}

type After = (cleanUp: CleanUp) => void

/** Uses another client, so that the clients of the groups do not notice. */
async function recreate(
  variant: Variant,
  topic: string,
  records: readonly string[],
  after: After,
): Promise<void> {
  const outside = await open(variant, brokers, {}, after)
  await outside.admin.deleteTopics([topic])
  await createTopic(outside, topic, 1)
  await produce(outside, topic, records)
}

/** Two groups on one topic: one that consumes, one that copies in transactions. */
async function twoGroups(variant: Variant, after: After) {
  const kafka = await open(variant, brokers, {}, after)
  const topic = await createTopic(kafka, uniqueName('recreated'), 1)
  const output = await createTopic(kafka, `${topic}-out`, 1)
  const seen: string[] = []
  const groups = [`${topic}-plain`, `${topic}-copy`]
  const join = () =>
    Promise.all([
      kafka.consume({ groupId: groups[0], topics: [topic], startAt: 'latest' }, (batch) => {
        seen.push(...values(batch))
      }),
      kafka.transform(
        { groupId: groups[1], topics: [topic], startAt: 'earliest' },
        processing((batch, out) => {
          for (let i = 0; i < batch.length; i++) append(out, output, 0, 'key', valueText(batch, i))
        }),
      ),
    ])
  const copied = async (): Promise<string[]> => {
    const copies: string[] = []
    const options = { topics: [output], from: 'earliest', until: 'end' } as const
    await (await kafka.read(options, (batch) => void copies.push(...values(batch)))).done
    return copies
  }
  const ready = async (): Promise<void> => {
    for (const group of groups) await caughtUp(kafka, group)
  }
  return { kafka, topic, groups, seen, join, copied, ready }
}

/** Commits like a member that drained late, or, without a topic id, like another program. */
async function commitByHand(groupId: string, topic: string, topicId: string, offset: number): Promise<void> {
  await withCluster(async (cluster) => {
    const offsets = [{ topic, topicId, partition: 0, offset }]
    const coordinator = await cluster.coordinator(GROUP, groupId)
    const nobody = { memberId: '', epoch: -1, instanceId: null }
    const codes = await cluster.call(coordinator, 'main', offsetCommitV8, groupId, nobody, offsets)
    expect(codes).toMatchObject([{ errorCode: OK }])
  })
}

const idOf = (topic: string): Promise<string> =>
  withCluster(async (cluster) => (await cluster.topic(topic)).topicId)

async function withCluster<T>(work: (cluster: Cluster) => Promise<T>): Promise<T> {
  const cluster = new Cluster(configOf(VARIANTS[0], brokers), SILENT, connect)
  try {
    return await work(cluster)
  } finally {
    await cluster.stop()
  }
}

describe.concurrent('a recreated topic', () => {
  testTogether('is read from its beginning by groups that run meanwhile', async (variant, after) => {
    const { kafka, topic, groups, seen, join, copied, ready } = await twoGroups(variant, after)
    const members = await join()
    await ready()
    await produce(kafka, topic, numbered('first', 5))
    await vi.waitFor(() => expect(seen.length).toBe(5), { timeout: 20_000, interval: 20 })
    await ready()
    await recreate(variant, topic, numbered('second', 8), after)

    const wanted = [...numbered('first', 5), ...numbered('second', 8)]
    await vi.waitFor(() => expect(seen).toEqual(wanted), { timeout: 60_000, interval: 20 })
    await ready()
    await produce(kafka, topic, ['last'])
    await vi.waitFor(() => expect(seen).toEqual([...wanted, 'last']), { timeout: 20_000, interval: 20 })
    await ready()
    expect(await copied()).toEqual([...wanted, 'last'])
    for (const group of groups) {
      expect(await kafka.admin.lag(group)).toMatchObject([{ committed: 9, latest: 9, lag: 0 }])
    }
    await Promise.all(members.map((member) => member.stop()))
  })

  testTogether(
    'is read from its beginning by groups that were stopped, even if an old offset was committed late',
    async (variant, after) => {
      const { kafka, topic, groups, seen, join, copied, ready } = await twoGroups(variant, after)
      let members = await join()
      await ready()
      await produce(kafka, topic, numbered('first', 5))
      await vi.waitFor(() => expect(seen.length).toBe(5), { timeout: 20_000, interval: 20 })
      await ready()
      await Promise.all(members.map((member) => member.stop()))
      const before = await idOf(topic)
      await recreate(variant, topic, numbered('second', 8), after)
      for (const group of groups) await commitByHand(group, topic, before, 5)
      for (const group of groups) {
        expect(await kafka.admin.lag(group)).toMatchObject([{ committed: -1, latest: 8, lag: 8 }])
      }

      members = await join()
      const wanted = [...numbered('first', 5), ...numbered('second', 8)]
      await vi.waitFor(() => expect(seen).toEqual(wanted), { timeout: 30_000, interval: 20 })
      await ready()
      expect(await copied()).toEqual(wanted)
      await Promise.all(members.map((member) => member.stop()))
    },
  )

  testTogether('is read from a committed offset that has no topic id', async (variant, after) => {
    const { kafka, topic, groups, seen, join, copied, ready } = await twoGroups(variant, after)
    await produce(kafka, topic, numbered('first', 5))
    for (const group of groups) await commitByHand(group, topic, '', 3)
    const members = await join()
    const wanted = numbered('first', 5).slice(3)
    await vi.waitFor(() => expect(seen).toEqual(wanted), { timeout: 30_000, interval: 20 })
    await ready()
    expect(await copied()).toEqual(wanted)
    await Promise.all(members.map((member) => member.stop()))
  })
})
