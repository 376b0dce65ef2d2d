/**
 * A running member of a group. The membership assigns the partitions, a worker processes each of them, and
 * one fetcher feeds all workers.
 */
import type { KafkaError } from '../../errors.ts'
import type { Assignment, StalledPartition, SubscribeOptions, Subscription } from '../../port.ts'
import { settledWithin } from '../backoff.ts'
import type { Cluster } from '../cluster.ts'
import { type GroupListener, keyOf, type Membership } from '../groups/membership.ts'
import { joinGroup } from '../groups/open.ts'
import type { TopicPartition } from '../protocol/wire.ts'
import { stalledOf } from '../standstill.ts'
import { type Before, type Beginning, beginning, type Committed, startsOver } from '../topic-ids.ts'
import { Fetcher } from './fetcher.ts'
import { CommittedOffsets, offsetAtPlace } from './offsets.ts'
import { type OpenProcessor, Worker } from './worker.ts'

const DRAIN = 10_000
const WATCH_INTERVAL_MS = 5000
/** A partition that lags and does not move for this long is fetched again from its position (ms). */
const STALL = 30_000
/**
 * While a broker is away, every partition fails again and again: the same message is a warning at most once
 * per interval.
 */
const LOG_INTERVAL_MS = 10_000
const MAX_LOGGED = 100
/** Limit of the metadata refresh before the last commit of a partition (ms). */
const LOOK_LIMIT = 1000

/** The part of the subscription that its processors use. */
export interface GroupContext {
  readonly cluster: Cluster
  readonly options: SubscribeOptions
  readonly committed: CommittedOffsets
  /** Aborts when the member has given its partitions up to stop. */
  readonly stopping: AbortSignal
  /** Joined before the first partition is assigned. */
  membership(): Membership
  /**
   * Finds where to begin in the partition.
   * @param committed reads its committed offset
   */
  beginning(
    at: TopicPartition,
    lost: Before | undefined,
    signal: AbortSignal,
    committed: () => Promise<Committed>,
  ): Promise<Beginning>
  /** Whether the name still belongs to that topic, after a metadata refresh. */
  stillIs(topic: string, topicId: string): Promise<boolean>
  failed(error: KafkaError): void
}

export class GroupSubscription implements Subscription, GroupListener, GroupContext {
  readonly groupId: string
  readonly topics: readonly string[]
  readonly cluster: Cluster
  readonly options: SubscribeOptions
  readonly committed: CommittedOffsets
  restarts = 0
  readonly #fetcher: Fetcher
  readonly #open: OpenProcessor
  readonly #workers = new Map<string, Worker>()
  readonly #stopping = new AbortController()
  readonly stopping = this.#stopping.signal
  readonly #logged = new Map<string, number>()
  /**
   * Topic ids by name, as they were when this member was opened. Newer topics are read from their beginning,
   * even if an earlier member lost the partition before its first commit.
   */
  readonly #topicIds = new Map<string, string>()
  #membership: Membership | undefined
  #watchdog: NodeJS.Timeout | undefined
  #stopped: Promise<void> | undefined

  /** Rejects with unknown-topic, unsupported, or if no broker answers. */
  static async open(
    cluster: Cluster,
    options: SubscribeOptions,
    processors: (context: GroupContext) => OpenProcessor,
  ): Promise<GroupSubscription> {
    const topics = await Promise.all(options.topics.map((topic) => cluster.topic(topic)))
    const subscription = new GroupSubscription(cluster, options, processors)
    for (const { topic, topicId } of topics) subscription.#topicIds.set(topic, topicId)
    try {
      await subscription.#join()
    } catch (error) {
      await subscription.#fetcher.stop()
      throw error
    }
    return subscription
  }

  private constructor(
    cluster: Cluster,
    options: SubscribeOptions,
    processors: (context: GroupContext) => OpenProcessor,
  ) {
    this.groupId = options.groupId
    this.topics = options.topics
    this.cluster = cluster
    this.options = options
    this.committed = new CommittedOffsets(cluster, options.groupId)
    this.#fetcher = new Fetcher(cluster, { gather: options.gather, failed: (error) => this.failed(error) })
    this.#open = processors(this)
  }

  membership(): Membership {
    return this.#membership!
  }

  async beginning(
    at: TopicPartition,
    lost: Before | undefined,
    signal: AbortSignal,
    committed: () => Promise<Committed>,
  ): Promise<Beginning> {
    const { cluster, groupId, options } = this
    const { topic, partition } = at
    const before = lost ?? { topicId: this.#topicIds.get(topic)!, loss: undefined }
    const source = {
      committed,
      knownId: async () => (await cluster.topic(topic)).topicId,
      agreedId: () => cluster.agreedId(topic),
      offset: (place: 'earliest' | 'latest') => offsetAtPlace(cluster, at, place, signal),
    }
    const found = await beginning(source, options.startAt, before)
    if (startsOver(found, before)) {
      cluster.log.warn(
        { groupId, topic, partition, before, ...found },
        'The group starts over in this partition',
      )
    }
    return found
  }

  async stillIs(topic: string, topicId: string): Promise<boolean> {
    await settledWithin(this.cluster.refresh(topic), LOOK_LIMIT)
    return this.cluster.known(topic)?.topicId === topicId
  }

  ready(): boolean {
    if (this.#stopped !== undefined || !this.#membership?.joined) return false
    for (const worker of this.#workers.values()) if (!worker.reading) return false
    return true
  }

  assignments(): readonly Assignment[] {
    return [...this.#workers.values()]
  }

  stalled(): readonly StalledPartition[] {
    return stalledOf([...this.#workers.values()])
  }

  stop(drainMs = DRAIN): Promise<void> {
    return (this.#stopped ??= this.#stop(drainMs))
  }

  assign(partitions: readonly TopicPartition[]): void {
    if (this.#stopped !== undefined) return
    const { groupId, cluster, options } = this
    cluster.log.info({ groupId, partitions: partitions.map(keyOf) }, 'Partitions assigned')
    for (const partition of partitions) {
      const worker = new Worker(partition, this.#open, this.#fetcher, options, (error) => this.failed(error))
      this.#workers.get(keyOf(partition))?.abandon()
      this.#workers.set(keyOf(partition), worker)
    }
  }

  async revoke(partitions: readonly TopicPartition[], drainMs = DRAIN): Promise<void> {
    this.cluster.log.info({ groupId: this.groupId, partitions: partitions.map(keyOf) }, 'Partitions revoked')
    await Promise.all(
      partitions.map(async (partition) => {
        const worker = this.#workers.get(keyOf(partition))
        await worker?.drain(drainMs).catch((error: KafkaError) => this.failed(error))
        if (this.#workers.get(keyOf(partition)) === worker) this.#workers.delete(keyOf(partition))
      }),
    )
  }

  abandon(): void {
    this.cluster.log.warn(
      { groupId: this.groupId },
      'The group continued without this member, which joins again',
    )
    for (const worker of this.#workers.values()) worker.abandon()
    this.#workers.clear()
  }

  failed(error: KafkaError): void {
    if (this.#stopping.signal.aborted) return
    this.restarts++
    const now = Date.now()
    const repeated = now - (this.#logged.get(error.message) ?? 0) < LOG_INTERVAL_MS
    if (!repeated) this.#logged.set(error.message, now)
    if (this.#logged.size > MAX_LOGGED) this.#logged.clear()
    this.cluster.log[repeated ? 'debug' : 'warn'](
      { groupId: this.groupId, code: error.code, err: error.cause },
      error.message,
    )
  }

  async #join(): Promise<void> {
    this.#membership = await joinGroup(this.cluster, {
      groupId: this.groupId,
      topics: this.options.topics,
      listener: this,
    })
    this.#watchdog = setInterval(() => this.#restartStalled(), WATCH_INTERVAL_MS).unref()
  }

  async #stop(drainMs: number): Promise<void> {
    clearInterval(this.#watchdog)
    await this.revoke([...this.#workers.values()], drainMs)
    this.#stopping.abort()
    await this.#membership!.leave()
    await this.#fetcher.stop()
  }

  #restartStalled(): void {
    const stalled = [...this.#workers.values()].filter(
      ({ reading, busy, endOffset, position, progressedAt }) =>
        reading && !busy && endOffset > position && Date.now() - progressedAt > STALL,
    )
    for (const worker of stalled) {
      this.restarts++
      const { topic, partition, position } = worker
      this.cluster.log.warn(
        { groupId: this.groupId, topic, partition, position },
        'The partition is stuck and is read again',
      )
      worker.restart()
    }
  }
}
