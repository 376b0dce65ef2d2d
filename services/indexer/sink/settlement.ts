/** The fate of one batch's records: the batch is done when the engine has each of them or has refused it for good. */
import type { RecordBatch } from '@weir/kafka'
import type { Cause } from '@weir/kafka/dead-letters.ts'

export interface DeadRecord {
  readonly record: number
  readonly step: string
  readonly cause: Cause
}

export class Settlement {
  readonly signal: AbortSignal
  readonly dead: DeadRecord[] = []
  /** Documents the engine took now, and those it had already. */
  created = 0
  duplicates = 0
  #open: number
  #finish: () => void = () => {}

  constructor(batch: Pick<RecordBatch, 'length'>, signal: AbortSignal) {
    this.#open = batch.length
    this.signal = signal
  }

  indexed(): void {
    this.created++
    this.#settle()
  }

  alreadyThere(): void {
    this.duplicates++
    this.#settle()
  }

  /** The record will never be indexed. */
  refused(record: number, step: string, cause: Cause): void {
    this.dead.push({ record, step, cause })
    this.#settle()
  }

  /** Resolves when every record is settled; rejects when the batch was taken away. Call it once, after the last record was handed on. */
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
