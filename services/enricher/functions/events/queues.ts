/**
 * The events that this replica holds. Those of a function begin in order, as far as its concurrency allows. A
 * failed event is retried, twice unless its function is configured otherwise (Lambda developer guide, "Error
 * handling for asynchronous invocation"). The result of an event goes to the function's destinations.
 */
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { Counter, metrics } from '@weir/service'
import { type Functions, type Invoked, UnknownFunction } from '../functions.ts'
import type { InvocationOptions } from '../runtime/options.ts'
import { Throttled } from '../runtime/pool.ts'
import type { EventDestinations } from './event-destinations.ts'
import type { EventSettings } from './event-settings.ts'
import type { EventCondition } from './invocation-record.ts'

export interface Event {
  /** NAME, or NAME:QUALIFIER. */
  readonly functionName: string
  readonly payload: Buffer
  readonly options: Omit<InvocationOptions, 'signal'>
  /** Ms since the epoch. */
  readonly acceptedAt: number
  /** How many functions have passed it on to the next as their destination; defaults to 0. */
  readonly hops?: number
}

export interface Queues {
  /**
   * Resolves when the event is finished: its function has processed it, or it was given up, and its
   * destination has been informed. Rejects if another replica has to take it over: the signal aborts, or the
   * service stops.
   */
  run(event: Event, signal: AbortSignal): Promise<void>
  /** Rejects the events that have not begun. */
  stop(): void
}

export interface QueuesOptions {
  readonly functions: Pick<Functions, 'invoke'>
  /** The settings of NAME or NAME:QUALIFIER. */
  settingsOf(functionName: string): EventSettings
  /** Whether the function reserves a concurrency of 0, and so must not run. */
  isOff(functionName: string): boolean
  readonly destinations: EventDestinations
  readonly log: { warn(details: object, message: string): void }
  /** The pauses before the second and the third attempt (ms); default to one and two minutes, as at AWS. */
  readonly retryMs?: readonly number[]
  /** How long a function may be unknown here. */
  readonly unknownMs?: number
}

interface Waiting {
  readonly event: Event
  readonly signal: AbortSignal
  readonly done: PromiseWithResolvers<void>
  failures: number
  last: Invoked | undefined
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
/**
 * The pause before a throttled function is retried, and before an event whose invocation was cut off is
 * retried (ms).
 */
const PAUSE = 200
/** The most characters of a logged error. */
const MAX_LOGGED = 2000

const results = new Counter({
  name: 'weir_function_events_total',
  help: 'Invocations of events that nobody waits for, success or error; dropped: events that were given up; undelivered: results that no destination got.',
  labelNames: ['function', 'result'],
  registers: [metrics],
})

export function openQueues({
  functions,
  settingsOf,
  isOff,
  destinations,
  log,
  retryMs = RETRY_MS,
  unknownMs = UNKNOWN_MS,
}: QueuesOptions): Queues {
  const stopping = new AbortController()
  /** By function. */
  const queues = new Map<string, Queue>()

  function push(one: Waiting): void {
    const { functionName } = one.event
    const queue = queues.get(functionName)
    if (queue !== undefined) {
      queue.waiting.push(one)
      return
    }
    const made: Queue = { waiting: [one], wake: () => {} }
    queues.set(functionName, made)
    // A counter that begins with its first drop would show no increase.
    results.inc({ function: functionName, result: 'dropped' }, 0)
    void begin(made)
  }

  async function begin(queue: Queue): Promise<void> {
    const { functionName } = queue.waiting[0].event
    while (queue.waiting.length > 0 && !stopping.signal.aborted) {
      const [one] = queue.waiting
      const {
        event: { acceptedAt, payload, options },
        signal,
        done,
      } = one
      if (signal.aborted) {
        done.reject(signal.reason)
      } else if (Date.now() - acceptedAt > settingsOf(functionName).maxAgeMs) {
        void giveUp(one, 'it is too old', 'EventAgeExceeded')
      } else if (isOff(functionName)) {
        void giveUp(one, 'its function reserves no concurrency', 'ZeroReservedConcurrency')
      } else {
        const running = functions.invoke(functionName, payload, { ...options, signal })
        if (await isThrottled(running)) {
          const free = new Promise<void>((resolve) => {
            queue.wake = resolve
          })
          await Promise.race([free, sleep(PAUSE, undefined, { signal: stopping.signal }).catch(() => {})])
          continue
        }
        void finish(one, running)
        void running.catch(() => {}).then(() => queue.wake())
      }
      queue.waiting.shift()
    }
    queues.delete(functionName)
    for (const { done } of queue.waiting) done.reject(stopping.signal.reason)
  }

  async function finish(one: Waiting, running: Promise<Invoked>): Promise<void> {
    const {
      event: {
        functionName,
        acceptedAt,
        options: { requestId },
      },
      signal,
      done,
    } = one
    let pause = PAUSE
    try {
      const outcome = await running
      one.last = outcome
      results.inc({ function: functionName, result: outcome.ok ? 'success' : 'error' })
      const { maxRetries, maxAgeMs, onSuccess } = settingsOf(functionName)
      if (outcome.ok) return void (await tell(one, onSuccess, 'Success'))
      log.warn(
        { function: functionName, requestId, error: outcome.payload.toString().slice(0, MAX_LOGGED) },
        'an event failed in its function',
      )
      one.failures++
      if (one.failures > maxRetries)
        return void (await giveUp(one, 'its last attempt has failed', 'RetriesExhausted'))
      pause = retryMs[Math.min(one.failures, retryMs.length) - 1]
      if (Date.now() + pause - acceptedAt > maxAgeMs)
        return void (await giveUp(one, 'it would be too old for its next attempt', 'EventAgeExceeded'))
    } catch (error) {
      if (error instanceof UnknownFunction) {
        one.unknownSince ??= Date.now()
        if (Date.now() - one.unknownSince >= unknownMs)
          return void (await giveUp(one, 'there is no such function', 'RetriesExhausted'))
        pause = UNKNOWN_PAUSE_MS
      } else if (!signal.aborted && !stopping.signal.aborted) {
        log.warn({ err: error, function: functionName, requestId }, 'an event was cut off and is begun again')
      }
    }
    try {
      await sleep(pause, undefined, { signal: AbortSignal.any([signal, stopping.signal]) })
      push(one)
    } catch (error) {
      done.reject(error)
    }
  }

  function giveUp(one: Waiting, why: string, condition: EventCondition): Promise<void> {
    const {
      functionName,
      options: { requestId },
    } = one.event
    results.inc({ function: functionName, result: 'dropped' })
    log.warn({ function: functionName, requestId, why }, 'an event was given up')
    return tell(one, settingsOf(functionName).onFailure, condition)
  }

  /** Ends the event, once the destination has its result. */
  async function tell(
    { event, failures, last, signal, done }: Waiting,
    url: string | undefined,
    condition: EventCondition,
  ): Promise<void> {
    const ended = AbortSignal.any([signal, stopping.signal])
    try {
      const attempts = failures + (condition === 'Success' ? 1 : 0)
      if (url !== undefined)
        await destinations.send(
          url,
          event,
          { condition, attempts, outcome: last },
          AbortSignal.any([ended, AbortSignal.timeout(DESTINATION_MS)]),
        )
      done.resolve()
    } catch (error) {
      if (ended.aborted) return done.reject(ended.reason)
      const {
        functionName,
        options: { requestId },
      } = event
      results.inc({ function: functionName, result: 'undelivered' })
      log.warn(
        { err: error, function: functionName, requestId, destination: url },
        'the result of an event was not delivered',
      )
      done.resolve()
    }
  }

  return {
    run: (event, signal) => {
      const one: Waiting = {
        event,
        signal,
        done: Promise.withResolvers(),
        failures: 0,
        last: undefined,
        unknownSince: undefined,
      }
      if (stopping.signal.aborted) one.done.reject(stopping.signal.reason)
      else push(one)
      return one.done.promise
    },
    stop: () => stopping.abort(new Error('the service is stopping')),
  }
}

/** A pool refuses at once. Any other outcome of an invocation takes longer, or does not matter here. */
function isThrottled(running: Promise<Invoked>): Promise<boolean> {
  return Promise.race([
    running.then(
      () => false,
      (error: unknown) => error instanceof Throttled,
    ),
    setImmediate(false),
  ])
}
