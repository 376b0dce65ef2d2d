/** A member of a consumer group, whichever protocol the group speaks. */
import type { KafkaError } from '../../../errors.ts'
import type { TopicPartition } from '../protocol/wire.ts'

/** What the member tells the reader of the partitions. */
export interface GroupListener {
  assign(partitions: readonly TopicPartition[]): void
  /**
   * Handlers drain and their offsets are committed before this resolves; then the partitions go to somebody
   * else. Never rejects.
   */
  revoke(partitions: readonly TopicPartition[]): Promise<void>
  /** The group went on without this member: everything stops, nothing is committed. */
  abandon(): void
  failed(error: KafkaError): void
}

export interface Membership {
  readonly memberId: string
  /** Member epoch or generation: what the group fences commits of the past by. */
  readonly epoch: number
  readonly joined: boolean
  owns(partition: TopicPartition): boolean
  /**
   * After the partitions were drained: leaves the group, so that the others need not wait for the session to
   * end.
   */
  leave(): Promise<void>
}

/**
 * Time that a member has for draining before the group goes on without it (ms). A group of the classic
 * protocol stands still for so long, too, when a member was killed while it waited to join: brokers miss it
 * at no earlier moment.
 */
export const REBALANCE_TIMEOUT_MS = 15_000

/** A coordinator that moves or begins answers so for a moment; only what lasts is worth a line in the log. */
export const QUIET_FAILURES = 5

export interface MemberOptions {
  readonly groupId: string
  readonly topics: readonly string[]
  readonly listener: GroupListener
}

export function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}
