/**
 * Long-polls every leader with one request for all partitions that want more. A partition that begins to want
 * more while a request to its leader is pending goes out in a second one, on another connection, so that no
 * partition waits because others have no new records.
 */
import type { KafkaError } from '../../errors.ts'
import type { SubscribeOptions } from '../../port.ts'
import { readBatches } from '../../records/batch-reader.ts'
import { UnreadableBatch } from '../../records/unreadable-batch.ts'
import { cutShort } from '../../unreadable.ts'
import { backoff } from '../backoff.ts'
import type { Cluster } from '../cluster.ts'
import { asKafkaError } from '../failure.ts'
import type { Broker } from '../protocol/cluster.ts'
import {
  brokerError,
  isTransient,
  NOT_LEADER,
  OFFSET_OUT_OF_RANGE,
  OK,
  UNKNOWN_TOPIC_OR_PARTITION,
} from '../protocol/codes.ts'
import { type FetchPartition, type FetchResult, fetchV12, fetchV13 } from '../protocol/fetch.ts'
import { BEYOND_END, TRIMMED } from '../topic-ids.ts'
import { offsetAtPlace } from './offsets.ts'
import type { Prefetch } from './prefetch.ts'

/** Milliseconds that a broker holds a request while nothing arrives. */
const MAX_WAIT = 500
const RESPONSE_BYTES = 8 * 1024 * 1024
/** Bytes that all partitions of a fetcher may hold together, and the bounds of one partition's share. */
const MEMORY = 32 * 1024 * 1024
const MAX_PER_PARTITION = 1024 * 1024
const MIN_PER_PARTITION = 128 * 1024
const LANES = 3
/**
 * Least time between requests to one broker (ms): under a trickle of records, each request would return one
 * or two. After a pause the first request is sent at once.
 */
const MIN_INTERVAL = 2
const FETCH = 1

let fetchers = 0

export interface FetcherOptions {
  /** Called with a failure that the fetcher retries by itself. */
  failed(error: KafkaError): void
  /**
   * If batches are gathered anyway, the broker may gather them: a request for many records costs it no more
   * than one for a single record.
   */
  readonly gather?: SubscribeOptions['gather']
}

export class Fetcher {
  readonly #cluster: Cluster
  readonly #options: FetcherOptions
  readonly #maxWait: number
  readonly #minBytes: number
  readonly #lanePrefix = `fetch-${fetchers++}`
  readonly #partitions = new Set<Prefetch>()
  /** By node id: which lanes have a request in flight, and when the last one was sent. */
  readonly #busy = new Map<number, { lanes: boolean[]; asked: number }>()
  #scheduled = false
  #wakeUp: NodeJS.Timeout | undefined
  readonly #stopping = new AbortController()

  constructor(cluster: Cluster, options: FetcherOptions) {
    this.#cluster = cluster
    this.#options = options
    const { gather } = options
    this.#maxWait = gather === undefined ? MAX_WAIT : Math.min(MAX_WAIT, gather.ms / 2)
    this.#minBytes = gather === undefined ? 1 : Math.min(gather.bytes, MIN_PER_PARTITION)
  }

  add(partition: Prefetch): void {
    this.#partitions.add(partition)
    this.poke()
  }

  remove(partition: Prefetch): void {
    partition.generation++
    this.#partitions.delete(partition)
  }

  /** Called when a partition may want more. */
  poke(): void {
    if (this.#scheduled || this.#stopping.signal.aborted) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#ask()
    })
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    clearTimeout(this.#wakeUp)
    this.#partitions.clear()
    await this.#cluster.closeLanes(`${this.#lanePrefix}-`)
  }

  get #perPartition(): number {
    return Math.max(
      MIN_PER_PARTITION,
      Math.min(MAX_PER_PARTITION, Math.floor(MEMORY / this.#partitions.size)),
    )
  }

  #ask(): void {
    if (this.#stopping.signal.aborted) return
    const now = Date.now()
    const mostBytes = this.#perPartition
    const byBroker = new Map<Broker, Prefetch[]>()
    let earliest = Infinity
    for (const partition of this.#partitions) {
      if (this.#cluster.isOther(partition.topic, partition.topicId)) partition.lose('recreated')
      if (!partition.inFlight && partition.pausedUntil > now)
        earliest = Math.min(earliest, partition.pausedUntil)
      if (!partition.wants(now, mostBytes)) continue
      const broker =
        this.#cluster.broker(partition.replica) ?? this.#cluster.leader(partition.topic, partition.partition)
      if (broker === undefined) {
        const code =
          this.#cluster.known(partition.topic) === undefined ? UNKNOWN_TOPIC_OR_PARTITION : NOT_LEADER
        const what = `Looking for the leader of ${partition.topic}/${partition.partition}`
        this.#retryLater(partition, brokerError(code, what))
        earliest = Math.min(earliest, partition.pausedUntil)
        continue
      }
      const group = byBroker.get(broker)
      if (group === undefined) byBroker.set(broker, [partition])
      else group.push(partition)
    }
    for (const [broker, partitions] of byBroker) {
      const busy = this.#busy.get(broker.nodeId) ?? { lanes: Array<boolean>(LANES).fill(false), asked: 0 }
      this.#busy.set(broker.nodeId, busy)
      const lane = busy.lanes.indexOf(false)
      if (lane < 0) continue
      if (busy.asked + MIN_INTERVAL > now) {
        earliest = Math.min(earliest, busy.asked + MIN_INTERVAL)
        continue
      }
      busy.asked = now
      void this.#fetch(broker, partitions, busy.lanes, lane)
    }
    if (earliest < Infinity) {
      clearTimeout(this.#wakeUp)
      this.#wakeUp = setTimeout(() => this.poke(), Math.max(1, earliest - now))
    }
  }

  async #fetch(
    broker: Broker,
    partitions: readonly Prefetch[],
    lanes: boolean[],
    lane: number,
  ): Promise<void> {
    lanes[lane] = true
    const asked = partitions.map((prefetch) => ({
      prefetch,
      generation: prefetch.generation,
      ...this.#question(prefetch),
    }))
    for (const { prefetch } of asked) prefetch.inFlight = true
    try {
      const { newest } = await this.#cluster.versions(broker)
      const byId = (newest.get(FETCH) ?? 0) >= 13 && asked.every(({ topicId }) => /[1-9a-f]/.test(topicId))
      const limits = {
        maxWait: this.#maxWait,
        minBytes: this.#minBytes,
        maxBytes: RESPONSE_BYTES,
        partitionMaxBytes: this.#perPartition,
        rack: this.#cluster.config.rack ?? '',
      }
      const answer = await this.#cluster.call(
        broker,
        `${this.#lanePrefix}-${lane}`,
        byId ? fetchV13 : fetchV12,
        asked,
        limits,
      )
      if (answer.errorCode !== OK) throw brokerError(answer.errorCode, 'Fetching')
      const results = new Map(
        answer.partitions.map((result) => [`${result.topic}/${result.partition}`, result]),
      )
      for (const { prefetch, generation, topic, topicId, partition } of asked) {
        if (prefetch.generation !== generation) continue
        prefetch.inFlight = false
        const result = results.get(`${byId ? topicId : topic}/${partition}`)
        if (result !== undefined) this.#answered(prefetch, result)
      }
    } catch (error) {
      const failure = asKafkaError(error, 'Fetching')
      if (!this.#stopping.signal.aborted) this.#options.failed(failure)
      for (const { prefetch, generation } of asked) {
        if (prefetch.generation !== generation) continue
        prefetch.inFlight = false
        this.#retryLater(prefetch, failure)
      }
    }
    lanes[lane] = false
    // The broker fills responses in the order of the request, so partitions that were served move to the end.
    for (const { prefetch } of asked) if (this.#partitions.delete(prefetch)) this.#partitions.add(prefetch)
    this.poke()
  }

  #question({ topic, topicId, partition, fetchPosition }: Prefetch): FetchPartition {
    const leaderEpoch = this.#cluster.known(topic)?.partitions[partition]?.leaderEpoch ?? -1
    return { topic, topicId, partition, leaderEpoch, position: fetchPosition }
  }

  #answered(prefetch: Prefetch, result: FetchResult): void {
    const where = `Reading ${prefetch.topic}/${prefetch.partition}`
    if (result.errorCode === OK) {
      if (result.preferredReplica >= 0) prefetch.replica = result.preferredReplica
      else this.#read(prefetch, result)
    } else if (result.errorCode === OFFSET_OUT_OF_RANGE && prefetch.replica < 0) {
      void this.#outOfRange(prefetch)
    } else {
      const failure = brokerError(result.errorCode, where)
      if (!isTransient(result.errorCode)) this.#options.failed(failure)
      this.#retryLater(prefetch, failure)
    }
  }

  #read(prefetch: Prefetch, { records, aborted, lastStableOffset, logStartOffset }: FetchResult): void {
    const { topic, partition, fetchPosition: position } = prefetch
    prefetch.startOffset = Math.max(0, logStartOffset)
    try {
      const batch = readBatches({
        topic,
        partition,
        position,
        bytes: records,
        aborted,
        endOffset: lastStableOffset,
      })
      if (records.length === 0 || batch.nextOffset > position) prefetch.offer(batch)
      else this.#retryLater(prefetch, cutShort(prefetch, position))
    } catch (error) {
      if (!(error instanceof UnreadableBatch)) throw error
      const instead = prefetch.unreadable.failed(error, lastStableOffset, this.#cluster.log)
      if (instead !== undefined) return prefetch.offer(instead)
      prefetch.pausedUntil = Date.now() + prefetch.unreadable.pauseMs
    }
  }

  /**
   * The leader has nothing at the position: either the log was trimmed and begins later, or it ends before.
   */
  async #outOfRange(prefetch: Prefetch): Promise<void> {
    const { topic, partition, generation, fetchPosition } = prefetch
    prefetch.inFlight = true
    try {
      const start = await offsetAtPlace(this.#cluster, prefetch, 'earliest', this.#stopping.signal)
      if (prefetch.generation !== generation) return
      const what = fetchPosition < start ? TRIMMED : BEYOND_END
      this.#cluster.log.warn({ topic, partition, offset: fetchPosition, start }, what)
      if (fetchPosition < start) prefetch.skipTo(start)
      else prefetch.lose('beyond-end')
    } catch (error) {
      if (prefetch.generation !== generation) return
      const failure = asKafkaError(error, `Looking for the beginning of ${topic}/${partition}`)
      if (!this.#stopping.signal.aborted) this.#options.failed(failure)
      prefetch.inFlight = false
      this.#retryLater(prefetch, failure)
    }
    this.poke()
  }

  #retryLater(prefetch: Prefetch, failure: KafkaError): void {
    prefetch.replica = -1
    prefetch.standstill.failed('fetching', failure)
    prefetch.pausedUntil = Date.now() + backoff(prefetch.failures++, 20, 1000)
    void this.#cluster.refresh(prefetch.topic).then(() => this.poke())
  }
}
