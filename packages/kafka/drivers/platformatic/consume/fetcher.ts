/**
 * Long-polls every leader with one request for all partitions that want more. A partition that begins to want more while a request of its leader waits goes out
 * in a second one, on a connection of its own: no partition waits for another one's silence.
 */
import { KafkaError } from '../../../errors.ts'
import { readBatches } from '../../../records/batch-reader.ts'
import { backoff } from '../backoff.ts'
import type { Cluster } from '../cluster.ts'
import { asKafkaError } from '../failure.ts'
import type { Broker } from '../protocol/cluster.ts'
import { OFFSET_OUT_OF_RANGE, OK, brokerError, isTransient } from '../protocol/codes.ts'
import { fetchV12, fetchV13, type FetchPartition, type FetchResult } from '../protocol/fetch.ts'
import type { SubscribeOptions } from '../../../port.ts'
import type { Prefetch } from './prefetch.ts'

/** Milliseconds that a broker holds a request while nothing arrives. */
const MAX_WAIT = 500
const RESPONSE_BYTES = 8 * 1024 * 1024
/** What all partitions of a fetcher may hold together, and bounds of one partition's part of it. */
const MEMORY = 32 * 1024 * 1024
const MOST_PER_PARTITION = 1024 * 1024
const LEAST_PER_PARTITION = 128 * 1024
const LANES = 3
/** Between requests to one broker (ms): under a trickle of records each would bring one or two. After a pause the first goes out at once. */
const LEAST_INTERVAL = 2
const FETCH = 1

let fetchers = 0

export interface FetcherOptions {
  /** Finds the offset to go on from where `position` does not exist in the log (any more). */
  outOfRange(partition: Prefetch, logStart: number): Promise<number>
  /** A failure that the fetcher retries by itself. */
  failed(error: KafkaError): void
  /** Where batches are gathered anyway, the broker may do so: a request for many records costs it no more than one for a single record. */
  readonly gather?: SubscribeOptions['gather']
}

export class Fetcher {
  readonly #cluster: Cluster
  readonly #options: FetcherOptions
  readonly #maxWait: number
  readonly #minBytes: number
  readonly #lanePrefix = `fetch-${fetchers++}`
  readonly #partitions = new Set<Prefetch>()
  /** By node id, which lanes have a request under way, and when the last one left. */
  readonly #busy = new Map<number, { lanes: boolean[], asked: number }>()
  #scheduled = false
  #wakeUp: NodeJS.Timeout | undefined
  #stopped = false

  constructor(cluster: Cluster, options: FetcherOptions) {
    this.#cluster = cluster
    this.#options = options
    const { gather } = options
    this.#maxWait = gather === undefined ? MAX_WAIT : Math.min(MAX_WAIT, gather.ms / 2)
    this.#minBytes = gather === undefined ? 1 : Math.min(gather.bytes, LEAST_PER_PARTITION)
  }

  add(partition: Prefetch): void {
    this.#partitions.add(partition)
    this.poke()
  }

  remove(partition: Prefetch): void {
    partition.generation++
    this.#partitions.delete(partition)
  }

  /** A partition may want more now. */
  poke(): void {
    if (this.#scheduled || this.#stopped) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#ask()
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#wakeUp)
    this.#partitions.clear()
    await this.#cluster.closeLanes(`${this.#lanePrefix}-`)
  }

  get #perPartition(): number {
    return Math.max(LEAST_PER_PARTITION, Math.min(MOST_PER_PARTITION, Math.floor(MEMORY / this.#partitions.size)))
  }

  #ask(): void {
    if (this.#stopped) return
    const now = Date.now()
    const mostBytes = this.#perPartition
    const byBroker = new Map<Broker, Prefetch[]>()
    let earliest = Infinity
    for (const partition of this.#partitions) {
      if (!partition.inFlight && partition.pausedUntil > now) earliest = Math.min(earliest, partition.pausedUntil)
      if (!partition.wants(now, mostBytes)) continue
      const broker = this.#cluster.broker(partition.replica) ?? this.#cluster.leader(partition.topic, partition.partition)
      if (broker === undefined) {
        this.#retryLater(partition)
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
      if (busy.asked + LEAST_INTERVAL > now) {
        earliest = Math.min(earliest, busy.asked + LEAST_INTERVAL)
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

  async #fetch(broker: Broker, partitions: readonly Prefetch[], lanes: boolean[], lane: number): Promise<void> {
    lanes[lane] = true
    const asked = partitions.map((prefetch) => ({ prefetch, generation: prefetch.generation, ...this.#question(prefetch) }))
    for (const { prefetch } of asked) prefetch.inFlight = true
    try {
      const { newest } = await this.#cluster.versions(broker)
      const byId = (newest.get(FETCH) ?? 0) >= 13 && asked.every(({ topicId }) => /[1-9a-f]/.test(topicId))
      const limits = { maxWait: this.#maxWait, minBytes: this.#minBytes, maxBytes: RESPONSE_BYTES, partitionMaxBytes: this.#perPartition, rack: this.#cluster.config.rack ?? '' }
      const answer = await this.#cluster.call(broker, `${this.#lanePrefix}-${lane}`, byId ? fetchV13 : fetchV12, asked, limits)
      if (answer.errorCode !== OK) throw brokerError(answer.errorCode, 'Fetching')
      const results = new Map(answer.partitions.map((result) => [`${result.topic}/${result.partition}`, result]))
      for (const { prefetch, generation, topic, topicId, partition } of asked) {
        if (prefetch.generation !== generation) continue
        prefetch.inFlight = false
        const result = results.get(`${byId ? topicId : topic}/${partition}`)
        if (result !== undefined) this.#answered(prefetch, result)
      }
    } catch (error) {
      if (!this.#stopped) this.#options.failed(asKafkaError(error, 'Fetching'))
      for (const { prefetch, generation } of asked) {
        if (prefetch.generation !== generation) continue
        prefetch.inFlight = false
        this.#retryLater(prefetch)
      }
    }
    lanes[lane] = false
    // The broker fills responses in the order of the question: who was served goes to the end of the line.
    for (const { prefetch } of asked) if (this.#partitions.delete(prefetch)) this.#partitions.add(prefetch)
    this.poke()
  }

  #question({ topic, partition, fetchPosition }: Prefetch): FetchPartition {
    const known = this.#cluster.known(topic)
    return { topic, topicId: known?.topicId ?? '', partition, leaderEpoch: known?.partitions[partition]?.leaderEpoch ?? -1, position: fetchPosition }
  }

  #answered(prefetch: Prefetch, result: FetchResult): void {
    const { topic, partition, fetchPosition } = prefetch
    if (result.errorCode === OK) {
      if (result.preferredReplica >= 0) {
        prefetch.replica = result.preferredReplica
        return
      }
      try {
        prefetch.offer(readBatches({
          topic, partition, position: fetchPosition, bytes: result.records, aborted: result.aborted, endOffset: result.lastStableOffset,
        }))
      } catch (error) {
        this.#options.failed(asKafkaError(error, `Reading ${topic}/${partition}`))
        this.#retryLater(prefetch)
      }
      return
    }
    if (result.errorCode === OFFSET_OUT_OF_RANGE && prefetch.replica < 0) return void this.#outOfRange(prefetch, result.logStartOffset)
    prefetch.replica = -1
    if (!isTransient(result.errorCode)) this.#options.failed(brokerError(result.errorCode, `Reading ${topic}/${partition}`))
    this.#retryLater(prefetch)
  }

  async #outOfRange(prefetch: Prefetch, logStart: number): Promise<void> {
    const { generation } = prefetch
    prefetch.inFlight = true
    try {
      const position = await this.#options.outOfRange(prefetch, logStart)
      if (prefetch.generation === generation) prefetch.seek(position)
    } catch (error) {
      this.#options.failed(asKafkaError(error, `Looking for an offset of ${prefetch.topic}/${prefetch.partition}`))
      if (prefetch.generation === generation) {
        prefetch.inFlight = false
        this.#retryLater(prefetch)
      }
    }
    this.poke()
  }

  #retryLater(prefetch: Prefetch): void {
    prefetch.replica = -1
    prefetch.pausedUntil = Date.now() + backoff(prefetch.failures++, 20, 1000)
    void this.#cluster.refresh(prefetch.topic).then(() => this.poke())
  }
}
