/** Delivers decided records to their places, some of a delivery stream at a time. */
import type { Logger } from '@weir/service'
import { backoffMs, pause } from '@weir/timing'
import type { Attempts, Delivery, Place } from './place.ts'

/** How many attempts of a delivery stream are made at a time. */
const AT_ONCE = 4
const FIRST_PAUSE_MS = 200
const MAX_PAUSE_MS = 30_000
/** A failure is logged when it is new, and then this often (ms). */
const REMINDER_MS = 60_000

interface Turns {
  running: number
  readonly waiting: (() => void)[]
}

export class Deliverer {
  readonly #place: Place
  readonly #log: Logger
  readonly #turns = new Map<string, Turns>()
  /** The last failure of each delivery stream whose records cannot be delivered at the moment. */
  readonly #failures = new Map<string, { readonly text: string; loggedAt: number }>()

  constructor(place: Place, log: Logger) {
    this.#place = place
    this.#log = log
  }

  /** Why records of the delivery stream are not taken at the moment; undefined if they are. */
  failureOf(stream: string): string | undefined {
    return this.#failures.get(stream)?.text
  }

  /** Resolves and rejects like the place. */
  async deliver(delivery: Delivery, signal: AbortSignal): Promise<void> {
    const attempts: Attempts = { untilDone: (work) => this.#untilDone(delivery, signal, work) }
    await this.#place.deliver(delivery, attempts, signal)
    this.#failures.delete(delivery.stream)
  }

  async #untilDone<T>(delivery: Delivery, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    for (let failures = 0; ; failures++) {
      signal.throwIfAborted()
      try {
        return await this.#inTurn(delivery.stream, work)
      } catch (error) {
        signal.throwIfAborted()
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error
        this.#failed(delivery, error as Error)
      }
      await pause(backoffMs(failures, FIRST_PAUSE_MS, MAX_PAUSE_MS) * (1 - Math.random() / 4), signal)
    }
  }

  /** A delivery stream whose receiver hangs holds up no other. */
  async #inTurn<T>(stream: string, work: () => Promise<T>): Promise<T> {
    let turns = this.#turns.get(stream)
    if (turns === undefined) this.#turns.set(stream, (turns = { running: 0, waiting: [] }))
    if (turns.running === AT_ONCE) await new Promise<void>((resolve) => turns.waiting.push(resolve))
    else turns.running++
    try {
      return await work()
    } finally {
      const next = turns.waiting.shift()
      if (next !== undefined) next()
      else if (--turns.running === 0) this.#turns.delete(stream)
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
