/** Keeps lanes supplied, with one fetch request in flight per broker for the lanes there that have room. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaError } from '../../errors.ts'
import {
  INCONSISTENT_TOPIC_ID,
  OFFSET_OUT_OF_RANGE,
  UNKNOWN_TOPIC_ID,
} from '../platformatic/protocol/codes.ts'
import { type FetchPartition, type FetchResult, fetchV12, fetchV13 } from '../platformatic/protocol/fetch.ts'
import { BEYOND_END, isTopicId, TRIMMED } from '../topic-ids.ts'
import { type Cluster, passing, UNKNOWN_TOPIC } from './cluster.ts'
import { brokerError, toKafkaError } from './errors.ts'
import type { Lane } from './lane.ts'
import { EARLIEST, offsetsAt } from './offsets.ts'
import { flexible } from './protocol/flexible.ts'

/**
 * Milliseconds that a fetch waits for records: long while all lanes of the broker are in it, short while some
 * are busy and may want more soon.
 */
const LONG_WAIT = 500
const SHORT_WAIT = 10
const PAUSE_AFTER_FAILURE = 200
const NO_NODE = -1
/**
 * Bytes of a whole response, and of one partition in it. A larger record batch is returned all the same,
 * alone.
 */
const LIMITS = { minBytes: 1, maxBytes: 10 * 1024 * 1024, partitionMaxBytes: 1024 * 1024 }
/** Codes for a topic name, or id, that the broker does not know. */
const TOPIC_UNKNOWN = new Set([UNKNOWN_TOPIC, UNKNOWN_TOPIC_ID, INCONSISTENT_TOPIC_ID])

export class Fetcher {
  readonly #cluster: Cluster
  readonly #lanes = new Set<Lane>()
  readonly #pumps = new Set<number>()
  #turn = 0
  #closed = false
  #heard = Date.now()

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  add(lane: Lane): void {
    this.#lanes.add(lane)
    this.wake()
  }

  remove(lane: Lane): void {
    this.#lanes.delete(lane)
  }

  close(): void {
    this.#closed = true
    this.#lanes.clear()
  }

  /** True if lanes want records and no broker has answered for `ms` milliseconds. */
  stalled(ms: number): boolean {
    if (![...this.#lanes].some((lane) => lane.wanting)) this.#heard = Date.now()
    return Date.now() - this.#heard > ms
  }

  /** Called when a lane may want records. */
  wake(): void {
    for (const lane of this.#lanes) {
      if (!lane.wanting) continue
      const node = this.#nodeOf(lane)
      if (this.#pumps.has(node)) continue
      this.#pumps.add(node)
      void this.#pump(node)
    }
  }

  #nodeOf(lane: Lane): number {
    return lane.preferredReplica !== NO_NODE
      ? lane.preferredReplica
      : this.#cluster.leader(lane.topic, lane.partition)
  }

  /**
   * Serves the lanes of one broker until none of them wants more. For NO_NODE, looks for the leaders of lanes
   * that have none.
   */
  async #pump(node: number): Promise<void> {
    while (!this.#closed) {
      for (const lane of this.#lanes) {
        if (this.#cluster.isOther(lane.topic, lane.topicId)) lane.lose(lane.fetchFrom, 'made-anew')
      }
      const here = [...this.#lanes].filter((lane) => lane.reading && this.#nodeOf(lane) === node)
      const wanting = here.filter((lane) => lane.wanting)
      if (wanting.length === 0) break
      try {
        if (node === NO_NODE) await this.#findLeaders()
        else await this.#fetch(node, wanting, wanting.length === here.length ? LONG_WAIT : SHORT_WAIT)
      } catch (error) {
        if (!this.#closed) await this.#recover(wanting, error)
      }
    }
    this.#pumps.delete(node)
    if (!this.#closed) this.wake()
  }

  async #findLeaders(): Promise<void> {
    await this.#cluster.refresh()
    this.wake()
    if ([...this.#lanes].some((lane) => lane.wanting && this.#nodeOf(lane) === NO_NODE))
      await sleep(PAUSE_AFTER_FAILURE)
  }

  async #fetch(node: number, lanes: Lane[], maxWait: number): Promise<void> {
    // The broker fills the response starting with the first partition, so each partition gets to be first in
    // turn.
    const first = this.#turn++ % lanes.length
    const inTurn = [...lanes.slice(first), ...lanes.slice(0, first)]
    const link = await this.#cluster.link(node, 'fetch')
    const byId =
      link.speaks(fetchV13.key, fetchV13.version) && lanes.every(({ topicId }) => isTopicId(topicId))
    const nameOf = ({ topic, topicId, partition }: FetchPartition): string =>
      `${byId ? topicId : topic}/${partition}`
    const asked = inTurn.map(({ topic, topicId, partition, fetchFrom: position }) => ({
      topic,
      topicId,
      partition,
      leaderEpoch: -1,
      position,
    }))
    const limits = { ...LIMITS, maxWait, rack: this.#cluster.config.rack ?? '' }
    const { partitions } = await link.send(flexible(byId ? fetchV13 : fetchV12, asked, limits))
    this.#heard = Date.now()
    const results = new Map(partitions.map((result) => [`${result.topic}/${result.partition}`, result]))
    const failed: Lane[] = []
    let failure: unknown
    for (const [i, lane] of inTurn.entries()) {
      const result = results.get(nameOf(asked[i]))
      const refusal = result && (await this.#answered(lane, asked[i].position, result, node))
      if (refusal === undefined) continue
      failure = refusal
      failed.push(lane)
    }
    if (failed.length > 0) await this.#recover(failed, failure)
  }

  /** Resolves to the broker's error, if there was one. */
  async #answered(lane: Lane, position: number, result: FetchResult, node: number): Promise<unknown> {
    const { topic, partition } = lane
    const { errorCode, lastStableOffset, logStartOffset, aborted, preferredReplica, records } = result
    const follower = lane.preferredReplica !== NO_NODE
    if (errorCode === 0) {
      lane.startOffset = Math.max(0, logStartOffset)
      if (preferredReplica !== NO_NODE && preferredReplica !== node) lane.preferredReplica = preferredReplica
      else lane.offer({ topic, partition, position, bytes: records, aborted, endOffset: lastStableOffset })
      return undefined
    }
    lane.preferredReplica = NO_NODE
    if (errorCode === OFFSET_OUT_OF_RANGE) {
      if (!follower) await this.#outOfRange(lane, position)
      return undefined
    }
    this.#cluster.forgetLeader(topic, partition)
    const failure = brokerError(TOPIC_UNKNOWN.has(errorCode) ? UNKNOWN_TOPIC : errorCode)
    if (!passing(failure)) lane.restart(position, failure)
    return failure
  }

  /**
   * The leader has nothing at the position: either the log was trimmed and begins later, or it ends before.
   */
  async #outOfRange(lane: Lane, position: number): Promise<void> {
    const { topic, partition } = lane
    const [start] = await offsetsAt(this.#cluster, topic, [partition], EARLIEST)
    this.#cluster.log.warn(
      { topic, partition, offset: position, start },
      position < start ? TRIMMED : BEYOND_END,
    )
    if (position < start) lane.skipTo(position, start)
    else lane.lose(position, 'beyond-end')
  }

  async #recover(lanes: Lane[], error: unknown): Promise<void> {
    this.#cluster.log.debug({ err: error }, 'a fetch failed')
    for (const lane of lanes) {
      lane.preferredReplica = NO_NODE
      lane.standstill.failed('fetching', toKafkaError(error, 'Fetching'))
    }
    await sleep(PAUSE_AFTER_FAILURE)
    await this.#cluster.refresh().catch(() => {})
    for (const lane of lanes) await this.#restartUnknown(lane)
    this.wake()
  }

  /** If the topic is gone, the lane's owner decides whether to wait for another one of that name. */
  async #restartUnknown(lane: Lane): Promise<void> {
    await this.#cluster.partitions(lane.topic).catch((error: KafkaError) => {
      if (error.code === 'unknown-topic') lane.restart(lane.fetchFrom, error)
    })
  }
}
