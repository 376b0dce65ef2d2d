/** Commits a group's offsets: all partitions of a round in one request, and one request at a time. */

import { pause } from '@weir/timing'
import type { KafkaError } from '../../errors.ts'
import { settledWithin } from '../backoff.ts'
import type { Cluster } from '../cluster.ts'
import type { Membership } from '../groups/membership.ts'
import { GROUP } from '../protocol/cluster.ts'
import {
  brokerError,
  ILLEGAL_GENERATION,
  isTransient,
  OK,
  REBALANCE_IN_PROGRESS,
  STALE_MEMBER_EPOCH,
} from '../protocol/codes.ts'
import { type OffsetOf, offsetCommitV8, offsetCommitV9 } from '../protocol/offsets.ts'
import type { TopicPartition } from '../protocol/wire.ts'

/**
 * Milliseconds between rounds: a crash repeats at most what was handled in that time, and the broker writes
 * no more than twenty commits a second.
 */
const ROUND = 50
const RETRY_PAUSE_MS = 100
const FLUSH_LIMIT = 5000
const OFFSET_COMMIT = 8

export class Committer {
  readonly #cluster: Cluster
  readonly #groupId: string
  readonly #membership: Membership
  readonly #failed: (error: KafkaError) => void
  readonly #dirty = new Map<string, OffsetOf>()
  #round: Promise<void> | undefined
  #hurry = new AbortController()

  constructor(
    cluster: Cluster,
    groupId: string,
    membership: Membership,
    failed: (error: KafkaError) => void,
  ) {
    this.#cluster = cluster
    this.#groupId = groupId
    this.#membership = membership
    this.#failed = failed
  }

  /** Commits the offset in the next round; a later offset of the partition replaces it. */
  mark(offset: OffsetOf): void {
    this.#dirty.set(`${offset.topic}/${offset.partition}`, offset)
    this.#round ??= this.#commitRounds()
  }

  /**
   * Drops the partition's mark: one set before this member lost the partition must not be committed once it
   * has the partition again.
   */
  forget({ topic, partition }: TopicPartition): void {
    this.#dirty.delete(`${topic}/${partition}`)
  }

  /** Resolves when everything marked so far is committed or given up, after FLUSH_LIMIT at the latest. */
  async flush(): Promise<void> {
    this.#hurry.abort()
    if (this.#round !== undefined) await settledWithin(this.#round, FLUSH_LIMIT)
  }

  async #commitRounds(): Promise<void> {
    this.#hurry = new AbortController()
    while (this.#dirty.size > 0) {
      await pause(ROUND, this.#hurry.signal)
      const offsets = [...this.#dirty.values()]
      this.#dirty.clear()
      const remaining = await this.#commit(offsets).catch((error: KafkaError) => {
        this.#failed(error)
        return error.retriable ? offsets : []
      })
      for (const offset of remaining) {
        const key = `${offset.topic}/${offset.partition}`
        if (!this.#dirty.has(key)) this.#dirty.set(key, offset)
      }
      if (remaining.length > 0) await pause(RETRY_PAUSE_MS)
    }
    this.#round = undefined
  }

  /** Returns the offsets to be retried. */
  async #commit(offsets: readonly OffsetOf[]): Promise<readonly OffsetOf[]> {
    // A recreated topic must not get the offsets of its predecessor.
    const owned = offsets.filter(
      (offset) => this.#membership.owns(offset) && !this.#cluster.isOther(offset.topic, offset.topicId),
    )
    if (owned.length === 0) return []
    const { memberId, epoch, instanceId } = this.#membership
    try {
      const coordinator = await this.#cluster.coordinator(GROUP, this.#groupId)
      const { newest } = await this.#cluster.versions(coordinator)
      const api = (newest.get(OFFSET_COMMIT) ?? 0) >= 9 ? offsetCommitV9 : offsetCommitV8
      const answers = await this.#cluster.call(
        coordinator,
        'offsets',
        api,
        this.#groupId,
        { memberId, epoch, instanceId },
        owned,
      )
      return owned.filter((offset) => {
        const code =
          answers.find(({ topic, partition }) => topic === offset.topic && partition === offset.partition)
            ?.errorCode ?? OK
        if (code === OK) return false
        if (isTransient(code)) this.#cluster.forgetCoordinator(GROUP, this.#groupId)
        // If the epoch moved while the commit was in flight, the retry carries the new one, if the partition
        // still belongs to this member then.
        const again =
          isTransient(code) ||
          code === STALE_MEMBER_EPOCH ||
          code === REBALANCE_IN_PROGRESS ||
          (code === ILLEGAL_GENERATION && this.#membership.epoch !== epoch)
        if (!again) this.#failed(brokerError(code, `Committing ${offset.topic}/${offset.partition}`))
        return again
      })
    } catch (error) {
      this.#cluster.forgetCoordinator(GROUP, this.#groupId)
      throw error
    }
  }
}
