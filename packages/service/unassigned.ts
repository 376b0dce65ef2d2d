/**
 * Finds the partitions of a group that no member has. A member sees only its own partitions, so it cannot
 * notice one that the coordinator left out. This asks the coordinator for all assignments.
 */
import type { Admin, Kafka, StalledPartition, Subscription, TopicPartition } from '@weir/kafka/port.ts'

type Group = Pick<Subscription, 'groupId' | 'topics' | 'assignments'>

export type GroupKafka = Pick<Kafka, 'partitions'> & { readonly admin: Pick<Admin, 'assigned' | 'lag'> }

/** The time between two checks (ms). */
export const UNASSIGNED_LOOK_MS = 10_000
/** A rebalance takes less time than this: Weir's members drain for 10 s at most. */
const STALLED_MS = 30_000

export class Unassigned {
  readonly #group: Group
  readonly #kafka: GroupKafka
  /** Maps topic/partition to the time when it was first seen without a member (ms since the epoch). */
  #since = new Map<string, number>()
  #stalled: readonly StalledPartition[] = []
  #looking = false

  constructor(group: Group, kafka: GroupKafka) {
    this.#group = group
    this.#kafka = kafka
  }

  /** Never rejects. While the broker does not answer, nothing is known, and the time starts over. */
  async look(): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    try {
      const lasting = await this.#lasting()
      this.#stalled = lasting.length === 0 ? [] : await this.#withOffsets(lasting)
    } catch {
      this.#since.clear()
      this.#stalled = []
    } finally {
      this.#looking = false
    }
  }

  /**
   * Empty for all members but one, so that a group reports each partition once: the member that has the first
   * of the assigned partitions reports. If none is assigned, each member does.
   */
  stalled(): readonly StalledPartition[] {
    return this.#stalled
  }

  async #lasting(): Promise<(TopicPartition & { readonly sinceMs: number })[]> {
    const { groupId, topics } = this.#group
    const [assigned, ...counts] = await Promise.all([
      this.#kafka.admin.assigned(groupId),
      ...topics.map((topic) => this.#kafka.partitions(topic)),
    ])
    const taken = new Set(assigned.map(keyOf))
    const all = topics.flatMap((topic, t) =>
      Array.from({ length: counts[t] }, (_, partition) => ({ topic, partition })),
    )
    const now = Date.now()
    const free = all
      .filter((at) => !taken.has(keyOf(at)))
      .map((at) => ({ ...at, sinceMs: this.#since.get(keyOf(at)) ?? now }))
    this.#since = new Map(free.map((at) => [keyOf(at), at.sinceMs]))
    const first = all.find((at) => taken.has(keyOf(at)))
    const isReporter =
      first === undefined || this.#group.assignments().some((at) => keyOf(at) === keyOf(first))
    return isReporter ? free.filter(({ sinceMs }) => now - sinceMs >= STALLED_MS) : []
  }

  async #withOffsets(
    lasting: readonly (TopicPartition & { readonly sinceMs: number })[],
  ): Promise<StalledPartition[]> {
    const lags = await this.#kafka.admin.lag(this.#group.groupId)
    const committed = new Map(lags.map((lag) => [keyOf(lag), lag.committed]))
    return lasting.map((at) => ({
      ...at,
      offset: committed.get(keyOf(at)) ?? -1,
      reason: 'no member of the group has it',
    }))
  }
}

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`
