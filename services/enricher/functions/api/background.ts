/**
 * Events that nobody waits for (invocation type Event). They are kept in memory only: each is invoked once, as soon as its function is free, and one that
 * fails is logged and not tried again, unlike at AWS. What must not be lost goes into a stream or topic with a mapping.
 */
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import type { Functions } from '../functions.ts'
import type { InvocationOptions } from '../runtime/environment.ts'
import type { Outcome } from '../runtime/outcome.ts'
import { Throttled } from '../runtime/pool.ts'

export interface Background {
  /** False where there is no place: nothing happens then. */
  add(name: string, payload: Buffer, options: InvocationOptions): boolean
  /** Forgets the events that have not begun. */
  stop(): void
}

interface Log {
  warn(details: object, message: string): void
}

interface Waiting {
  readonly payload: Buffer
  readonly options: InvocationOptions
}

interface Queue {
  readonly events: Waiting[]
  /** Called when an event of the function has ended, and so an environment may be free. */
  wake(): void
}

/** Events that wait or run, in a replica. */
const MOST_EVENTS = 100
/** Milliseconds before a function is tried again that others keep busy. */
const PAUSE = 200
/** Characters of an error. */
const MOST_LOGGED = 2000

export function openBackground(functions: Pick<Functions, 'invoke'>, log: Log): Background {
  const stopping = new AbortController()
  /** By function. */
  const queues = new Map<string, Queue>()
  let open = 0

  /** Begins the events of a function in their order. */
  async function begin(name: string, queue: Queue): Promise<void> {
    while (queue.events.length > 0 && !stopping.signal.aborted) {
      const [{ payload, options }] = queue.events
      const running = functions.invoke(name, payload, options)
      if (await isThrottled(running)) {
        const free = new Promise<void>((resolve) => { queue.wake = resolve })
        await Promise.race([free, sleep(PAUSE, undefined, { signal: stopping.signal }).catch(() => {})])
        continue
      }
      queue.events.shift()
      void finish(name, options.requestId, running).finally(() => {
        open--
        queue.wake()
      })
    }
    queues.delete(name)
    if (queue.events.length > 0) log.warn({ function: name, events: queue.events.length }, 'the service stops, and events that have not begun are lost')
  }

  async function finish(name: string, requestId: string, running: Promise<Outcome>): Promise<void> {
    try {
      const outcome = await running
      if (outcome.ok) return
      log.warn({ function: name, requestId, error: outcome.payload.toString().slice(0, MOST_LOGGED) }, 'an event failed in its function')
    } catch (error) {
      log.warn({ err: error, function: name, requestId }, 'an event is lost')
    }
  }

  return {
    add: (name, payload, options) => {
      if (open >= MOST_EVENTS || stopping.signal.aborted) return false
      open++
      const queue = queues.get(name)
      if (queue !== undefined) {
        queue.events.push({ payload, options })
        return true
      }
      const made: Queue = { events: [{ payload, options }], wake: () => {} }
      queues.set(name, made)
      void begin(name, made)
      return true
    },
    stop: () => stopping.abort(),
  }
}

/** A pool refuses at once; whatever else becomes of an invocation takes its time, or is none of this. */
function isThrottled(running: Promise<Outcome>): Promise<boolean> {
  return Promise.race([running.then(() => false, (error: unknown) => error instanceof Throttled), setImmediate(false)])
}
