import { openKafka } from '@weir/kafka'
import { append, createTopic, stored } from '@weir/kafka/conformance/records.ts'
import { configOf } from '@weir/kafka/conformance/variant.ts'
import { servers, uniqueName } from '@weir/testkit'
import { AssignerProtocol, Kafka as KafkaJs, logLevel, type PartitionAssigner } from 'kafkajs'
import { expect, test, vi } from 'vitest'
import { Unassigned } from './unassigned.ts'

const CLIENT_ID = 'member'

/** An assignor that gives partition 0 to the member with CLIENT_ID and leaves partition 1 out. */
const forgetful: PartitionAssigner = () => ({
  name: 'range',
  version: 0,
  protocol: ({ topics }) => ({
    name: 'range',
    metadata: AssignerProtocol.MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) }),
  }),
  assign: async ({ members, topics: [topic] }) =>
    members.map(({ memberId }) => ({
      memberId,
      memberAssignment: AssignerProtocol.MemberAssignment.encode({
        version: 0,
        assignment: memberId.startsWith(CLIENT_ID) ? { [topic]: [0] } : {},
        userData: Buffer.alloc(0),
      }),
    })),
})

test('partitions that the group leader assigns to no member are reported by the member that has the first partition', async () => {
  const { brokers } = await servers.kafka()
  const { value: kafka, stop } = await openKafka(
    configOf({ driver: 'platformatic', groupProtocol: 'classic' }, brokers, { clientId: CLIENT_ID }),
  )
  const topic = await createTopic(kafka, uniqueName('forgotten'), 2)
  const delivery = (await kafka.producer()).delivery()
  append(delivery, topic, 1, 'key', 'value')
  await stored(delivery)
  await kafka.admin.setOffsets(topic, topic, [{ partition: 1, offset: 0 }])

  const leader = new KafkaJs({ brokers, logLevel: logLevel.NOTHING }).consumer({
    groupId: topic,
    partitionAssigners: [forgetful],
  })
  await leader.connect()
  await leader.subscribe({ topics: [topic] })
  await leader.run({})
  const member = await kafka.consume({ groupId: topic, topics: [topic], startAt: 'earliest' }, () => {})
  try {
    await expect.poll(() => member.assignments().length, { timeout: 30_000 }).toBe(1)
    expect(member.stalled()).toEqual([])
    const group = new Unassigned(member, kafka)
    await group.look()
    expect(group.stalled()).toEqual([])
    const seenMs = Date.now()
    vi.useFakeTimers({ toFake: ['Date'], now: seenMs + 31_000 })
    await group.look()
    expect(group.stalled()).toEqual([
      {
        topic,
        partition: 1,
        offset: 0,
        sinceMs: expect.any(Number),
        reason: 'no member of the group has it',
      },
    ])
  } finally {
    vi.useRealTimers()
    await leader.disconnect()
    await member.stop()
    await stop()
  }
}, 60_000)
