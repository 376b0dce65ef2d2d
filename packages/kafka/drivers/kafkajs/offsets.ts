/** Offsets by time, and the offsets that groups have committed. */

import { UNSTABLE_OFFSET_COMMIT } from '../platformatic/protocol/codes.ts'
import { offsetFetch } from '../platformatic/protocol/offsets.ts'
import { whenStable } from '../stable-offset.ts'
import { type Committed, topicIdIn } from '../topic-ids.ts'
import { type Cluster, COORDINATOR } from './cluster.ts'
import { brokerError, toKafkaError } from './errors.ts'
import { flexible } from './protocol/flexible.ts'
import { retrying } from './retry.ts'

/** Timestamps with a special meaning, as ListOffsets defines them. */
export const EARLIEST = -2
export const LATEST = -1

const READ_COMMITTED = 1
const READ_UNCOMMITTED = 0
const PATIENCE = 15_000

/**
 * Returns the offset of the first record at or after `timestamp` in each partition, -1 if there is none.
 * LATEST gives the last stable offset, or the end of the log if `uncommitted`.
 */
export async function offsetsAt(
  cluster: Cluster,
  topic: string,
  partitions: readonly number[],
  timestamp: number,
  uncommitted = false,
): Promise<number[]> {
  const isolationLevel = uncommitted ? READ_UNCOMMITTED : READ_COMMITTED
  const ask = async (): Promise<number[]> => {
    const byLeader = Map.groupBy(partitions, (partition) => cluster.leader(topic, partition))
    const answers = await Promise.all(
      [...byLeader].map(async ([leader, mine]): Promise<[number, number][]> => {
        const link = await cluster.link(leader)
        const asked = mine.map((partition) => ({ partition, timestamp }))
        const { responses } = await link.call('ListOffsets', {
          replicaId: -1,
          isolationLevel,
          topics: [{ topic, partitions: asked }],
        })
        return responses[0].partitions.map(({ partition, offset }: { partition: number; offset: string }) => [
          partition,
          Number(offset),
        ])
      }),
    )
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
type Offsets = Map<string, Map<number, Committed>>

interface Response {
  readonly topic: string
  readonly partitions: readonly CommittedPartition[]
}

interface CommittedPartition {
  readonly partition: number
  readonly offset: string
  readonly metadata: string | null
}

/** Reads all offsets that the group has committed. */
export async function committedOffsets(cluster: Cluster, groupId: string): Promise<Offsets> {
  const ask = async (): Promise<Offsets> => {
    const link = await cluster.link(await cluster.coordinator(COORDINATOR.group, groupId))
    const { responses } = (await link.call('OffsetFetch', { groupId, topics: [] })) as {
      responses: Response[]
    }
    const read = ({ partition, offset, metadata }: CommittedPartition): [number, Committed] => [
      partition,
      { offset: Number(offset), topicId: topicIdIn(metadata) },
    ]
    return new Map(responses.map(({ topic, partitions }) => [topic, new Map(partitions.map(read))]))
  }
  try {
    return await retrying(ask, () => cluster.refresh(), PATIENCE)
  } catch (error) {
    throw toKafkaError(error, `The committed offsets of ${groupId} cannot be read`)
  }
}

/**
 * Reads the group's offset in one partition. Waits while a transaction over the offset is open.
 * @param hangs called if that transaction stays open for longer than it can in a healthy cluster
 */
export async function committedOffset(
  cluster: Cluster,
  groupId: string,
  topic: string,
  partition: number,
  hangs: () => Promise<void> = async () => {},
): Promise<Committed> {
  const ask = async () => {
    const link = await cluster.link(await cluster.coordinator(COORDINATOR.group, groupId))
    const { errorCode: refusal, partitions } = await link.send(
      flexible(offsetFetch, groupId, [{ topic, partition }]),
    )
    const [answer] = partitions
    const errorCode = refusal || (answer?.errorCode ?? 0)
    if (errorCode !== 0 && errorCode !== UNSTABLE_OFFSET_COMMIT) throw brokerError(errorCode)
    return { errorCode, offset: answer?.offset ?? -1, topicId: answer?.topicId }
  }
  return whenStable(() => retrying(ask, () => cluster.refresh(), PATIENCE), hangs)
}
