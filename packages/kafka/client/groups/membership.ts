/** A member of a consumer group, whichever protocol the group uses. */
import type { KafkaError } from '../../errors.ts'
import type { TopicPartition } from '../protocol/wire.ts'

/** The calls by which the member notifies the reader of the partitions. */
export interface GroupListener {
  assign(partitions: readonly TopicPartition[]): void
  /**
   * Handlers drain and their offsets are committed before this resolves; then the partitions go to another
   * member. Never rejects.
   */
  revoke(partitions: readonly TopicPartition[]): Promise<void>
  /** The group continued without this member: everything stops, nothing is committed. */
  abandon(): void
  failed(error: KafkaError): void
}

export interface Membership {
  readonly memberId: string
  /** Member epoch or generation, by which the group fences outdated commits. */
  readonly epoch: number
  readonly instanceId: string | null
  readonly joined: boolean
  owns(partition: TopicPartition): boolean
  /**
   * Leaves the group, so that the others need not wait for the session to end. A member with a lasting name
   * keeps its partitions until then. Called after the partitions were drained.
   */
  leave(): Promise<void>
}

/**
 * Time that a member has for draining before the group continues without it (ms). A group of the classic
 * protocol also stops for this long if a member was killed while it waited to join: brokers do not notice its
 * absence any earlier.
 */
export const REBALANCE_TIMEOUT_MS = 15_000

/**
 * Retriable failures in a row that are not reported: a coordinator that moves or starts refuses requests for
 * a moment, and only a lasting failure is worth a line in the log.
 */
export const QUIET_FAILURES = 5

export interface MemberOptions {
  readonly groupId: string
  readonly topics: readonly string[]
  readonly listener: GroupListener
}

export function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}
