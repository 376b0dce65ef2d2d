/** The events that this replica holds: each function's begin in their order, as many as may, and what fails is tried twice more (Lambda developer guide, "Error handling for asynchronous invocation"). */
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { Counter, metrics } from '@weir/service'
import { UnknownFunction, type Functions } from '../functions.ts'
import type { InvocationOptions } from '../runtime/environment.ts'
import type { Outcome } from '../runtime/outcome.ts'
import { Throttled } from '../runtime/pool.ts'

export interface Event {
  readonly functionName: string
  readonly payload: Buffer
  readonly options: Omit<InvocationOptions, 'signal'>
  /** Ms since the epoch. */
  readonly acceptedAt: number
}

export interface Queues {
  /** Resolves when the event is done with: its function has taken it, or it was given up. Rejects where another one has to do it: the signal aborts, or the service stops. */
  run(event: Event, signal: AbortSignal): Promise<void>
  /** Rejects what has not begun. */
  stop(): void
}

export interface QueuesOptions {
  readonly functions: Pick<Functions, 'invoke'>
  readonly log: { warn(details: object, message: string): void }
  /** Before the second attempt and the third (ms); one minute and two, as at AWS. */
  readonly retryMs?: readonly number[]
  /** How long a function may be unknown here. */
  readonly unknownMs?: number
}

interface Waiting {
  readonly event: Event
  readonly signal: AbortSignal
  readonly done: PromiseWithResolvers<void>
  failures: number
  /** Ms since the epoch. */
  unknownSince: number | undefined
}

interface Queue {
  readonly waiting: Waiting[]
  /** Called when an event of the function has ended, and so an environment may be free. */
  wake(): void
}

const RETRY_MS = [60_000, 120_000]
/** A replica of the version before may not know a function of this one; it ends within this time, and then another replica begins the event. */
const UNKNOWN_MS = 15 * 60_000
const UNKNOWN_PAUSE = 1000
/** An event older than that is not begun any more. */
const MOST_AGE_MS = 6 * 3_600_000
/** Milliseconds before a function is tried again that others keep busy, and before an event whose invocation was cut off. */
const PAUSE = 200
/** Characters of an error. */
const MOST_LOGGED = 2000

const results = new Counter({
  name: 'weir_function_events_total', help: 'Invocations of events that nobody waits for, success or error; dropped: events that were given up.',
  labelNames: ['function', 'result'], registers: [metrics],
})

export function openQueues({ functions, log, retryMs = RETRY_MS, unknownMs = UNKNOWN_MS }: QueuesOptions): Queues {
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
      const { event: { acceptedAt, payload, options }, signal, done } = one
      if (signal.aborted) {
        done.reject(signal.reason)
      } else if (Date.now() - acceptedAt > MOST_AGE_MS) {
        giveUp(one, 'it is older than six hours')
      } else {
        const running = functions.invoke(functionName, payload, { ...options, signal })
        if (await isThrottled(running)) {
          const free = new Promise<void>((resolve) => { queue.wake = resolve })
          await Promise.race([free, sleep(PAUSE, undefined, { signal: stopping.signal }).catch(() => {})])
          continue
        }
        void finish(one, running).finally(() => queue.wake())
      }
      queue.waiting.shift()
    }
    queues.delete(functionName)
    for (const { done } of queue.waiting) done.reject(stopping.signal.reason)
  }

  async function finish(one: Waiting, running: Promise<Outcome>): Promise<void> {
    const { event: { functionName, options: { requestId } }, signal, done } = one
    let pause = PAUSE
    try {
      const outcome = await running
      results.inc({ function: functionName, result: outcome.ok ? 'success' : 'error' })
      if (outcome.ok) return done.resolve()
      log.warn({ function: functionName, requestId, error: outcome.payload.toString().slice(0, MOST_LOGGED) }, 'an event failed in its function')
      if (one.failures >= retryMs.length) return giveUp(one, 'its last attempt has failed')
      pause = retryMs[one.failures++]
    } catch (error) {
      if (error instanceof UnknownFunction) {
        one.unknownSince ??= Date.now()
        if (Date.now() - one.unknownSince >= unknownMs) return giveUp(one, 'there is no such function')
        pause = UNKNOWN_PAUSE
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

  function giveUp({ event: { functionName, options: { requestId } }, done }: Waiting, why: string): void {
    results.inc({ function: functionName, result: 'dropped' })
    log.warn({ function: functionName, requestId, why }, 'an event was given up')
    done.resolve()
  }

  return {
    run: (event, signal) => {
      const one: Waiting = { event, signal, done: Promise.withResolvers(), failures: 0, unknownSince: undefined }
      if (stopping.signal.aborted) one.done.reject(stopping.signal.reason)
      else push(one)
      return one.done.promise
    },
    stop: () => stopping.abort(new Error('the service is stopping')),
  }
}

/** A pool refuses at once; whatever else becomes of an invocation takes its time, or is none of this. */
function isThrottled(running: Promise<Outcome>): Promise<boolean> {
  return Promise.race([running.then(() => false, (error: unknown) => error instanceof Throttled), setImmediate(false)])
}
