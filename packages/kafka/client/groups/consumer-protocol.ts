/**
 * The consumer protocol (KIP-848): the coordinator assigns partitions, and members report in their heartbeats
 * what they own.
 */
import { randomUUID } from 'node:crypto'
import { pause } from '@weir/timing'
import { KafkaError } from '../../errors.ts'
import { backoff, settledWithin } from '../backoff.ts'
import type { Cluster } from '../cluster.ts'
import { asKafkaError } from '../failure.ts'
import { GROUP } from '../protocol/cluster.ts'
import {
  brokerError,
  FENCED_INSTANCE_ID,
  FENCED_MEMBER_EPOCH,
  isTransient,
  OK,
  UNKNOWN_MEMBER_ID,
} from '../protocol/codes.ts'
import {
  type ConsumerHeartbeat,
  type ConsumerHeartbeatResult,
  consumerGroupHeartbeat,
  type TopicIdPartitions,
} from '../protocol/groups.ts'
import type { TopicPartition } from '../protocol/wire.ts'
import {
  keyOf,
  type MemberOptions,
  type Membership,
  QUIET_FAILURES,
  REBALANCE_TIMEOUT_MS,
} from './membership.ts'

const JOIN = 0
const LEAVE = -1
/** Leaves for now: the partitions wait for the member of that name until the session ends. */
const LEAVE_FOR_NOW = -2
const LEAVE_TIMEOUT_MS = 3000
/** Heartbeat interval until the coordinator has set one (ms). */
const FIRST_INTERVAL_MS = 1000

interface Owned extends TopicPartition {
  readonly topicId: string
}

export class ConsumerMembership implements Membership {
  readonly memberId = randomUUID()
  epoch = JOIN
  readonly instanceId: string | null
  readonly #cluster: Cluster
  readonly #options: MemberOptions
  readonly #lane: string
  readonly #owned = new Map<string, Owned>()
  readonly #stopping = new AbortController()
  readonly #done: Promise<void>
  #target: readonly TopicIdPartitions[] | undefined
  #reconciling = false
  /** Grows whenever everything is abandoned, which stops a reconciliation that began before. */
  #life = 0
  /** Whether another process joined under this one's lasting name. It stays out, or they would alternate. */
  #replaced = false
  #reportFull = true
  #reportOwned = true
  #wake = new AbortController()

  constructor(cluster: Cluster, options: MemberOptions) {
    this.#cluster = cluster
    this.#options = options
    this.instanceId = cluster.config.instanceId ?? null
    this.#lane = `group-${options.groupId}-${this.memberId}`
    this.#done = this.#heartbeats()
  }

  get joined(): boolean {
    return this.epoch > JOIN && this.#target !== undefined
  }

  owns(partition: TopicPartition): boolean {
    return this.#owned.has(keyOf(partition))
  }

  async leave(): Promise<void> {
    this.#stopping.abort()
    this.#wake.abort()
    await settledWithin(this.#done, LEAVE_TIMEOUT_MS)
    this.#owned.clear()
    // Also sent when no join was answered: the coordinator may have received it.
    const memberEpoch = this.instanceId === null ? LEAVE : LEAVE_FOR_NOW
    await settledWithin(this.#beat({ memberEpoch, full: null, owned: null }), LEAVE_TIMEOUT_MS)
    await this.#cluster.closeLanes(this.#lane)
  }

  async #heartbeats(): Promise<void> {
    const { signal } = this.#stopping
    const { groupId, topics, listener } = this.#options
    let interval = FIRST_INTERVAL_MS
    for (let failures = 0; !signal.aborted; ) {
      this.#wake = new AbortController()
      const joining = this.epoch === JOIN
      const full =
        this.#reportFull || joining
          ? {
              rebalanceTimeout: REBALANCE_TIMEOUT_MS,
              topics,
              rack: this.#cluster.config.rack ?? null,
              // It gives a member the same partition numbers of all topics, as tasks of several topics need.
              assignor: topics.length > 1 ? 'range' : null,
            }
          : null
      const owned = this.#reportOwned || joining ? byTopicId([...this.#owned.values()]) : null
      try {
        const answer = await this.#beat({ memberEpoch: this.epoch, full, owned })
        if (signal.aborted) return
        if (answer.errorCode !== OK)
          throw brokerError(
            answer.errorCode,
            `The heartbeat of group ${groupId} (${answer.errorMessage ?? 'without a reason'})`,
          )
        failures = 0
        interval = answer.interval
        this.epoch = answer.memberEpoch
        this.#reportFull = false
        if (owned !== null && sameSet(owned, byTopicId([...this.#owned.values()]))) this.#reportOwned = false
        if (answer.assignment !== null) this.#target = answer.assignment
        this.#reconcile().catch((error: unknown) =>
          listener.failed(asKafkaError(error, `Taking the partitions of group ${groupId}`)),
        )
        await pause(interval, this.#wake.signal)
      } catch (error) {
        if (signal.aborted) return
        const failure = asKafkaError(error, `The heartbeat of group ${groupId}`)
        if (!failure.retriable || failure.code === 'fenced' || failures >= QUIET_FAILURES)
          listener.failed(failure)
        if (this.#replaced) return
        // A heartbeat without an answer may have been received or not, so the next one reports everything
        // again.
        this.#reportFull = true
        this.#reportOwned = true
        await pause(backoff(failures++, 50, 2000), signal)
      }
    }
  }

  async #beat(
    beat: Pick<ConsumerHeartbeat, 'memberEpoch' | 'full' | 'owned'>,
  ): Promise<ConsumerHeartbeatResult> {
    const { groupId } = this.#options
    try {
      const coordinator = await this.#cluster.coordinator(GROUP, groupId)
      const answer = await this.#cluster.call(coordinator, this.#lane, consumerGroupHeartbeat, {
        groupId,
        memberId: this.memberId,
        instanceId: this.instanceId,
        ...beat,
      })
      if (isTransient(answer.errorCode)) this.#cluster.forgetCoordinator(GROUP, groupId)
      const fenced = answer.errorCode === FENCED_MEMBER_EPOCH || answer.errorCode === UNKNOWN_MEMBER_ID
      this.#replaced = answer.errorCode === FENCED_INSTANCE_ID
      if ((fenced || this.#replaced) && !this.#stopping.signal.aborted) this.#abandon()
      return answer
    } catch (error) {
      if (error instanceof KafkaError) this.#cluster.forgetCoordinator(GROUP, groupId)
      throw error
    }
  }

  /** The group has fenced this member: it joins again with nothing. */
  #abandon(): void {
    this.#life++
    this.epoch = JOIN
    this.#target = undefined
    this.#owned.clear()
    this.#options.listener.abandon()
  }

  /**
   * Gives up partitions that the target does not contain, reports that to the coordinator, and takes the new
   * ones.
   */
  async #reconcile(): Promise<void> {
    if (this.#reconciling || this.#target === undefined) return
    this.#reconciling = true
    const life = this.#life
    try {
      for (;;) {
        const target = await this.#named(this.#target)
        if (this.#life !== life || this.#stopping.signal.aborted || target === undefined) return
        // The same partition of a recreated topic is another partition.
        const isSurplus = (owned: Owned): boolean => target.get(keyOf(owned))?.topicId !== owned.topicId
        const surplus = [...this.#owned.values()].filter(isSurplus)
        if (surplus.length > 0) {
          await this.#options.listener.revoke(surplus)
          if (this.#life !== life) return
          for (const partition of surplus) this.#owned.delete(keyOf(partition))
          this.#report()
          continue // the target may have moved while handlers drained
        }
        const added = [...target.values()].filter((partition) => !this.owns(partition))
        if (added.length === 0) return
        for (const partition of added) this.#owned.set(keyOf(partition), partition)
        this.#options.listener.assign(added)
        this.#report()
        return
      }
    } finally {
      this.#reconciling = false
    }
  }

  #report(): void {
    this.#reportOwned = true
    this.#wake.abort()
  }

  /** Returns undefined while a topic id has no known name; the next heartbeat tries again. */
  async #named(target: readonly TopicIdPartitions[]): Promise<Map<string, Owned> | undefined> {
    const named = new Map<string, Owned>()
    for (const { topicId, partitions } of target) {
      if (this.#cluster.nameOf(topicId) === undefined) await this.#cluster.refresh(...this.#options.topics)
      const topic = this.#cluster.nameOf(topicId)
      if (topic === undefined) return undefined
      for (const partition of partitions)
        named.set(keyOf({ topic, partition }), { topicId, topic, partition })
    }
    return named
  }
}

function byTopicId(owned: readonly Owned[]): TopicIdPartitions[] {
  return [...Map.groupBy(owned, ({ topicId }) => topicId)].map(([topicId, items]) => ({
    topicId,
    partitions: items.map(({ partition }) => partition).sort((a, b) => a - b),
  }))
}

function sameSet(a: readonly TopicIdPartitions[], b: readonly TopicIdPartitions[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
