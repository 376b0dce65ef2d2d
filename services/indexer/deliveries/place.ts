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
   * Resolves when the receiver has the records, or those that it does not take are in the error place. Rejects when the
   * signal aborts, and with ENOENT if the spool is gone from the disk.
   */
  deliver(delivery: Delivery, attempts: Attempts, signal: AbortSignal): Promise<void>
}

/** Why a receiver did not take a request. */
export interface Failure {
  readonly code: string
  readonly message: string
  /** Whether the same request cannot succeed later. */
  readonly isPermanent: boolean
}

/** The failure by which records were given up. */
export interface LastFailure extends Failure {
  readonly attempts: number
  /** When the last attempt ended, ms since the epoch. */
  readonly endedAt: number
}

/** The attempts of one delivery. They wait for their turns, and their failures are logged and shown. */
export interface Attempts {
  /** Repeats the work until it resolves. Rejects when the signal aborts, and with ENOENT. */
  untilDone<T>(work: () => Promise<T>): Promise<T>
  /**
   * Repeats the work until it resolves to undefined, fails permanently, or the pauses have taken `retrySeconds`.
   * Resolves to the last failure. Rejects when the signal aborts, or the work rejects.
   */
  within(retrySeconds: number, work: () => Promise<Failure | undefined>): Promise<LastFailure | undefined>
}
