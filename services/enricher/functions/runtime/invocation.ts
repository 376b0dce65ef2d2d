/** One invocation of an environment. */
import type { InvocationOptions } from './options.ts'
import type { InvocationResult } from './result.ts'

export interface InvocationEvents {
  /** The signal of the invocation was aborted. */
  aborted(reason: unknown): void
  timedOut(): void
}

export class Invocation {
  readonly requestId: string
  /** Counts the invocations of the environment, from 1. */
  readonly sequence: number
  readonly payload: Buffer
  readonly options: InvocationOptions
  readonly result = Promise.withResolvers<InvocationResult>()
  readonly #events: InvocationEvents
  /** When the event was handed over, as performance.now(); undefined while the code is being loaded. */
  #startedAt: number | undefined
  #timeout: NodeJS.Timeout | undefined
  readonly #abort: () => void

  constructor(sequence: number, payload: Buffer, options: InvocationOptions, events: InvocationEvents) {
    this.requestId = options.requestId
    this.sequence = sequence
    this.payload = payload
    this.options = options
    this.#events = events
    this.#abort = () => events.aborted(options.signal!.reason)
    options.signal?.addEventListener('abort', this.#abort, { once: true })
  }

  /** The event is handed over; the invocation times out after `timeoutMs`. */
  begin(timeoutMs: number): void {
    this.#startedAt = performance.now()
    this.#timeout = after(timeoutMs, () => this.#events.timedOut())
  }

  /** How long the function has worked on the event. */
  get durationMs(): number {
    return this.#startedAt === undefined ? 0 : performance.now() - this.#startedAt
  }

  /** Ends the timeout and the wait for the signal. */
  release(): void {
    clearTimeout(this.#timeout)
    this.options.signal?.removeEventListener('abort', this.#abort)
  }
}

/**
 * Calls back after `ms`, but not before everything that has arrived by then is read: this process may have
 * been busy itself.
 */
export const after = (ms: number, callback: () => void): NodeJS.Timeout =>
  setTimeout(() => setImmediate(callback), ms)
