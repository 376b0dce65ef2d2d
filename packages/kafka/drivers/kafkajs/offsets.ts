/** Offsets by time, and those that groups have committed. */
import { whenStable } from '../stable-offset.ts'
import { COORDINATOR, type Cluster } from './cluster.ts'
import { brokerError, toKafkaError } from './errors.ts'
import { UNSTABLE, stableOffsetFetch } from './protocol/offset-fetch.ts'
import { retrying } from './retry.ts'

/** Timestamps with a meaning of their own, as ListOffsets defines them. */
export const EARLIEST = -2
export const LATEST = -1

const READ_COMMITTED = 1
const READ_UNCOMMITTED = 0
const PATIENCE = 15_000

/**
 * The offset of the first record at or after `timestamp` in each partition, -1 where there is none; LATEST gives the last stable offset,
 * or the end of the log where `uncommitted`.
 */
export async function offsetsAt(cluster: Cluster, topic: string, partitions: readonly number[], timestamp: number, uncommitted = false): Promise<number[]> {
  const isolationLevel = uncommitted ? READ_UNCOMMITTED : READ_COMMITTED
  const ask = async (): Promise<number[]> => {
    const byLeader = Map.groupBy(partitions, (partition) => cluster.leader(topic, partition))
    const answers = await Promise.all([...byLeader].map(async ([leader, mine]): Promise<[number, number][]> => {
      const link = await cluster.link(leader)
      const asked = mine.map((partition) => ({ partition, timestamp }))
      const { responses } = await link.call('ListOffsets', { replicaId: -1, isolationLevel, topics: [{ topic, partitions: asked }] })
      return responses[0].partitions.map(({ partition, offset }: { partition: number, offset: string }) => [partition, Number(offset)])
    }))
    const found = new Map(answers.flat())
    return partitions.map((partition) => found.get(partition)!)
  }
  try {
    await cluster.partitions(topic)
    return await retrying(ask, () => cluster.refresh(), PATIENCE)
  } catch (error) {
    throw toKafkaError(error, `The offsets of ${topic} cannot be read`)
  }
}

/** By topic and partition. */
type Offsets = Map<string, Map<number, number>>

/** What the group has committed; -1 where nothing. With `topics` empty: everything that it has committed. */
export async function committedOffsets(cluster: Cluster, groupId: string, topics: readonly { topic: string, partitions: readonly number[] }[]): Promise<Offsets> {
  const asked = topics.map(({ topic, partitions }) => ({ topic, partitions: partitions.map((partition) => ({ partition })) }))
  const ask = async (): Promise<Offsets> => {
    const link = await cluster.link(await cluster.coordinator(COORDINATOR.group, groupId))
    const { responses } = await link.call('OffsetFetch', { groupId, topics: asked })
    return new Map(responses.map(({ topic, partitions }: { topic: string, partitions: { partition: number, offset: string }[] }) =>
      [topic, new Map(partitions.map(({ partition, offset }) => [partition, Number(offset)]))]))
  }
  try {
    return await retrying(ask, () => cluster.refresh(), PATIENCE)
  } catch (error) {
    throw toKafkaError(error, `The committed offsets of ${groupId} cannot be read`)
  }
}

/**
 * As committedOffset(), but waits while a transaction over the offset is open.
 * @param hangs called where that transaction stays open for longer than any can
 */
export async function stableOffset(cluster: Cluster, groupId: string, topic: string, partition: number, hangs: () => Promise<void>): Promise<number> {
  const ask = async (): Promise<{ errorCode: number, offset: number }> => {
    const link = await cluster.link(await cluster.coordinator(COORDINATOR.group, groupId))
    const answer = await link.send(stableOffsetFetch(groupId, topic, partition))
    if (answer.errorCode !== 0 && answer.errorCode !== UNSTABLE) throw brokerError(answer.errorCode)
    return answer
  }
  return whenStable(() => retrying(ask, () => cluster.refresh(), PATIENCE), hangs)
}

export async function committedOffset(cluster: Cluster, groupId: string, topic: string, partition: number): Promise<number> {
  const committed = await committedOffsets(cluster, groupId, [{ topic, partitions: [partition] }])
  return committed.get(topic)?.get(partition) ?? -1
}
