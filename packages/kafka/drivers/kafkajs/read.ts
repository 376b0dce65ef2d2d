/** Reading without a group: positions are kept here and committed nowhere. */
import type { KafkaConfig } from '../../config.ts'
import { KafkaError } from '../../errors.ts'
import type { KafkaLog } from '../../log.ts'
import type { BatchHandler, Reading, ReadOptions, RecordBatch } from '../../port.ts'
import { head } from '../../records/slice.ts'
import { offsetTime } from '../offset-time.ts'
import { Cluster } from './cluster.ts'
import { toKafkaError } from './errors.ts'
import { Fetcher } from './fetcher.ts'
import { Lane, type Work } from './lane.ts'
import { EARLIEST, LATEST, offsetsAt } from './offsets.ts'
import { DEFAULT_BATCH_RECORDS } from './subscription.ts'

const STOP_DRAIN = 10_000

interface Stretch {
  readonly topic: string
  readonly partition: number
  readonly start: number
  readonly end: number
}

export async function read(
  config: KafkaConfig,
  log: KafkaLog,
  options: ReadOptions,
  handler: BatchHandler,
): Promise<Reading> {
  const cluster = new Cluster(config, log)
  try {
    const stretches = (
      await Promise.all(options.topics.map((topic) => stretchesOf(cluster, topic, options)))
    ).flat()
    return new GrouplessReading(cluster, stretches, handler, log)
  } catch (error) {
    cluster.close()
    throw toKafkaError(error, `Reading ${options.topics.join(', ')} failed`)
  }
}

async function stretchesOf(
  cluster: Cluster,
  topic: string,
  { from, until, partitions: wanted }: ReadOptions,
): Promise<Stretch[]> {
  const all = Array.from({ length: await cluster.partitions(topic) }, (_, partition) => partition)
  const partitions = wanted === undefined ? all : all.filter((partition) => wanted.includes(partition))
  const ends = await offsetsAt(cluster, topic, partitions, LATEST)
  const starts = await startsOf(cluster, topic, partitions, from, ends)
  return partitions.map((partition, i) => ({
    topic,
    partition,
    start: starts[i],
    end: until === 'end' ? ends[i] : Infinity,
  }))
}

async function startsOf(
  cluster: Cluster,
  topic: string,
  partitions: number[],
  from: ReadOptions['from'],
  ends: number[],
): Promise<number[]> {
  if (from === 'latest') return ends
  if (from === 'earliest') return offsetsAt(cluster, topic, partitions, EARLIEST)
  if ('timestamp' in from) {
    const found = await offsetsAt(cluster, topic, partitions, offsetTime(from.timestamp))
    return found.map((offset, i) => (offset < 0 ? ends[i] : offset))
  }
  const given = from.offsets.get(topic)
  return given === undefined
    ? offsetsAt(cluster, topic, partitions, EARLIEST)
    : partitions.map((partition) => given[partition] ?? 0)
}

class GrouplessReading implements Reading {
  readonly done: Promise<void>
  readonly #cluster: Cluster
  readonly #fetcher: Fetcher
  readonly #lanes: Lane[]
  readonly #settle: { resolve(): void; reject(error: Error): void }
  #stopping: Promise<void> | undefined

  constructor(cluster: Cluster, stretches: readonly Stretch[], handler: BatchHandler, log: KafkaLog) {
    this.#cluster = cluster
    this.#fetcher = new Fetcher(cluster)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.done = promise
    promise.catch(() => {})
    this.#settle = { resolve, reject }
    const open = stretches.filter(({ start, end }) => start < end)
    let left = open.length
    this.#lanes = open.map((stretch) => {
      const reached = (): void => {
        lane.abandon()
        this.#fetcher.remove(lane)
        if (--left === 0) void this.stop()
      }
      const failed = (error: unknown): void => {
        log.warn({ err: error, topic: stretch.topic }, 'reading failed and begins again where it was')
        const known = toKafkaError(error, `Reading ${stretch.topic} failed`)
        if (known.code !== 'internal' && !known.retriable) void this.#fail(known)
      }
      const hooks = { wanting: () => this.#fetcher.wake(), failed, log }
      const work = workOf(stretch, cluster, handler, reached)
      const lane = new Lane(stretch.topic, stretch.partition, work, DEFAULT_BATCH_RECORDS, hooks)
      return lane
    })
    for (const lane of this.#lanes) this.#fetcher.add(lane)
    if (open.length === 0) void this.stop()
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop().then(this.#settle.resolve)
    return this.#stopping
  }

  async #fail(error: KafkaError): Promise<void> {
    this.#settle.reject(error)
    await this.stop()
  }

  async #stop(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.drain(STOP_DRAIN)))
    this.#fetcher.close()
    this.#cluster.close()
  }
}

/** Hands batches over from `start` to `end`; records of a batch beyond the end are not handed over. */
function workOf(
  { topic, partition, start, end }: Stretch,
  cluster: Cluster,
  handler: BatchHandler,
  reached: () => void,
): Work {
  let position = start
  return {
    async begin(earlier) {
      let topicId = await cluster.topicId(topic)
      if (earlier !== undefined && earlier.topicId !== topicId) topicId = await cluster.agreedId(topic)
      if (earlier !== undefined && earlier.topicId !== topicId) {
        if (end < Infinity) throw new KafkaError('unknown-topic', `${topic} was made anew while it was read`)
        position = 0
      } else if (earlier?.loss === 'beyond-end') {
        ;[position] = await offsetsAt(cluster, topic, [partition], LATEST)
      }
      return { topicId, position }
    },
    async process(batch, signal) {
      await handler(before(batch, end), signal)
      signal.throwIfAborted()
      position = batch.nextOffset
      if (position >= end) reached()
    },
  }
}

/** Returns the batch with only its records below `end`. */
function before(batch: RecordBatch, end: number): RecordBatch {
  if (batch.nextOffset <= end) return batch
  const beyond = batch.offsets.findIndex((offset, i) => i < batch.length && offset >= end)
  return beyond < 0 ? batch : { ...head(batch, beyond), nextOffset: end }
}
