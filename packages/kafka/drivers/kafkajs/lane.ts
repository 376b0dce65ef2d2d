/**
 * Processes one input partition: takes what was fetched, hands it over batch by batch, and begins again from
 * the committed offset after any failure.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaLog } from '../../log.ts'
import type { RecordBatch, SubscribeOptions } from '../../port.ts'
import { type FetchedRecords, readBatches } from '../../records/batch-reader.ts'
import { head, join, tail } from '../../records/slice.ts'
import { UnreadableBatch } from '../../records/unreadable-batch.ts'
import { cutShort, emptyBatch, UnreadableTries } from '../../unreadable.ts'
import { Standstill } from '../standstill.ts'
import type { Before, Beginning, Loss } from '../topic-ids.ts'
import { toKafkaError } from './errors.ts'

/** How a partition is processed: at least once, exactly once, or without a group. */
export interface Work {
  /** Finds where to hand over from, on assignment and again after each failure. */
  begin(before: Before | undefined): Promise<Pick<Beginning, 'topicId' | 'position'>>
  /** Handles and commits. Rejects to get the same records again. */
  process(batch: RecordBatch, signal: AbortSignal): Promise<void>
  /** Resolves when all work that the handler left open has ended. */
  settled?(): Promise<void>
}

/** Milliseconds before records are handed over again; doubles from FIRST_PAUSE_MS to LONGEST_PAUSE_MS. */
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 10_000
const AFTER_ABORT = 1_000

/** The position is lost, so retrying does not help. */
class Lost extends Error {
  readonly loss: Loss

  constructor(loss: Loss) {
    super(loss)
    this.loss = loss
  }
}

export interface LaneHooks {
  wanting(): void
  failed(error: unknown): void
  readonly log: KafkaLog
}

export class Lane {
  readonly topic: string
  readonly partition: number
  readonly standstill = new Standstill()
  /** The id of the topic that the position belongs to; empty before the first begin(). */
  topicId = ''
  /** The next offset to hand over; -1 before the first begin(). */
  position = -1
  /** The start of the log, as of the last answer. */
  startOffset = 0
  /** The last stable offset, as of the last answer; -1 before the first one. */
  endOffset = -1
  /** The offset of the next fetch. */
  fetchFrom = -1
  /** The follower that the leader told us to read from; -1 for none. */
  preferredReplica = -1
  /** Resolves when the lane has stopped and none of its work is running any more. */
  readonly finished: Promise<void>
  readonly #work: Work
  readonly #maxRecords: number
  readonly #hooks: LaneHooks
  readonly #gather: SubscribeOptions['gather']
  readonly #abort = new AbortController()
  readonly #unreadable = new UnreadableTries()
  /** One fetch response ahead of the handler, or an empty batch in place of one. */
  #ahead: FetchedRecords | RecordBatch | undefined
  #rest: RecordBatch | undefined
  /** Handed over after the rest, by itself: it stands in for records that cannot be read. */
  #apart: RecordBatch | undefined
  #reading = false
  #stopping = false
  #wake: (() => void) | undefined
  #failure: unknown

  constructor(
    topic: string,
    partition: number,
    work: Work,
    maxRecords: number,
    hooks: LaneHooks,
    gather?: SubscribeOptions['gather'],
  ) {
    this.topic = topic
    this.partition = partition
    this.#work = work
    this.#maxRecords = maxRecords
    this.#hooks = hooks
    this.#gather = gather
    this.finished = this.#run()
  }

  get reading(): boolean {
    return this.#reading
  }

  /** True while there is room for a fetch response. */
  get wanting(): boolean {
    return this.#reading && this.#ahead === undefined && this.#failure === undefined && !this.#stopping
  }

  /**
   * Takes a response for `position`; a response that was requested before the lane began again is dropped.
   */
  offer(records: FetchedRecords): void {
    if (!this.wanting || records.position !== this.fetchFrom) return
    this.endOffset = records.endOffset
    // If the response was full before it reached this partition, that is neither a success nor a failure.
    if (records.position >= records.endOffset) this.standstill.succeeded('fetching')
    if (records.bytes.length === 0) return
    this.#ahead = records
    this.#wake?.()
  }

  /** Continues at a later offset: the records before it are gone. */
  skipTo(position: number, offset: number): void {
    if (!this.wanting || position !== this.fetchFrom) return
    this.startOffset = offset
    this.endOffset = Math.max(offset, this.endOffset)
    this.#ahead = emptyBatch(this.topic, this.partition, offset, this.endOffset)
    this.#wake?.()
  }

  /** Makes the lane begin again because nothing can be fetched from `position`. */
  restart(position: number, error: unknown): void {
    if (!this.wanting || position !== this.fetchFrom) return
    this.#failure = error
    this.#wake?.()
  }

  lose(position: number, loss: Loss): void {
    this.restart(position, new Lost(loss))
  }

  /**
   * Takes no further batch. The running handler may finish within `drainMs`; then its signal aborts. A
   * handler that ignores its signal is left behind.
   */
  async drain(drainMs: number): Promise<void> {
    this.#stopping = true
    this.#wake?.()
    if (await settles(this.finished, drainMs)) return
    this.#abort.abort()
    await settles(this.finished, AFTER_ABORT)
  }

  /** The partition is lost: the handler's signal aborts at once. */
  abandon(): void {
    this.#stopping = true
    this.#abort.abort()
    this.#wake?.()
  }

  async #run(): Promise<void> {
    let pause = 0
    let before: Before | undefined
    while (!this.#stopping) {
      let work: 'beginning' | 'fetching' | 'handling' = 'beginning'
      try {
        const { topicId, position } = await this.#work.begin(before)
        this.topicId = topicId
        this.position = this.fetchFrom = position
        this.#reading = true
        this.standstill.succeeded('beginning')
        this.#hooks.wanting()
        for (;;) {
          work = 'fetching'
          const batch = await this.#next()
          if (batch === undefined) break
          work = 'handling'
          await this.#work.process(batch, this.#abort.signal)
          this.position = batch.nextOffset
          this.standstill.succeeded('handling')
          pause = 0
        }
      } catch (error) {
        this.#reading = false
        this.#ahead = this.#rest = this.#apart = this.#failure = undefined
        if (this.#stopping) break
        const loss = error instanceof Lost ? error.loss : undefined
        before = this.topicId === '' ? undefined : { topicId: this.topicId, loss }
        if (loss !== undefined) continue
        if (error instanceof UnreadableBatch) {
          pause = this.#unreadable.pauseMs
        } else {
          pause = pause === 0 ? FIRST_PAUSE_MS : Math.min(pause * 2, LONGEST_PAUSE_MS)
          this.standstill.failed(work, work === 'handling' ? error : toKafkaError(error, ''))
          this.#hooks.failed(error)
        }
        await Promise.race([
          sleep(pause, undefined, { signal: this.#abort.signal }).catch(() => {}),
          this.#woken(),
        ])
      }
    }
    this.#reading = false
    await this.#work.settled?.()
  }

  /** @param limit milliseconds after which it resolves in any case */
  #woken(limit?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = limit === undefined ? undefined : setTimeout(resolve, limit)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** Returns the next batch; undefined when the lane stops. */
  async #next(): Promise<RecordBatch | undefined> {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#stopping) return undefined
    let since = Date.now()
    for (let wait = this.#gatherFor(since); wait > 0; wait = this.#gatherFor(since)) {
      if (this.#ahead === undefined) {
        await this.#woken(wait)
        if (this.#failure !== undefined) throw this.#failure
        if (this.#stopping) return undefined
        continue
      }
      const read = this.#read(this.#ahead)
      this.#ahead = undefined
      if (read.unreadable !== undefined) {
        this.#apart = read
      } else if (read.nextOffset > this.fetchFrom) {
        if ((this.#rest?.length ?? 0) === 0) since = Date.now()
        this.#rest = this.#rest === undefined ? read : join([this.#rest, read])
      }
      this.standstill.succeeded('fetching')
      this.fetchFrom = read.nextOffset
      this.#hooks.wanting()
    }
    const batch = this.#rest ?? this.#apart!
    if (batch === this.#apart) this.#apart = undefined
    this.#rest = batch.length <= this.#maxRecords ? undefined : tail(batch, this.#maxRecords)
    return this.#rest === undefined ? batch : head(batch, this.#maxRecords)
  }

  /** Throws if the fetch has to be retried. */
  #read(ahead: FetchedRecords | RecordBatch): RecordBatch {
    if ('nextOffset' in ahead) return ahead
    try {
      const read = readBatches(ahead)
      if (read.nextOffset > ahead.position) return read
    } catch (error) {
      if (!(error instanceof UnreadableBatch)) throw error
      const instead = this.#unreadable.failed(error, ahead.endOffset, this.#hooks.log)
      if (instead === undefined) throw error
      return instead
    }
    // The response has only the beginning of a batch; the next one brings the whole batch.
    throw cutShort(this, ahead.position)
  }

  /**
   * Returns how long to wait for more before handing over what has arrived (ms).
   * @param since when its first record arrived
   */
  #gatherFor(since: number): number {
    if (this.#apart !== undefined) return 0
    if (this.#rest === undefined) return FOREVER
    if (
      this.#gather === undefined ||
      this.#rest.length === 0 ||
      this.#rest.length >= this.#maxRecords ||
      this.#rest.bytes.length >= this.#gather.bytes
    )
      return 0
    return since + this.#gather.ms - Date.now()
  }
}

/** Longer than any wait for a first record. */
const FOREVER = 2 ** 31 - 1

/** True when the promise settles within `ms`. */
async function settles(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const timer = new AbortController()
  const late = sleep(ms, false, { signal: timer.signal }).catch(() => false)
  const settled = await Promise.race([
    promise.then(
      () => true,
      () => true,
    ),
    late,
  ])
  timer.abort()
  return settled
}
