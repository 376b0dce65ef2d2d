/**
 * A running member of a group. Its partitions are lanes, which are supplied by one fetcher and drained when
 * they are revoked.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaConfig } from '../../config.ts'
import type { KafkaLog } from '../../log.ts'
import type { Assignment, StalledPartition, SubscribeOptions, Subscription } from '../../port.ts'
import { stalledOf } from '../standstill.ts'
import { type Before, type Beginning, beginning, beginsAnew, type Committed } from '../topic-ids.ts'
import type { Assigned } from './assignment.ts'
import { Cluster } from './cluster.ts'
import { Commits } from './commits.ts'
import { Fetcher } from './fetcher.ts'
import { Lane, type Work } from './lane.ts'
import { Member } from './member.ts'
import { EARLIEST, LATEST, offsetsAt } from './offsets.ts'

export const DEFAULT_BATCH_RECORDS = 10_000
const DEFAULT_DRAIN = 10_000
/** Milliseconds that handlers get when the group rebalances: well below the group's rebalance timeout. */
const REVOKE_DRAIN = 10_000
/**
 * Milliseconds. Lanes that want records and have had no answer from any broker for this long get new
 * connections.
 */
const STALLED = 30_000
/** Limit of the metadata refresh before the last commit of partitions (ms). */
const LOOK_LIMIT = 1_000

/** What each kind of subscription needs to create the Work of one partition. */
export interface Workshop {
  readonly cluster: Cluster
  readonly commits: Commits
  readonly groupId: string
  /**
   * Finds where to begin in the partition.
   * @param committed reads its committed offset
   */
  beginning(
    topic: string,
    partition: number,
    lost: Before | undefined,
    committed: () => Promise<Committed>,
  ): Promise<Beginning>
}

export class GroupSubscription implements Subscription {
  readonly groupId: string
  readonly topics: readonly string[]
  restarts = 0
  readonly #options: SubscribeOptions
  readonly #log: KafkaLog
  readonly #makeWork: (topic: string, partition: number, workshop: Workshop) => Work
  /**
   * For fetches and offsets. The member has connections of its own, since a join holds its connection until
   * the group is complete.
   */
  readonly #cluster: Cluster
  readonly #memberCluster: Cluster
  readonly #fetcher: Fetcher
  readonly #commits: Commits
  readonly #member: Member
  readonly #watchdog: NodeJS.Timeout
  /** Topic ids by name, of the topics in which this member has begun. */
  readonly #topicIds = new Map<string, string>()
  #lanes: Lane[] = []
  #stopped: Promise<void> | undefined

  constructor(
    config: KafkaConfig,
    log: KafkaLog,
    options: SubscribeOptions,
    makeWork: (topic: string, partition: number, workshop: Workshop) => Work,
  ) {
    this.groupId = options.groupId
    this.topics = options.topics
    this.#options = options
    this.#log = log
    this.#makeWork = makeWork
    this.#cluster = new Cluster(config, log)
    this.#memberCluster = new Cluster(config, log)
    this.#fetcher = new Fetcher(this.#cluster)
    this.#commits = new Commits(this.#cluster, () => this.#member)
    this.#member = new Member(this.#memberCluster, options.groupId, options.topics, {
      assigned: (partitions) => this.#assigned(partitions),
      revoked: (lost) => this.#revoked(lost),
      failed: (error) => this.#failed(error),
    })
    this.#watchdog = setInterval(() => this.#watch(), STALLED / 3).unref()
  }

  ready(): boolean {
    return this.#member.joined && this.#lanes.every((lane) => lane.reading)
  }

  assignments(): readonly Assignment[] {
    return this.#lanes.map(({ topic, partition, position, startOffset, endOffset }) => ({
      topic,
      partition,
      position,
      startOffset,
      endOffset,
    }))
  }

  stalled(): readonly StalledPartition[] {
    return stalledOf(this.#lanes)
  }

  stop(drainMs = DEFAULT_DRAIN): Promise<void> {
    this.#stopped ??= this.#stop(drainMs)
    return this.#stopped
  }

  async #stop(drainMs: number): Promise<void> {
    clearInterval(this.#watchdog)
    await this.#drain(drainMs)
    await this.#member.stop()
    await this.#drain(0) // partitions that a join in flight brought at the last moment
    this.#fetcher.close()
    this.#memberCluster.close()
    this.#cluster.close()
  }

  #assigned(partitions: Assigned): void {
    if (this.#stopped !== undefined) return
    const { maxBatchRecords = DEFAULT_BATCH_RECORDS, gather } = this.#options
    const workshop: Workshop = {
      cluster: this.#cluster,
      commits: this.#commits,
      groupId: this.groupId,
      beginning: (...place) => this.#beginning(...place),
    }
    const failed = (error: unknown): void => this.#failed(error)
    const hooks = { wanting: () => this.#fetcher.wake(), failed, log: this.#log }
    this.#lanes = partitions.map(
      ({ topic, partition }) =>
        new Lane(
          topic,
          partition,
          this.#makeWork(topic, partition, workshop),
          maxBatchRecords,
          hooks,
          gather,
        ),
    )
    for (const lane of this.#lanes) this.#fetcher.add(lane)
  }

  async #beginning(
    topic: string,
    partition: number,
    lost: Before | undefined,
    committed: () => Promise<Committed>,
  ): Promise<Beginning> {
    const cluster = this.#cluster
    const known = this.#topicIds.get(topic)
    const before = lost ?? (known === undefined ? undefined : { topicId: known, loss: undefined })
    const source = {
      committed,
      knownId: () => cluster.topicId(topic),
      agreedId: () => cluster.agreedId(topic),
      offset: async (place: 'earliest' | 'latest') => {
        const [offset] = await offsetsAt(
          cluster,
          topic,
          [partition],
          place === 'earliest' ? EARLIEST : LATEST,
        )
        return offset
      },
    }
    const found = await beginning(source, this.#options.startAt, before)
    this.#topicIds.set(topic, found.topicId)
    if (beginsAnew(found, before)) {
      const fields = { groupId: this.groupId, topic, partition, before, ...found }
      this.#log.warn(fields, 'The group begins anew in this partition')
    }
    return found
  }

  async #revoked(lost: boolean): Promise<void> {
    if (lost) {
      this.#commits.drop()
      for (const lane of this.#lanes) lane.abandon()
    }
    await this.#drain(lost ? 0 : REVOKE_DRAIN)
  }

  async #drain(drainMs: number): Promise<void> {
    const lanes = this.#lanes
    await Promise.all(lanes.map((lane) => lane.drain(drainMs)))
    for (const lane of lanes) this.#fetcher.remove(lane)
    this.#lanes = this.#lanes.filter((lane) => !lanes.includes(lane))
    // A topic may have been recreated since the last refresh.
    if (this.#commits.pending)
      await Promise.race([this.#cluster.refresh().catch(() => {}), sleep(LOOK_LIMIT)])
    await this.#commits.flush().catch((error) => this.#failed(error))
  }

  #failed(error: unknown): void {
    this.restarts++
    this.#log.warn(
      { err: error, groupId: this.groupId },
      'a consumer failed and begins again from the committed offset',
    )
  }

  #watch(): void {
    // Before Kafka 3.1, brokers fetch by the topic's name, and do not report that it belongs to another topic
    // now.
    void this.#cluster.refresh().catch(() => {})
    if (!this.#fetcher.stalled(STALLED)) return
    this.#failed(new Error(`no broker has answered a fetch for ${STALLED / 1000} s`))
    this.#cluster.reconnect()
  }
}
