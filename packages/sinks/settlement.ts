/**
 * The outcome of one batch's records. The batch is done when the destination has each of them or has refused
 * it for good; held records are sent again first.
 */
import type { RecordBatch } from '@weir/kafka'
import type { Cause } from '@weir/kafka/dead-letters.ts'

export interface DeadRecord {
  readonly record: number
  readonly step: string
  readonly cause: Cause
}

/** The reason why records cannot be delivered although nothing is wrong with them. */
export interface Fault {
  /** The part of the destination that is at fault: an index. */
  readonly target: string
  /** The destination's type of the error. */
  readonly type: string
  /** The destination's message. */
  readonly reason: string
  readonly remedy: string
}

export class Settlement {
  readonly signal: AbortSignal
  readonly dead: DeadRecord[] = []
  /** Records to send again once their target accepts them. */
  readonly held: number[] = []
  /** The first fault that has held a record since the last reopening. */
  fault: Fault | undefined
  /** Records that the destination took, and those that it already had. */
  created = 0
  duplicates = 0
  #open: number
  #finish: () => void = () => {}

  constructor(batch: Pick<RecordBatch, 'length'>, signal: AbortSignal) {
    this.#open = batch.length
    this.signal = signal
  }

  delivered(): void {
    this.created++
    this.#settle()
  }

  duplicate(): void {
    this.duplicates++
    this.#settle()
  }

  /** The record will never be delivered. */
  refused(record: number, step: string, cause: Cause): void {
    this.dead.push({ record, step, cause })
    this.#settle()
  }

  /** The record cannot be delivered now, through no fault of its own. */
  hold(record: number): void {
    this.held.push(record)
    this.#settle()
  }

  /** Reopens the first `most` of the held records, in order: hand each on, then await `all()`. */
  reopen(most = Infinity): readonly number[] {
    const records = this.held.sort((a, b) => a - b).splice(0, most)
    this.fault = undefined
    this.#open = records.length
    return records
  }

  /**
   * Resolves when every open record is settled or held; rejects if the batch is revoked. Call it once, after
   * the last of them was handed on.
   */
  all(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#open === 0) return resolve()
      const taken = (): void => reject(this.signal.reason)
      if (this.signal.aborted) return taken()
      this.signal.addEventListener('abort', taken, { once: true })
      this.#finish = () => {
        this.signal.removeEventListener('abort', taken)
        resolve()
      }
    })
  }

  #settle(): void {
    if (--this.#open === 0) this.#finish()
  }
}
