/** Writes decided objects to their stores, some at a time, each until its store has it. */
import type { Logger } from '@weir/service'
import { backoffMs, pause } from '@weir/timing'
import type { Form } from './form.ts'
import { withObjectFile } from './object-file.ts'
import type { ObjectStore } from './object-store.ts'
import type { Spool } from './spool.ts'

export interface Delivery {
  readonly stream: string
  readonly key: string
  readonly form: Form
  readonly spool: Spool
}

/** How many objects are compressed or sent at a time. */
const AT_ONCE = 4
const FIRST_PAUSE_MS = 200
const MAX_PAUSE_MS = 30_000
/** A failure is logged when it is new, and then this often (ms). */
const REMINDER_MS = 60_000

export class Deliverer {
  readonly #store: ObjectStore
  readonly #log: Logger
  readonly #waiting: (() => void)[] = []
  #running = 0
  /** The last failure of each delivery stream whose objects cannot be delivered at the moment. */
  readonly #failures = new Map<string, { readonly text: string; loggedAt: number }>()

  constructor(store: ObjectStore, log: Logger) {
    this.#store = store
    this.#log = log
  }

  /** Why objects of the delivery stream are not taken at the moment; undefined if they are. */
  failureOf(stream: string): string | undefined {
    return this.#failures.get(stream)?.text
  }

  /** Resolves when the store has the object. Rejects only when the signal aborts. */
  async deliver(delivery: Delivery, signal: AbortSignal): Promise<void> {
    for (let failures = 0; ; failures++) {
      signal.throwIfAborted()
      try {
        await this.#inTurn(() => this.#write(delivery, signal))
        this.#failures.delete(delivery.stream)
        return
      } catch (error) {
        signal.throwIfAborted()
        this.#failed(delivery, error as Error)
      }
      await pause(backoffMs(failures, FIRST_PAUSE_MS, MAX_PAUSE_MS) * (1 - Math.random() / 4), signal)
    }
  }

  #write({ key, form, spool }: Delivery, signal: AbortSignal): Promise<void> {
    const { bucket, compression, kmsKeyArn } = form
    return withObjectFile(spool, compression, signal, (file) =>
      this.#store.put({ bucket, key, kmsKeyArn, ...file }, signal),
    )
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    if (this.#running === AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#running++
    try {
      await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running--
      else next()
    }
  }

  #failed({ stream, key, form: { bucket } }: Delivery, error: Error): void {
    const text = `${error.name}: ${error.message}`
    const before = this.#failures.get(stream)
    const now = performance.now()
    const isKnown = before?.text === text && now - before.loggedAt < REMINDER_MS
    this.#failures.set(stream, { text, loggedAt: isKnown ? before.loggedAt : now })
    if (!isKnown)
      this.#log.warn(
        { err: error, deliveryStream: stream, bucket, key },
        'an object cannot be delivered and is retried; its records are kept',
      )
  }
}
