/** Consumer groups and their offsets. */
import type { Cluster } from '../client/cluster.ts'
import { decodeAssignment } from '../client/groups/assignors.ts'
import { type Broker, GROUP } from '../client/protocol/cluster.ts'
import {
  brokerError,
  FENCED_MEMBER_EPOCH,
  ILLEGAL_GENERATION,
  OK,
  REBALANCE_IN_PROGRESS,
  STALE_MEMBER_EPOCH,
  UNKNOWN_MEMBER_ID,
} from '../client/protocol/codes.ts'
import { consumerGroupDescribe } from '../client/protocol/groups.ts'
import { offsetCommitV8 } from '../client/protocol/offsets.ts'
import { type Committed, topicIdIn } from '../client/topic-ids.ts'
import { KafkaError } from '../errors.ts'
import { lagOf } from '../lag.ts'
import type { GroupDescription, PartitionLag, TopicPartition } from '../port.ts'
import { listGroups } from './apis.ts'
import { ask, attempt, LANE } from './attempt.ts'
import { topicOffsets } from './topics.ts'

const GROUP_ID_NOT_FOUND = 69
const CONSUMER_GROUP_DESCRIBE = 69
/** Commits outside the group, as a group without members allows them. */
const NO_MEMBER = { memberId: '', epoch: -1, instanceId: null }
/** With these codes a broker refuses offsets of a group that has members. */
const MEMBERS_ONLY: ReadonlySet<number> = new Set([
  UNKNOWN_MEMBER_ID,
  ILLEGAL_GENERATION,
  REBALANCE_IN_PROGRESS,
  FENCED_MEMBER_EPOCH,
  STALE_MEMBER_EPOCH,
])

/** Every broker lists the groups that it coordinates. */
export async function describeGroups(cluster: Cluster): Promise<GroupDescription[]> {
  const listAll = async (): Promise<GroupDescription[]> => {
    await cluster.ask([])
    const answers = await Promise.all(cluster.brokers.map((broker) => cluster.call(broker, LANE, listGroups)))
    const failed = answers.find(({ errorCode }) => errorCode !== OK)
    if (failed !== undefined) throw brokerError(failed.errorCode, 'Listing groups')
    return answers.flatMap(({ groups }) => groups).sort((a, b) => (a.groupId < b.groupId ? -1 : 1))
  }
  return attempt(cluster, listAll, 'The groups cannot be listed')
}

/** Groups that do not exist count as deleted. */
export async function deleteGroups(cluster: Cluster, groupIds: readonly string[]): Promise<void> {
  for (const groupId of groupIds) {
    await atCoordinator(cluster, groupId, `Group ${groupId} cannot be deleted`, async (coordinator) => {
      const {
        results: [{ errorCode }],
      } = await ask(cluster, coordinator, 'DeleteGroups', [groupId])
      if (errorCode !== OK && errorCode !== GROUP_ID_NOT_FOUND) throw brokerError(errorCode, 'Deleting it')
    })
  }
}

/**
 * Lists the partitions that the group's coordinator has given to members. The list is empty if the group does
 * not exist.
 */
export async function assignedPartitions(cluster: Cluster, groupId: string): Promise<TopicPartition[]> {
  return atCoordinator(cluster, groupId, `Group ${groupId} cannot be described`, async (coordinator) => {
    if ((await cluster.versions(coordinator)).newest.has(CONSUMER_GROUP_DESCRIBE)) {
      const { errorCode, members } = await cluster.call(coordinator, LANE, consumerGroupDescribe, groupId)
      if (errorCode === OK) {
        return members
          .flat()
          .flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })))
      }
      if (errorCode !== GROUP_ID_NOT_FOUND) throw brokerError(errorCode, 'Describing it')
    }
    const {
      groups: [{ errorCode, members }],
    } = (await ask(cluster, coordinator, 'DescribeGroups', { groupIds: [groupId] })) as Described
    if (errorCode !== OK && errorCode !== GROUP_ID_NOT_FOUND) throw brokerError(errorCode, 'Describing it')
    return members.flatMap(({ memberAssignment }) => decodeAssignment(memberAssignment))
  })
}

interface Described {
  readonly groups: readonly {
    readonly errorCode: number
    readonly members: readonly { readonly memberAssignment: Buffer }[]
  }[]
}

/**
 * Covers all partitions of the topics in which the group has committed. Weir's groups commit when they begin.
 */
export async function groupLag(cluster: Cluster, groupId: string): Promise<PartitionLag[]> {
  const committed = await committedOffsets(cluster, groupId)
  // A topic may have been recreated since its metadata was last read.
  await cluster.refresh(...committed.keys())
  const lags = await Promise.all(
    [...committed].map(async ([topic, offsets]) => {
      try {
        return await topicLag(cluster, topic, offsets)
      } catch (error) {
        if (error instanceof KafkaError && error.code === 'unknown-topic') return []
        throw error
      }
    }),
  )
  return lags.flat()
}

type OffsetsOf = ReadonlyMap<number, Committed>

async function topicLag(cluster: Cluster, topic: string, offsets: OffsetsOf): Promise<PartitionLag[]> {
  const known = (await cluster.topic(topic)).topicId
  const others = [...offsets.values()].some(({ topicId }) => topicId !== undefined && topicId !== known)
  const id = others ? await cluster.agreedId(topic) : known
  return (await topicOffsets(cluster, topic)).map(({ partition, earliest, latest }): PartitionLag => {
    const { offset, topicId = id } = offsets.get(partition) ?? { offset: -1 }
    const position = topicId === id ? offset : -1
    const lag = lagOf({ startOffset: earliest, position, endOffset: latest })
    return { topic, partition, committed: position, latest, lag }
  })
}

interface CommittedPartition {
  readonly partition: number
  readonly offset: string
  readonly metadata: string | null
  readonly errorCode: number
}

/** Reads all offsets that the group has committed, by topic and partition. */
async function committedOffsets(cluster: Cluster, groupId: string): Promise<Map<string, OffsetsOf>> {
  const what = `The committed offsets of ${groupId} cannot be read`
  return atCoordinator(cluster, groupId, what, async (coordinator) => {
    const { errorCode, responses } = (await ask(cluster, coordinator, 'OffsetFetch', {
      groupId,
      topics: [],
    })) as { errorCode: number; responses: { topic: string; partitions: CommittedPartition[] }[] }
    const failed = responses.flatMap(({ partitions }) => partitions).find((answer) => answer.errorCode !== OK)
    const code = errorCode || (failed?.errorCode ?? OK)
    if (code !== OK) throw brokerError(code, 'Reading them')
    const read = ({ partition, offset, metadata }: CommittedPartition): [number, Committed] => [
      partition,
      { offset: Number(offset), topicId: topicIdIn(metadata) },
    ]
    return new Map(responses.map(({ topic, partitions }) => [topic, new Map(partitions.map(read))]))
  })
}

export async function setOffsets(
  cluster: Cluster,
  groupId: string,
  topic: string,
  offsets: readonly { partition: number; offset: number }[],
): Promise<void> {
  const topicId = await cluster.agreedId(topic)
  const wanted = offsets.map(({ partition, offset }) => ({ topic, topicId, partition, offset }))
  await atCoordinator(cluster, groupId, `The offsets of ${groupId} cannot be set`, async (coordinator) => {
    const codes = await cluster.call(coordinator, LANE, offsetCommitV8, groupId, NO_MEMBER, wanted)
    const code = codes.find(({ errorCode }) => errorCode !== OK)?.errorCode ?? OK
    if (MEMBERS_ONLY.has(code)) throw new KafkaError('invalid-group', `Group ${groupId} has members`)
    if (code !== OK) throw brokerError(code, 'Committing them')
  })
}

/** @param what the beginning of the message of the KafkaError that a failure becomes */
function atCoordinator<T>(
  cluster: Cluster,
  groupId: string,
  what: string,
  call: (coordinator: Broker) => Promise<T>,
): Promise<T> {
  const once = async (): Promise<T> => {
    try {
      return await call(await cluster.coordinator(GROUP, groupId))
    } catch (error) {
      cluster.forgetCoordinator(GROUP, groupId)
      throw error
    }
  }
  return attempt(cluster, once, what)
}
