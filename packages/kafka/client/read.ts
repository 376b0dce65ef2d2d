/**
 * Reads without a group: every partition of the topics, from a given position, to the end or until stopped.
 */
import { KafkaError } from '../errors.ts'
import type { BatchHandler, Reading, ReadOptions, RecordBatch } from '../port.ts'
import { isForHandlers } from '../unreadable.ts'
import type { Cluster } from './cluster.ts'
import { Fetcher } from './consume/fetcher.ts'
import { offsetAtPlace, offsetsAt } from './consume/offsets.ts'
import { type Place, type Processor, Worker } from './consume/worker.ts'
import { keyOf } from './groups/membership.ts'
import { offsetTime } from './offset-time.ts'
import { EARLIEST, LATEST } from './protocol/offsets.ts'
import type { TopicPartition } from './protocol/wire.ts'
import type { Before } from './topic-ids.ts'

export class ReadingAll implements Reading {
  readonly done: Promise<void>
  readonly #cluster: Cluster
  readonly #options: ReadOptions
  readonly #handler: BatchHandler
  readonly #fetcher: Fetcher
  readonly #stopping = new AbortController()
  readonly #positions = new Map<string, number>()
  /** The offset at which each partition finishes; a partition that has finished is removed. */
  readonly #ends = new Map<string, number>()
  readonly #finished = Promise.withResolvers<void>()
  #workers: Worker[] = []

  constructor(cluster: Cluster, options: ReadOptions, handler: BatchHandler) {
    this.#cluster = cluster
    this.#options = options
    this.#handler = handler
    this.#fetcher = new Fetcher(cluster, { failed: (error) => this.#failed(error) })
    this.done = this.#run()
    this.done.catch(() => {}) // a caller that ignores it gets no unhandled rejection
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#finished.resolve()
    await this.done.catch(() => {})
  }

  #processor(at: TopicPartition): Processor {
    return {
      begin: (before, signal) => this.#begin(at, before, signal),
      process: (batch, signal) => this.#process(batch, signal),
      recover: async (position) => position,
      end: async () => {},
    }
  }

  async #begin(at: TopicPartition, before: Before | undefined, signal: AbortSignal): Promise<Place> {
    const { topic } = at
    const cluster = this.#cluster
    const recreated = before?.loss === 'recreated'
    const topicId = recreated ? await cluster.agreedId(topic) : (await cluster.topic(topic)).topicId
    if (before?.loss === 'beyond-end')
      return { topicId, position: await offsetAtPlace(cluster, at, 'latest', signal) }
    const same = before === undefined || before.topicId === topicId
    if (same) return { topicId, position: this.#positions.get(keyOf(at))! }
    if (this.#options.until === 'end')
      throw new KafkaError('unknown-topic', `${topic} was recreated while it was read`)
    return { topicId, position: 0 }
  }

  async #process(batch: RecordBatch, signal: AbortSignal): Promise<void> {
    const end = this.#ends.get(keyOf(batch))
    if (this.#options.until === 'end' && end === undefined) return
    if (isForHandlers(batch)) await this.#handler(batch, signal)
    this.#positions.set(keyOf(batch), batch.nextOffset)
    if (end !== undefined && batch.nextOffset >= end) this.#reached(batch)
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    try {
      const partitions = await this.#partitions()
      const starts = await this.#from(partitions, signal)
      for (const [partition, offset] of starts) this.#positions.set(keyOf(partition), offset)
      if (this.#options.until === 'end') {
        for (const [partition, end] of await offsetsAt(this.#cluster, partitions, LATEST, signal)) {
          if (this.#positions.get(keyOf(partition))! < end) this.#ends.set(keyOf(partition), end)
        }
        if (this.#ends.size === 0) return
      }
      const unfinished = partitions.filter(
        (partition) => this.#options.until === 'stopped' || this.#ends.has(keyOf(partition)),
      )
      this.#workers = unfinished.map(
        (partition) =>
          new Worker(
            partition,
            (at) => this.#processor(at),
            this.#fetcher,
            {},
            (error) => this.#failed(error),
          ),
      )
      await this.#finished.promise
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      await Promise.all(this.#workers.map((worker) => worker.drain(signal.aborted ? STOP_LIMIT : 0)))
      await this.#fetcher.stop()
    }
  }

  async #partitions(): Promise<TopicPartition[]> {
    const topics = await Promise.all(this.#options.topics.map((topic) => this.#cluster.topic(topic)))
    return topics
      .flatMap(({ topic, partitions }) => partitions.map(({ partition }) => ({ topic, partition })))
      .filter(({ partition }) => this.#options.partitions?.includes(partition) ?? true)
  }

  async #from(
    partitions: readonly TopicPartition[],
    signal: AbortSignal,
  ): Promise<Map<TopicPartition, number>> {
    const { from } = this.#options
    if (from === 'earliest' || from === 'latest')
      return offsetsAt(this.#cluster, partitions, offsetTime(from), signal)
    if ('offsets' in from) {
      const earliest = await offsetsAt(this.#cluster, partitions, EARLIEST, signal)
      return new Map(
        partitions.map((partition) => [
          partition,
          from.offsets.get(partition.topic)?.[partition.partition] ?? earliest.get(partition)!,
        ]),
      )
    }
    const times = [offsetTime(from.timestamp), LATEST]
    const [found, latest] = await Promise.all(
      times.map((time) => offsetsAt(this.#cluster, partitions, time, signal)),
    )
    return new Map(
      partitions.map((partition) => [
        partition,
        found.get(partition)! >= 0 ? found.get(partition)! : latest.get(partition)!,
      ]),
    )
  }

  #reached(at: TopicPartition): void {
    this.#ends.delete(keyOf(at))
    if (this.#ends.size === 0) this.#finished.resolve()
  }

  #failed(error: KafkaError): void {
    if (this.#stopping.signal.aborted) return
    this.#cluster.log.warn(
      { code: error.code, topics: this.#options.topics, err: error.cause },
      error.message,
    )
    if (FATAL.has(error.code)) this.#finished.reject(error)
  }
}

/** How long a running handler may take to settle after stop() (ms). */
const STOP_LIMIT = 10_000
const FATAL: ReadonlySet<string> = new Set([
  'unknown-topic',
  'not-authorized',
  'authentication',
  'tls',
  'unsupported',
])
