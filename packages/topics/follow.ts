/** Follows a topic without a group: every replica reads all of it, for as long as it runs. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { TopicName, ValueOf } from '@weir/contracts'
import { type Kafka, KafkaError, type Reading, type RecordBatch } from '@weir/kafka'
import { backoffMs, pause } from '@weir/timing'
import { type Accept, openRecords, type RecordsOptions, type TopicRecords } from './records.ts'

export interface FollowOptions<T extends TopicName> extends RecordsOptions<T> {
  readonly kafka: Pick<Kafka, 'partitions' | 'offsetAt' | 'fetch' | 'read'>
  /** latest: only records that are written after the first catchUp(), or after start(). */
  readonly from: 'earliest' | 'latest'
  readonly accept: Accept<ValueOf[T]>
  /**
   * Forgets everything that was accepted, because the topic was recreated and is read from its beginning. If
   * not given, the follower keeps failing then: the new records do not continue the old ones.
   */
  readonly reset?: () => void
}

/** The pause before a retry grows from the first to the second value (ms). */
const FIRST_PAUSE_MS = 500
const MAX_PAUSE_MS = 10_000
/** How often the position is compared with the topic's end, to notice that reading has stalled (ms). */
const LOOK_MS = 10_000
const FETCH_BYTES = 4 << 20
/**
 * The pause after an answer without the records that the topic's end promised: a new leader may not show them
 * yet (ms).
 */
const NOT_YET_MS = 20

/**
 * Calls `accept` once for each record, in the order of its partition, whether start() or catchUp() read it.
 * After a failure it continues from where it was; until then, `ready` is false, and the log says why.
 */
export class Follower<T extends TopicName> {
  readonly #options: FollowOptions<T>
  readonly #stopping = new AbortController()
  #opening: Promise<TopicRecords<ValueOf[T]>> | undefined
  /** The offset after the last record accepted, by partition. */
  #positions: number[] = []
  #following: Promise<void> | undefined
  #ready = false

  constructor(options: FollowOptions<T>) {
    this.#options = options
  }

  /** True while every record in the topic arrives here. */
  get ready(): boolean {
    return this.#ready
  }

  position(partition: number): number {
    return this.#positions[partition]
  }

  /** Begins to follow, in the background. */
  start(): void {
    this.#following ??= this.#follow()
  }

  /**
   * Resolves when all records that were visible before the call have been accepted. Rejects if they cannot be
   * read now.
   */
  async catchUp(): Promise<void> {
    const records = await this.#open()
    await Promise.all(this.#positions.map((_, partition) => this.#catchUp(records, partition)))
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#following
  }

  /** Looks up once where to begin; again after a failure. */
  #open(): Promise<TopicRecords<ValueOf[T]>> {
    this.#opening ??= this.#begin().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  async #begin(): Promise<TopicRecords<ValueOf[T]>> {
    const { kafka, topic, from } = this.#options
    const [records, partitions] = await Promise.all([openRecords(this.#options), kafka.partitions(topic)])
    this.#positions = await Promise.all(
      Array.from({ length: partitions }, (_, partition) => kafka.offsetAt(topic, partition, from)),
    )
    return records
  }

  async #catchUp(records: TopicRecords<ValueOf[T]>, partition: number): Promise<void> {
    const { kafka, topic } = this.#options
    const position = this.#positions[partition]
    const end = await kafka.offsetAt(topic, partition, 'latest')
    if (end < position) return this.#startOver(`ends at ${end}`, position)
    while (this.#positions[partition] < end) {
      try {
        const batch = await kafka.fetch(topic, partition, this.#positions[partition], FETCH_BYTES)
        if (batch.nextOffset > this.#positions[partition]) await this.#take(records, batch)
        else await sleep(NOT_YET_MS)
      } catch (error) {
        if (!(error instanceof KafkaError) || error.code !== 'out-of-range') throw error
        const earliest = await kafka.offsetAt(topic, partition, 'earliest')
        if (earliest <= this.#positions[partition]) throw error
        this.#positions[partition] = earliest
        this.#warn(error, 'records were deleted before they were read; reading continues after them')
      }
    }
  }

  #startOver(found: string, position: number): never {
    const { topic, reset } = this.#options
    const what = `${topic} ${found}, and was read up to ${position}: it was recreated, or has lost records.`
    if (reset === undefined)
      throw new Error(`${what} Restart this service if it should start over with the topic as it is now.`)
    reset()
    this.#opening = undefined
    throw new Error(`${what} It is read again.`)
  }

  /**
   * Accepts a batch. Batches come from the reading and from catchUp(), each in order; records that were
   * accepted before are left out.
   */
  async #take(records: TopicRecords<ValueOf[T]>, batch: RecordBatch): Promise<void> {
    const { partition, nextOffset } = batch
    await records.prepare(batch)
    records.each(batch, this.#options.accept, this.#positions[partition])
    this.#positions[partition] = Math.max(this.#positions[partition], nextOffset)
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopping
    let failing = false
    for (let retries = 0; !signal.aborted; ) {
      try {
        await this.#round(() => {
          if (failing) this.#warn(undefined, 'the topic is followed again')
          failing = false
          retries = 0
        })
      } catch (error) {
        this.#ready = false
        if (!failing && !signal.aborted) {
          this.#warn(error, 'the topic cannot be followed; retrying until it can')
        }
        failing = true
      }
      await pause(backoffMs(retries++, FIRST_PAUSE_MS, MAX_PAUSE_MS), signal)
    }
  }

  /** Reads until it is stopped. Rejects when the reading has ended or stalled. */
  async #round(caughtUp: () => void): Promise<void> {
    const { kafka, topic } = this.#options
    const { signal } = this.#stopping
    let reading: Reading | undefined
    try {
      const records = await this.#unlessStopped(this.#open())
      await this.#unlessStopped(this.catchUp())
      const readTo = [...this.#positions]
      const recreated = Promise.withResolvers<{ first: number; position: number }>()
      let isRecreated = false
      const from = { offsets: new Map([[topic as string, [...readTo]]]) }
      reading = await kafka.read({ topics: [topic], from, until: 'stopped' }, async (batch) => {
        if (isRecreated) return
        const {
          partition,
          offsets: [first],
          nextOffset,
        } = batch
        const position = readTo[partition]
        // A reading goes back for one reason: the name now belongs to another topic, which it reads from the
        // beginning.
        isRecreated = batch.length > 0 && first < position
        if (isRecreated) return recreated.resolve({ first, position })
        await this.#take(records, batch)
        readTo[partition] = nextOffset
      })
      const ended = Promise.race([
        reading.done.then(() => Promise.reject(new Error('reading has ended'))),
        recreated.promise.then(({ first, position }) =>
          this.#startOver(`begins again at ${first}`, position),
        ),
      ])
      for (;;) {
        this.#ready = true
        caughtUp()
        await Promise.race([ended, sleep(LOOK_MS, undefined, { signal })])
        await Promise.race([ended, this.#unlessStopped(this.catchUp())])
      }
    } finally {
      await reading?.stop()
    }
  }

  /** Rejects as soon as the follower is stopped: a stop does not wait for work that waits for a broker. */
  async #unlessStopped<R>(work: Promise<R>): Promise<R> {
    const { signal } = this.#stopping
    signal.throwIfAborted()
    const { promise: stopped, reject } = Promise.withResolvers<never>()
    const stop = (): void => reject(signal.reason)
    signal.addEventListener('abort', stop)
    try {
      return await Promise.race([work, stopped])
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  #warn(error: unknown, message: string): void {
    const { log, topic, reader } = this.#options
    log.warn({ ...(error !== undefined && { err: error }), topic, reader }, message)
  }
}
