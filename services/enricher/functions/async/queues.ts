/**
 * The asynchronous invocations that this replica holds. Those of a function begin in order, as far as its
 * concurrency allows. A failed event is retried, twice unless its function is configured otherwise (Lambda
 * developer guide, "Error handling for asynchronous invocation"). The result of an event goes to the
 * function's destinations.
 */
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { Counter, metrics } from '@weir/service'
import { pause } from '@weir/timing'
import { type FunctionResult, type Functions, UnknownFunction } from '../functions.ts'
import type { InvocationOptions } from '../runtime/options.ts'
import { Throttled } from '../runtime/pool.ts'
import type { AsyncDestinations } from './async-destinations.ts'
import type { AsyncSettings } from './async-settings.ts'
import type { AsyncCondition } from './invocation-record.ts'

export interface AsyncInvocation {
  /** NAME, or NAME:QUALIFIER. */
  readonly functionName: string
  readonly payload: Buffer
  readonly options: Omit<InvocationOptions, 'signal'>
  /** Ms since the epoch. */
  readonly acceptedAt: number
  /** How many functions have passed it on to the next as their destination; defaults to 0. */
  readonly hops?: number
}

export interface QueuesOptions {
  readonly functions: Pick<Functions, 'invoke'>
  /** The settings of NAME or NAME:QUALIFIER. */
  settingsOf(functionName: string): AsyncSettings
  /** Whether the function reserves a concurrency of 0, and so must not run. */
  isOff(functionName: string): boolean
  readonly destinations: AsyncDestinations
  readonly log: { warn(details: object, message: string): void }
  /** The pauses before the second and the third attempt (ms); default to one and two minutes, as at AWS. */
  readonly retryMs?: readonly number[]
  /** How long a function may be unknown here. */
  readonly unknownMs?: number
}

interface Waiting {
  readonly invocation: AsyncInvocation
  readonly signal: AbortSignal
  readonly done: PromiseWithResolvers<void>
  failures: number
  last: FunctionResult | undefined
  /** Ms since the epoch. */
  unknownSince: number | undefined
}

interface Queue {
  readonly waiting: Waiting[]
  /** Called when an event of the function has ended, and so an environment may be free. */
  wake(): void
}

const RETRY_MS = [60_000, 120_000]
/**
 * A replica of the previous version may not know a function of this one. It ends within this time, and then
 * another replica begins the event.
 */
const UNKNOWN_MS = 15 * 60_000
const UNKNOWN_PAUSE_MS = 1000
/** How long a destination is tried. Other events must not wait for a destination that is gone. */
const DESTINATION_MS = 15 * 60_000
/** The pause before a throttled function, and an event whose invocation was cut off, is retried. */
const PAUSE_MS = 200
/** The most characters of a logged error. */
const MAX_LOGGED = 2000

const results = new Counter({
  name: 'weir_function_events_total',
  help: 'Asynchronous invocations by result: success or error; dropped: events that were given up; undelivered: results that could not be delivered to a destination.',
  labelNames: ['function', 'result'],
  registers: [metrics],
})

export class Queues {
  readonly #options: QueuesOptions
  readonly #retryMs: readonly number[]
  readonly #unknownMs: number
  /** Queues by function. */
  readonly #queues = new Map<string, Queue>()
  readonly #stopping = new AbortController()

  constructor(options: QueuesOptions) {
    this.#options = options
    this.#retryMs = options.retryMs ?? RETRY_MS
    this.#unknownMs = options.unknownMs ?? UNKNOWN_MS
  }

  /**
   * Resolves when the event is finished: its function has processed it, or it was given up, and its
   * destination has been informed. Rejects if another replica has to take it over: the signal aborts, or the
   * service stops.
   */
  run(invocation: AsyncInvocation, signal: AbortSignal): Promise<void> {
    const one: Waiting = {
      invocation,
      signal,
      done: Promise.withResolvers(),
      failures: 0,
      last: undefined,
      unknownSince: undefined,
    }
    if (this.#stopping.signal.aborted) one.done.reject(this.#stopping.signal.reason)
    else this.#push(one)
    return one.done.promise
  }

  /** Rejects the events that have not begun. */
  stop(): void {
    this.#stopping.abort(new Error('the service is stopping'))
  }

  #push(one: Waiting): void {
    const { functionName } = one.invocation
    const queue = this.#queues.get(functionName)
    if (queue !== undefined) {
      queue.waiting.push(one)
      return
    }
    const made: Queue = { waiting: [one], wake: () => {} }
    this.#queues.set(functionName, made)
    // A counter that begins with its first drop would show no increase.
    results.inc({ function: functionName, result: 'dropped' }, 0)
    void this.#drain(functionName, made)
  }

  /** Begins the events of a function in order. */
  async #drain(functionName: string, queue: Queue): Promise<void> {
    const stopping = this.#stopping.signal
    while (queue.waiting.length > 0 && !stopping.aborted) {
      const [one] = queue.waiting
      const running = this.#begin(one)
      if (running !== undefined) {
        if (await isThrottled(running)) {
          const free = new Promise<void>((resolve) => {
            queue.wake = resolve
          })
          await Promise.race([free, pause(PAUSE_MS, stopping)])
          continue
        }
        void this.#finish(one, running)
        void running.catch(() => {}).then(() => queue.wake())
      }
      queue.waiting.shift()
    }
    this.#queues.delete(functionName)
    for (const { done } of queue.waiting) done.reject(stopping.reason)
  }

  /** Invokes the function, or ends an event for which it must not run. */
  #begin(one: Waiting): Promise<FunctionResult> | undefined {
    const { functionName, acceptedAt, payload, options } = one.invocation
    const { functions, settingsOf, isOff } = this.#options
    const { signal } = one
    if (signal.aborted) one.done.reject(signal.reason)
    else if (Date.now() - acceptedAt > settingsOf(functionName).maxAgeMs)
      void this.#giveUp(one, 'it is too old', 'EventAgeExceeded')
    else if (isOff(functionName))
      void this.#giveUp(one, 'its function reserves no concurrency', 'ZeroReservedConcurrency')
    else return functions.invoke(functionName, payload, { ...options, signal })
    return undefined
  }

  async #finish(one: Waiting, running: Promise<FunctionResult>): Promise<void> {
    let pauseMs: number | undefined
    try {
      pauseMs = await this.#judge(one, await running)
    } catch (error) {
      pauseMs = await this.#cutOff(one, error)
    }
    if (pauseMs === undefined) return
    try {
      const signal = AbortSignal.any([one.signal, this.#stopping.signal])
      await sleep(pauseMs, undefined, { signal })
      this.#push(one)
    } catch (error) {
      one.done.reject(error)
    }
  }

  /** Ends an event after an attempt, or returns the pause before the next one. */
  async #judge(one: Waiting, result: FunctionResult): Promise<number | undefined> {
    const { functionName, acceptedAt, options } = one.invocation
    one.last = result
    results.inc({ function: functionName, result: result.ok ? 'success' : 'error' })
    const { maxRetries, maxAgeMs, onSuccess } = this.#options.settingsOf(functionName)
    if (result.ok) {
      await this.#tell(one, onSuccess, 'Success')
      return undefined
    }
    const error = result.payload.toString().slice(0, MAX_LOGGED)
    this.#options.log.warn(
      { function: functionName, requestId: options.requestId, error },
      'an event failed in its function',
    )
    one.failures++
    const pauseMs = this.#retryMs[Math.min(one.failures, this.#retryMs.length) - 1]
    if (one.failures > maxRetries) await this.#giveUp(one, 'its last attempt has failed', 'RetriesExhausted')
    else if (Date.now() + pauseMs - acceptedAt > maxAgeMs)
      await this.#giveUp(one, 'it would be too old for its next attempt', 'EventAgeExceeded')
    else return pauseMs
    return undefined
  }

  /** The attempt did not come to an end, which does not count. */
  async #cutOff(one: Waiting, error: unknown): Promise<number | undefined> {
    const { functionName, options } = one.invocation
    if (error instanceof UnknownFunction) {
      one.unknownSince ??= Date.now()
      if (Date.now() - one.unknownSince < this.#unknownMs) return UNKNOWN_PAUSE_MS
      await this.#giveUp(one, 'the function does not exist', 'RetriesExhausted')
      return undefined
    }
    if (!one.signal.aborted && !this.#stopping.signal.aborted)
      this.#options.log.warn(
        { err: error, function: functionName, requestId: options.requestId },
        'an event was interrupted and starts again',
      )
    return PAUSE_MS
  }

  #giveUp(one: Waiting, why: string, condition: AsyncCondition): Promise<void> {
    const { functionName, options } = one.invocation
    results.inc({ function: functionName, result: 'dropped' })
    this.#options.log.warn(
      { function: functionName, requestId: options.requestId, why },
      'an event was given up',
    )
    return this.#tell(one, this.#options.settingsOf(functionName).onFailure, condition)
  }

  /** Ends the event, once the destination has its result. */
  async #tell(one: Waiting, url: string | undefined, condition: AsyncCondition): Promise<void> {
    const { invocation, failures, last, signal, done } = one
    const ended = AbortSignal.any([signal, this.#stopping.signal])
    try {
      const attempts = failures + (condition === 'Success' ? 1 : 0)
      if (url !== undefined) {
        const timeout = AbortSignal.any([ended, AbortSignal.timeout(DESTINATION_MS)])
        await this.#options.destinations.send(url, invocation, { condition, attempts, result: last }, timeout)
      }
      done.resolve()
    } catch (error) {
      if (ended.aborted) return done.reject(ended.reason)
      const { functionName, options } = invocation
      results.inc({ function: functionName, result: 'undelivered' })
      this.#options.log.warn(
        { err: error, function: functionName, requestId: options.requestId, destination: url },
        'the result of an event was not delivered',
      )
      done.resolve()
    }
  }
}

/** A pool refuses at once. Any other end of an invocation takes longer, or does not matter here. */
function isThrottled(running: Promise<FunctionResult>): Promise<boolean> {
  return Promise.race([
    running.then(
      () => false,
      (error: unknown) => error instanceof Throttled,
    ),
    setImmediate(false),
  ])
}
