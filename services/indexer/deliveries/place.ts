/** Where decided records are delivered to: each kind of receiver is a place. */
import type { Form } from './form.ts'
import type { Spool } from './spool.ts'

/** Decided records: the same, under the same name, whenever they are delivered again. */
export interface Delivery {
  /** The name of the delivery stream. */
  readonly stream: string
  readonly key: string
  readonly form: Form
  readonly spool: Spool
}

export interface Place {
  /**
   * Resolves when the receiver has the records. Rejects when the signal aborts, and with ENOENT if the spool is gone
   * from the disk.
   */
  deliver(delivery: Delivery, attempts: Attempts, signal: AbortSignal): Promise<void>
}

/** The attempts of one delivery. They wait for their turns, and their failures are logged and shown. */
export interface Attempts {
  /** Repeats the work until it resolves. Rejects when the signal aborts, and with ENOENT. */
  untilDone<T>(work: () => Promise<T>): Promise<T>
}
