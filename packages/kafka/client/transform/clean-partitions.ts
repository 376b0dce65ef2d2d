/** The partitions in which no earlier transaction of an id is open, as far as they were looked at. */
import type { KafkaError } from '../../errors.ts'
import type { Cluster } from '../cluster.ts'
import { coordinatingPartition } from '../protocol/transaction-log.ts'
import type { TopicPartition } from '../protocol/wire.ts'

/** The topic with the offsets of groups. */
const OFFSETS = '__consumer_offsets'

export class CleanPartitions {
  readonly #cluster: Cluster
  readonly #known = new Set<string>()
  /** Whether the brokers do not show the topic with the offsets of groups. */
  #isOffsetsHidden = false

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  add(partitions: readonly TopicPartition[]): void {
    for (const one of partitions) this.#known.add(keyOf(one))
  }

  /** A transaction may have been left open anywhere. */
  clear(): void {
    this.#known.clear()
  }

  /** Returns those of the partitions, and of the offsets of the group, that are not known to be clean. */
  async unknownOf(
    partitions: readonly TopicPartition[],
    groupId: string | undefined,
  ): Promise<TopicPartition[]> {
    const touched = partitions.map(({ topic, partition }) => ({ topic, partition }))
    if (groupId !== undefined) touched.push(...(await this.#offsetsOf(groupId)))
    return touched.filter((one) => !this.#known.has(keyOf(one)))
  }

  /** Returns the partition with the offsets of the group; none if this principal cannot see it. */
  async #offsetsOf(groupId: string): Promise<readonly TopicPartition[]> {
    if (this.#isOffsetsHidden || this.#cluster.mayNotSee(OFFSETS)) return []
    try {
      const { partitions } = await this.#cluster.topic(OFFSETS)
      return [{ topic: OFFSETS, partition: coordinatingPartition(groupId, partitions.length) }]
    } catch (error) {
      const { code } = error as KafkaError
      if (code !== 'not-authorized' && code !== 'unknown-topic') throw error
      this.#isOffsetsHidden = true
      return []
    }
  }
}

export const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`
