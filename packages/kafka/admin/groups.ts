/** Consumer groups and their offsets. */
import { type Cluster, COORDINATOR } from '../drivers/kafkajs/cluster.ts'
import { brokerError, typeOf } from '../drivers/kafkajs/errors.ts'
import { committedOffsets } from '../drivers/kafkajs/offsets.ts'
import { flexible } from '../drivers/kafkajs/protocol/flexible.ts'
import { decodeAssignment } from '../drivers/platformatic/groups/assignors.ts'
import { consumerGroupDescribe } from '../drivers/platformatic/protocol/groups.ts'
import { type Committed, metadataOf } from '../drivers/topic-ids.ts'
import { KafkaError } from '../errors.ts'
import { lagOf } from '../lag.ts'
import type { GroupDescription, PartitionLag, TopicPartition } from '../port.ts'
import { attempt } from './attempt.ts'
import { listGroups } from './calls.ts'
import { topicOffsets } from './topics.ts'

const GROUP_ID_NOT_FOUND = 69
const NO_GENERATION = -1
const CONSUMER_GROUP_DESCRIBE = 69

/** Every broker lists the groups that it coordinates. */
export async function describeGroups(cluster: Cluster): Promise<GroupDescription[]> {
  const ask = async (): Promise<GroupDescription[]> => {
    await cluster.refresh()
    const answers = await Promise.all(
      cluster.nodes.map(async (node) => (await cluster.link(node)).send(listGroups())),
    )
    const failed = answers.find(({ errorCode }) => errorCode !== 0)
    if (failed !== undefined) throw brokerError(failed.errorCode)
    return answers.flatMap(({ groups }) => groups).sort((a, b) => (a.groupId < b.groupId ? -1 : 1))
  }
  return attempt(cluster, ask, 'The groups cannot be listed')
}

/** Groups that do not exist count as deleted. */
export async function deleteGroups(cluster: Cluster, groupIds: readonly string[]): Promise<void> {
  for (const groupId of groupIds) {
    const ask = async () => {
      const {
        results: [result],
      } = await (await coordinator(cluster, groupId)).call('DeleteGroups', [groupId])
      if (result.errorCode !== 0 && result.errorCode !== GROUP_ID_NOT_FOUND)
        throw brokerError(result.errorCode)
    }
    await attempt(cluster, ask, `Group ${groupId} cannot be deleted`)
  }
}

/**
 * Lists the partitions that the group's coordinator has given to members. The list is empty if the group does
 * not exist.
 */
export async function assignedPartitions(cluster: Cluster, groupId: string): Promise<TopicPartition[]> {
  const ask = async (): Promise<TopicPartition[]> => {
    const link = await coordinator(cluster, groupId)
    if (link.speaks(CONSUMER_GROUP_DESCRIBE, 0)) {
      const { errorCode, members } = await link.send(flexible(consumerGroupDescribe, groupId))
      if (errorCode === 0) {
        return members
          .flat()
          .flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })))
      }
      if (errorCode !== GROUP_ID_NOT_FOUND) throw brokerError(errorCode)
    }
    const {
      groups: [{ members }],
    } = (await link.call('DescribeGroups', { groupIds: [groupId] })) as Described
    return members.flatMap(({ memberAssignment }) => decodeAssignment(memberAssignment))
  }
  return attempt(cluster, ask, `Group ${groupId} cannot be described`)
}

interface Described {
  readonly groups: readonly { readonly members: readonly { readonly memberAssignment: Buffer }[] }[]
}

/**
 * Covers all partitions of the topics in which the group has committed. Weir's groups commit when they begin.
 */
export async function groupLag(cluster: Cluster, groupId: string): Promise<PartitionLag[]> {
  const committed = await committedOffsets(cluster, groupId)
  // A topic may have been recreated since its metadata was last read.
  await attempt(cluster, () => cluster.refresh(), 'The topics cannot be listed')
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
  const known = await cluster.topicId(topic)
  const others = [...offsets.values()].some(({ topicId }) => topicId !== undefined && topicId !== known)
  const id = others ? await cluster.agreedId(topic) : known
  return (await topicOffsets(cluster, topic)).map(({ partition, earliest, latest }): PartitionLag => {
    const { offset, topicId = id } = offsets.get(partition) ?? { offset: -1 }
    const position = topicId === id ? offset : -1
    const lag = lagOf({ startOffset: earliest, position, endOffset: latest })
    return { topic, partition, committed: position, latest, lag }
  })
}

export async function setOffsets(
  cluster: Cluster,
  groupId: string,
  topic: string,
  offsets: readonly { partition: number; offset: number }[],
): Promise<void> {
  const metadata = metadataOf(await cluster.agreedId(topic))
  const topics = [
    { topic, partitions: offsets.map(({ partition, offset }) => ({ partition, offset, metadata })) },
  ]
  const ask = async () => {
    const link = await coordinator(cluster, groupId)
    await link
      .call('OffsetCommit', { groupId, memberId: '', groupGenerationId: NO_GENERATION, topics })
      .catch((error: unknown) => {
        // With these errors, the broker says that it takes offsets of such a group only from its members.
        if (MEMBERS_ONLY.has(typeOf(error) ?? ''))
          throw new KafkaError('invalid-group', `Group ${groupId} has members`, error)
        throw error
      })
  }
  await attempt(cluster, ask, `The offsets of ${groupId} cannot be set`)
}

const MEMBERS_ONLY = new Set([
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
  'REBALANCE_IN_PROGRESS',
  'KAFKAJS_UNKNOWN_ERROR_CODE',
])

async function coordinator(cluster: Cluster, groupId: string) {
  return cluster.link(await cluster.coordinator(COORDINATOR.group, groupId))
}
