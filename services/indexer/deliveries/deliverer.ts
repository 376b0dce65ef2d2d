/** Delivers decided records to their places, some of a delivery stream at a time. */
import type { Logger } from '@weir/service'
import { backoffMs, pause } from '@weir/timing'
import type { EndpointForm } from './form.ts'
import type { Attempts, Delivery, Failure, LastFailure, Place } from './place.ts'

/** How many objects of a delivery stream are compressed or sent at a time. */
const AT_ONCE = 4
/** How many deliveries of a delivery stream an endpoint gets at a time: they have records in memory, in pauses too. */
const ENDPOINT_AT_ONCE = 2
const FIRST_PAUSE_MS = 200
const MAX_PAUSE_MS = 30_000
/** The pauses of endpoints (Firehose developer guide, "HTTP endpoint delivery request and response specifications"). */
const ENDPOINT_FIRST_PAUSE_MS = 1000
const ENDPOINT_MAX_PAUSE_MS = 120_000
const JITTER = 0.15
/** A failure is logged when it is new, and then this often (ms). */
const REMINDER_MS = 60_000

const RETRIED = 'records cannot be delivered and are retried'
const GIVEN_UP = 'records were given up, and go to the error prefix'

/** The place of each kind of endpoint, and that of delivery streams without one. */
export type Places = Readonly<Record<EndpointForm['kind'] | 's3', Place>>

interface Turns {
  running: number
  readonly waiting: Set<() => void>
}

type InTurn = <T>(work: () => Promise<T>) => Promise<T>

export class Deliverer {
  readonly #places: Places
  readonly #log: Logger
  readonly #turns = new Map<string, Turns>()
  /** The last failure of each delivery stream whose records cannot be delivered at the moment. */
  readonly #failures = new Map<string, { readonly text: string; loggedAt: number }>()

  constructor(places: Places, log: Logger) {
    this.#places = places
    this.#log = log
  }

  /** Why records of the delivery stream are not taken at the moment; undefined if they are. */
  failureOf(stream: string): string | undefined {
    return this.#failures.get(stream)?.text
  }

  /** Resolves and rejects like the place. */
  async deliver(delivery: Delivery, signal: AbortSignal): Promise<void> {
    const { stream, form } = delivery
    if (form.endpoint === undefined) {
      const inTurn: InTurn = (work) => this.#inTurn(stream, AT_ONCE, signal, work)
      const attempts = this.#attempts(delivery, signal, inTurn)
      await this.#places.s3.deliver(delivery, attempts, signal)
      this.#failures.delete(stream)
      return
    }
    const place = this.#places[form.endpoint.kind]
    const attempts = this.#attempts(delivery, signal, (work) => work())
    await this.#inTurn(stream, ENDPOINT_AT_ONCE, signal, () => place.deliver(delivery, attempts, signal))
    if (!attempts.gaveUp) this.#failures.delete(stream)
  }

  #attempts(delivery: Delivery, signal: AbortSignal, inTurn: InTurn): Attempts & { gaveUp: boolean } {
    const attempts = {
      gaveUp: false,
      untilDone: <T>(work: () => Promise<T>) => this.#untilDone(delivery, signal, () => inTurn(work)),
      within: async (retrySeconds: number, work: () => Promise<Failure | undefined>) => {
        const failure = await this.#within(delivery, signal, retrySeconds * 1000, work)
        attempts.gaveUp ||= failure !== undefined
        return failure
      },
    }
    return attempts
  }

  async #untilDone<T>(delivery: Delivery, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    for (let failures = 0; ; failures++) {
      signal.throwIfAborted()
      try {
        return await work()
      } catch (error) {
        signal.throwIfAborted()
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error
        const { name, message } = error as Error
        this.#failed(delivery, `${name}: ${message}`, RETRIED, error)
      }
      await pause(backoffMs(failures, FIRST_PAUSE_MS, MAX_PAUSE_MS) * (1 - Math.random() / 4), signal)
    }
  }

  async #within(
    delivery: Delivery,
    signal: AbortSignal,
    retryMs: number,
    work: () => Promise<Failure | undefined>,
  ): Promise<LastFailure | undefined> {
    let leftMs = retryMs
    for (let attempts = 1; ; attempts++) {
      signal.throwIfAborted()
      const failure = await work()
      if (failure === undefined) return undefined
      signal.throwIfAborted()
      const isLast = failure.isPermanent || leftMs <= 0
      this.#failed(delivery, `${failure.code}: ${failure.message}`, isLast ? GIVEN_UP : RETRIED)
      if (isLast) return { ...failure, attempts, endedAt: Date.now() }
      const pauseMs = backoffMs(attempts - 1, ENDPOINT_FIRST_PAUSE_MS, ENDPOINT_MAX_PAUSE_MS)
      const withJitterMs = Math.min(leftMs, pauseMs * (1 - JITTER + 2 * JITTER * Math.random()))
      leftMs -= withJitterMs
      await pause(withJitterMs, signal)
    }
  }

  /** A delivery stream whose receiver hangs holds up no other. Rejects when the signal aborts before its turn. */
  async #inTurn<T>(stream: string, most: number, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    let turns = this.#turns.get(stream)
    if (turns === undefined) this.#turns.set(stream, (turns = { running: 0, waiting: new Set() }))
    if (turns.running >= most) await turnOf(turns.waiting, signal)
    else turns.running++
    try {
      return await work()
    } finally {
      const [next] = turns.waiting
      if (next !== undefined) next()
      else if (--turns.running === 0) this.#turns.delete(stream)
    }
  }

  #failed({ stream, key, form: { bucket } }: Delivery, text: string, what: string, err?: unknown): void {
    const before = this.#failures.get(stream)
    const now = performance.now()
    const isKnown = before?.text === text && now - before.loggedAt < REMINDER_MS
    this.#failures.set(stream, { text, loggedAt: isKnown ? before.loggedAt : now })
    const reason = err === undefined ? { failure: text } : { err }
    if (!isKnown) this.#log.warn({ deliveryStream: stream, bucket, key, ...reason }, what)
  }
}

/** Resolves when one that waits is called, and it does not wait any longer. */
function turnOf(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      waiting.delete(begin)
      signal.removeEventListener('abort', abort)
    }
    const begin = (): void => {
      end()
      resolve()
    }
    const abort = (): void => {
      end()
      reject(signal.reason)
    }
    if (signal.aborted) return reject(signal.reason)
    waiting.add(begin)
    signal.addEventListener('abort', abort)
  })
}
