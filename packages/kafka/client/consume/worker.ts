/**
 * Processes one assigned partition: finds where to begin, then handles batch after batch, each after the one
 * before has settled.
 */

import { pause } from '@weir/timing'
import type { KafkaError } from '../../errors.ts'
import type { Assignment, RecordBatch, SubscribeOptions } from '../../port.ts'
import { head, tail } from '../../records/slice.ts'
import { emptyBatch, isForHandlers } from '../../unreadable.ts'
import { backoff, settledWithin } from '../backoff.ts'
import { asKafkaError } from '../failure.ts'
import type { TopicPartition } from '../protocol/wire.ts'
import { Standstill } from '../standstill.ts'
import type { Before, Beginning } from '../topic-ids.ts'
import type { Fetcher } from './fetcher.ts'
import { Prefetch } from './prefetch.ts'

/** Where processing begins in a partition. */
export type Place = Pick<Beginning, 'topicId' | 'position'>

/**
 * What happens to a partition's batches: they are handled and then committed (consume), or handled inside a
 * transaction (transform). A worker opens one, and it belongs to this worker alone.
 */
export interface Processor {
  /**
   * Finds where to begin, on assignment and after the position was lost. Throws `stopped` when the signal
   * aborts.
   */
  begin(before: Before | undefined, signal: AbortSignal): Promise<Place>
  /**
   * Resolves when the batch is done and the position may move past it. A batch of length 0 only moves the
   * committed position.
   */
  process(batch: RecordBatch, signal: AbortSignal): Promise<void>
  /**
   * Called after a rejection. Returns the position to continue from; if it is unchanged, the same batch is
   * handed over again.
   */
  recover(position: number, signal: AbortSignal): Promise<number>
  /** How often process() is called with an empty batch while no records come (ms); never if undefined. */
  readonly tickMs?: number | undefined
  /** Resolves when all work that the handler left open has ended. */
  settled?(): Promise<void>
  /**
   * Called once, when no batch is being handled and none will be. Commits the position if it is not committed
   * yet; if it is undefined, the partition is lost and nothing may be committed.
   */
  end(position: number | undefined): Promise<void>
}

export type OpenProcessor = (at: TopicPartition) => Processor

/** The most records of a batch, unless the caller says otherwise. */
const MAX_RECORDS = 10_000
/** Bounds of the pause before a batch is handed over again, which grows with each rejection in a row (ms). */
const MIN_PAUSE_MS = 100
const MAX_PAUSE_MS = 10_000
/**
 * A position that moved without any record (past control records or aborted data) is committed with the next
 * batch, or if none comes within this time (ms).
 */
const IDLE_MS = 500
/** How often a partition whose records are held back reports that it is alive. */
const HELD_BACK_LOOK_MS = 1000

export class Worker implements Assignment {
  readonly topic: string
  readonly partition: number
  position = -1
  /** When the position last moved, or the handler was last busy. */
  progressedAt = Date.now()
  busy = false
  readonly standstill = new Standstill()
  readonly #fetcher: Fetcher
  readonly #processor: Processor
  readonly #failed: (error: KafkaError) => void
  readonly #abort = new AbortController()
  readonly #maxRecords: number
  readonly #gather: SubscribeOptions['gather']
  readonly #cut: SubscribeOptions['cut']
  readonly #delayMs: number
  readonly #done: Promise<void>
  #prefetch: Prefetch | undefined
  #draining = false
  #ended = false
  #wake: () => void = () => {}

  constructor(
    at: TopicPartition,
    open: OpenProcessor,
    fetcher: Fetcher,
    {
      maxBatchRecords = MAX_RECORDS,
      gather,
      cut,
      delayMs = () => 0,
    }: Pick<SubscribeOptions, 'maxBatchRecords' | 'gather' | 'cut' | 'delayMs'>,
    failed: (error: KafkaError) => void,
  ) {
    this.topic = at.topic
    this.partition = at.partition
    this.#processor = open({ topic: at.topic, partition: at.partition })
    this.#fetcher = fetcher
    this.#maxRecords = maxBatchRecords
    this.#failed = failed
    this.#gather = gather
    this.#cut = cut
    this.#delayMs = delayMs(at.partition)
    this.#done = this.#run()
  }

  get startOffset(): number {
    return this.#prefetch?.startOffset ?? 0
  }

  get endOffset(): number {
    return this.#prefetch?.endOffset ?? -1
  }

  get reading(): boolean {
    return this.#prefetch !== undefined
  }

  /**
   * Gives the running handler `milliseconds` to finish, aborts it if it takes longer, and commits what is
   * done.
   */
  async drain(milliseconds: number): Promise<void> {
    this.#draining = true
    if (this.busy || this.#prefetch !== undefined) this.#wake()
    else this.#abort.abort()
    const finished = await settledWithin(
      this.#done.then(() => this.#processor.settled?.()),
      milliseconds,
    )
    // A worker that was abandoned meanwhile must not commit: the partition may have begun elsewhere.
    if (!finished || this.#abort.signal.aborted || this.position < 0) return this.abandon()
    this.#stop()
    await this.#end(this.position)
  }

  /** The partition is lost: nothing more is handed over or committed. */
  abandon(): void {
    this.#stop()
    void this.#done
      .then(() => this.#end(undefined))
      .catch((error: unknown) => this.#failed(asKafkaError(error, `Ending ${this.topic}/${this.partition}`)))
  }

  #stop(): void {
    this.#draining = true
    this.#abort.abort()
    this.#wake()
    if (this.#prefetch !== undefined) this.#fetcher.remove(this.#prefetch)
  }

  async #end(position: number | undefined): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    await this.#processor.end(position)
  }

  /** Fetches again from the position, for a partition that is stalled for no known reason. */
  restart(): void {
    this.progressedAt = Date.now()
    this.#prefetch?.seek(this.position)
    this.#fetcher.poke()
  }

  /** Processes the partition, beginning again whenever the position is lost. */
  async #run(): Promise<void> {
    const { signal } = this.#abort
    let before: Before | undefined
    while (!this.#draining) {
      const prefetch = await this.#begin(before, signal)
      if (prefetch === undefined) return
      await this.#follow(prefetch, signal)
      before = { topicId: prefetch.topicId, loss: prefetch.lost }
    }
  }

  /** Handles batches as they arrive, until the position is lost or the partition is given up. */
  async #follow(prefetch: Prefetch, signal: AbortSignal): Promise<void> {
    let again: RecordBatch | undefined
    let passed: RecordBatch | undefined
    for (let rejections = 0; !this.#draining && prefetch.lost === undefined; ) {
      const wait = again === undefined ? prefetch.gatherUntil - Date.now() : 0
      if (wait > 0) {
        await this.#pause(wait, () => prefetch.lost !== undefined || prefetch.gatherUntil === 0)
        continue
      }
      let batch: RecordBatch | undefined = again ?? prefetch.take()
      if (batch === undefined) {
        const idle = passed === undefined ? this.#processor.tickMs : IDLE_MS
        if ((await this.#somethingArrives(idle)) || this.#draining) continue
        batch = passed ?? emptyBatch(this.topic, this.partition, this.position, this.endOffset)
      } else if (again === undefined) {
        this.#fetcher.poke()
        if (!isForHandlers(batch)) {
          this.position = batch.nextOffset
          passed = batch
          continue
        }
      }
      const earlyMs = batch.length === 0 ? 0 : batch.timestamps[0] + this.#delayMs - Date.now()
      if (this.#delayMs > 0 && earlyMs > 0) {
        again = batch
        this.progressedAt = Date.now()
        await this.#pause(Math.min(earlyMs, HELD_BACK_LOOK_MS), () => prefetch.lost !== undefined)
        continue
      }
      again = undefined
      passed = undefined
      this.busy = true
      try {
        const first = await this.#firstPart(batch, signal)
        await this.#processor.process(first, signal)
        this.position = first.nextOffset
        if (first.length < batch.length) again = tail(batch, first.length)
        rejections = 0
        this.standstill.succeeded('handling')
      } catch (error) {
        if (signal.aborted) return
        this.standstill.failed('handling', error)
        this.#failed(
          asKafkaError(error, `Handling ${this.topic}/${this.partition} from offset ${this.position}`),
        )
        await this.#pause(
          backoff(rejections++, MIN_PAUSE_MS, MAX_PAUSE_MS),
          () => prefetch.lost !== undefined,
        )
        if (!this.#draining && prefetch.lost === undefined && (await this.#recover(signal))) again = batch
      } finally {
        this.busy = false
        this.progressedAt = Date.now()
      }
    }
  }

  /** Returns the part of the batch that is handed over first. */
  async #firstPart(batch: RecordBatch, signal: AbortSignal): Promise<RecordBatch> {
    if (batch.length < 2) return batch
    const ready = this.#delayMs > 0 ? this.#ripe(batch) : batch
    const count = this.#cut === undefined ? ready.length : await this.#cut(ready, signal)
    return count < ready.length ? head(ready, count) : ready
  }

  /** Returns the part of the batch that is held back no longer, at least its first record. */
  #ripe(batch: RecordBatch): RecordBatch {
    const until = Date.now() - this.#delayMs
    let count = 1
    while (count < batch.length && batch.timestamps[count] <= until) count++
    return count < batch.length ? head(batch, count) : batch
  }

  /** Resolves to undefined if the partition is given up meanwhile. */
  async #begin(before: Before | undefined, signal: AbortSignal): Promise<Prefetch | undefined> {
    if (this.#prefetch !== undefined) this.#fetcher.remove(this.#prefetch)
    this.#prefetch = undefined
    this.position = -1
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        const { topicId, position } = await this.#processor.begin(before, signal)
        this.standstill.succeeded('beginning')
        if (this.#draining || signal.aborted) return undefined
        this.position = position
        this.#prefetch = new Prefetch(this, {
          topicId,
          position,
          maxRecords: this.#maxRecords,
          standstill: this.standstill,
          gather: this.#gather,
          arrived: () => this.#wake(),
        })
        this.#fetcher.add(this.#prefetch)
        this.progressedAt = Date.now()
        return this.#prefetch
      } catch (error) {
        if (signal.aborted) return undefined
        this.standstill.failed('beginning', error)
        this.#failed(asKafkaError(error, `Beginning with ${this.topic}/${this.partition}`))
        await pause(backoff(attempt, MIN_PAUSE_MS, MAX_PAUSE_MS), signal)
      }
    }
    return undefined
  }

  /** Resolves to true if the same batch is to be handed over again. */
  async #recover(signal: AbortSignal): Promise<boolean> {
    for (let attempt = 0; !signal.aborted && !this.#draining; attempt++) {
      try {
        const position = await this.#processor.recover(this.position, signal)
        if (position === this.position) return true
        this.position = position
        this.#prefetch!.seek(position)
        this.#fetcher.poke()
        return false
      } catch (again) {
        if (signal.aborted) return false
        this.#failed(asKafkaError(again, `Reading the position of ${this.topic}/${this.partition} again`))
        await pause(backoff(attempt, MIN_PAUSE_MS, MAX_PAUSE_MS), signal)
      }
    }
    return false
  }

  /** Resolves to true when something arrives, or to false when `limit` (ms) has passed. */
  #somethingArrives(limit: number | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = limit === undefined ? undefined : setTimeout(() => resolve(false), limit)
      this.#wake = () => {
        clearTimeout(timer)
        resolve(true)
      }
    })
  }

  /**
   * Ends early when the partition is to be given up, or when something has arrived and `enough()` is true.
   */
  #pause(milliseconds: number, enough = () => false): Promise<void> {
    return new Promise((resolve) => {
      if (this.#draining) return resolve()
      const timer = setTimeout(resolve, milliseconds)
      this.#wake = () => {
        if (!this.#draining && !enough()) return
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
