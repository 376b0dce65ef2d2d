/** One input partition: takes what was fetched, hands it over batch by batch, begins again from the committed offset after any failure. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { RecordBatch, SubscribeOptions } from '../../port.ts'
import { type FetchedRecords, readBatches } from '../../records/batch-reader.ts'
import { head, join, tail } from '../../records/slice.ts'

/** What is done with a partition: at least once, exactly once, or without a group. */
export interface Work {
  /** Called on assignment, and after each failure with that. Resolves to the position to hand over from. */
  begin(after: unknown): Promise<number>
  /** Handles and commits. Rejects to get the same records again. */
  process(batch: RecordBatch, signal: AbortSignal): Promise<void>
  /** Resolves when nothing runs any more that the handler left open. */
  settled?(): Promise<void>
}

/** Milliseconds before records are handed over again; doubles from the first to the longest. */
const FIRST_PAUSE = 100
const LONGEST_PAUSE = 10_000
const AFTER_ABORT = 1_000

export class Lane {
  readonly topic: string
  readonly partition: number
  /** What is handed over next; -1 before the first begin(). */
  position = -1
  /** Last stable offset when last heard of, -1 before. */
  endOffset = -1
  /** Where the next fetch reads. */
  fetchFrom = -1
  /** A follower that the leader told us to read from, -1 for none. */
  preferredReplica = -1
  /** Resolves when the lane has stopped, and nothing of it runs any more. */
  readonly finished: Promise<void>
  readonly #work: Work
  readonly #maxRecords: number
  readonly #onWanting: () => void
  readonly #onFailure: (error: unknown) => void
  readonly #gather: SubscribeOptions['gather']
  readonly #abort = new AbortController()
  /** One fetch response ahead of the handler. */
  #ahead: FetchedRecords | undefined
  #rest: RecordBatch | undefined
  #reading = false
  #stopping = false
  #wake: (() => void) | undefined
  #failure: unknown

  constructor(
    topic: string, partition: number, work: Work, maxRecords: number, onWanting: () => void, onFailure: (error: unknown) => void, gather?: SubscribeOptions['gather'],
  ) {
    this.topic = topic
    this.partition = partition
    this.#work = work
    this.#maxRecords = maxRecords
    this.#onWanting = onWanting
    this.#onFailure = onFailure
    this.#gather = gather
    this.finished = this.#run()
  }

  get reading(): boolean {
    return this.#reading
  }

  /** True while there is room for a fetch response. */
  get wanting(): boolean {
    return this.#reading && this.#ahead === undefined && !this.#stopping
  }

  /** Takes a response for `position`; one that was asked for before the lane began anew is dropped. */
  offer(records: FetchedRecords): void {
    if (!this.wanting || records.position !== this.fetchFrom) return
    this.endOffset = records.endOffset
    if (records.bytes.length === 0) return
    this.#ahead = records
    this.#wake?.()
  }

  /** Makes the lane begin anew because nothing can be fetched from `position`: it is out of range, say. */
  restart(position: number, error: unknown): void {
    if (!this.wanting || position !== this.fetchFrom) return
    this.#failure = error
    this.#wake?.()
  }

  /** No further batch; the running handler may finish within `drainMs`, then its signal aborts. A handler that ignores its signal is left behind. */
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
    let failure: unknown
    while (!this.#stopping) {
      try {
        this.position = this.fetchFrom = await this.#work.begin(failure)
        this.#reading = true
        this.#onWanting()
        for (let batch = await this.#next(); batch !== undefined; batch = await this.#next()) {
          await this.#work.process(batch, this.#abort.signal)
          this.position = batch.nextOffset
          pause = 0
        }
      } catch (error) {
        this.#reading = false
        this.#ahead = this.#rest = this.#failure = undefined
        if (this.#stopping) break
        failure = error
        this.#onFailure(error)
        pause = pause === 0 ? FIRST_PAUSE : Math.min(pause * 2, LONGEST_PAUSE)
        await Promise.race([sleep(pause, undefined, { signal: this.#abort.signal }).catch(() => {}), this.#woken()])
      }
    }
    this.#reading = false
    await this.#work.settled?.()
  }

  /** @param limit milliseconds after which it resolves all the same */
  #woken(limit?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = limit === undefined ? undefined : setTimeout(resolve, limit)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** The next batch, undefined when the lane stops. */
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
      const read = readBatches(this.#ahead)
      this.#ahead = undefined
      // A response can hold the beginning of a batch only; the next one brings it whole.
      if (read.nextOffset > this.fetchFrom) {
        if ((this.#rest?.length ?? 0) === 0) since = Date.now()
        this.#rest = this.#rest === undefined ? read : join([this.#rest, read])
      }
      this.fetchFrom = read.nextOffset
      this.#onWanting()
    }
    const batch = this.#rest!
    if (batch.length <= this.#maxRecords) {
      this.#rest = undefined
      return batch
    }
    this.#rest = tail(batch, this.#maxRecords)
    return head(batch, this.#maxRecords)
  }

  /** How long to wait for more before what is there is handed over. @param since when its first record arrived */
  #gatherFor(since: number): number {
    if (this.#rest === undefined) return FOREVER
    if (this.#gather === undefined || this.#rest.length === 0 || this.#rest.length >= this.#maxRecords || this.#rest.bytes.length >= this.#gather.bytes) return 0
    return since + this.#gather.ms - Date.now()
  }
}

/** Longer than anybody waits for a first record. */
const FOREVER = 2 ** 31 - 1

/** True when the promise settles within `ms`. */
async function settles(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const timer = new AbortController()
  const late = sleep(ms, false, { signal: timer.signal }).catch(() => false)
  const settled = await Promise.race([promise.then(() => true, () => true), late])
  timer.abort()
  return settled
}
