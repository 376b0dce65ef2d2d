/**
 * The environments of one function: one for each concurrent invocation, up to its reserved concurrency. Those of its
 * provisioned concurrency are started ahead.
 */
import { backoffMs } from '@weir/timing'
import { type Environment, openEnvironment } from './environment.ts'
import type { EnvironmentOptions, InvocationOptions } from './options.ts'
import type { InvocationResult } from './result.ts'

/** How long an idle environment stays; AWS promises nothing and keeps them for minutes. */
const IDLE_MS = 300_000
/** The pauses between starts of environments that end before they are used. */
const FIRST_PAUSE_MS = 1000
const MAX_PAUSE_MS = 60_000

export interface PoolOptions {
  readonly environment: EnvironmentOptions
  /** The most environments: the reserved concurrency. */
  readonly maximum: number
  /** The provisioned concurrency: so many environments are always started, whether used or not. Defaults to 0. */
  readonly provisioned?: number
  /** How long an environment may be idle before it is stopped; defaults to 5 minutes. */
  readonly idleMs?: number
}

export interface Pool {
  /**
   * Invokes an idle environment, or a new one if none is idle. Rejects with Throttled, with PoolStopped, or
   * as Environment.invoke does.
   */
  invoke(payload: Buffer, options: InvocationOptions): Promise<InvocationResult>
  /**
   * Sets the code, configuration or concurrency for all invocations from now on. Environments opened with
   * another options object, even an equal one, are stopped; busy ones after their invocation.
   */
  update(options: PoolOptions): void
  counts(): { readonly idle: number; readonly busy: number }
  /**
   * Accepts no more invocations, waits up to `drainMs` for those in progress, then kills them: they reject
   * with EnvironmentStopped.
   */
  stop(drainMs: number): Promise<void>
}

/** The function's concurrency is used up; repeat the invocation later. */
export class Throttled extends Error {
  override readonly name = 'Throttled'
  readonly code = 'throttled'
}

/** The pool accepts no more invocations. */
export class PoolStopped extends Error {
  override readonly name = 'PoolStopped'
}

export function openPool(initial: PoolOptions): Pool {
  let options = initial
  let stopped = false
  /**
   * The most recently used one is at the end and is taken first: in a lull, the others stay idle and are
   * stopped.
   */
  const idle: { readonly environment: Environment; readonly timer: NodeJS.Timeout }[] = []
  const busy = new Set<Environment>()
  let onDrained = (): void => {}
  /** Environments that ended of themselves since the last one that answered and stayed. */
  let failures = 0
  let refill: NodeJS.Timeout | undefined
  fill()

  /** Starts the environments that the provisioned concurrency lacks. */
  function fill(): void {
    while (!stopped && refill === undefined && idle.length + busy.size < provisioned(options)) rest(open())
  }

  function open(): Environment {
    const environment = openEnvironment(options.environment)
    void environment.closed.then(() => {
      const one = idle.find((one) => one.environment === environment)
      if (one === undefined) return
      drop(one)
      replace()
    })
    return environment
  }

  /** Replaces an environment that ended of itself: less and less often, in case its function cannot start. */
  function replace(): void {
    if (provisioned(options) === 0) return
    refill ??= setTimeout(
      () => {
        refill = undefined
        fill()
      },
      backoffMs(failures++, FIRST_PAUSE_MS, MAX_PAUSE_MS),
    ).unref()
  }

  function take(): Environment {
    while (idle.length > 0) {
      const { environment, timer } = idle.pop()!
      clearTimeout(timer)
      if (environment.state !== 'ended') return environment
    }
    if (busy.size >= options.maximum) {
      throw new Throttled(
        `${options.environment.functionName} is already running ${busy.size} times, its concurrency limit; repeat the request later.`,
      )
    }
    return open()
  }

  function giveBack(environment: Environment): void {
    busy.delete(environment)
    if (busy.size === 0) onDrained()
    if (environment.state === 'ended') return replace()
    failures = 0
    if (
      stopped ||
      environment.options !== options.environment ||
      busy.size + idle.length >= options.maximum
    ) {
      void environment.stop()
      return fill()
    }
    rest(environment)
  }

  /** Puts an environment among the idle ones, until it is taken or has been idle for long. */
  function rest(environment: Environment): void {
    const end = (): void => {
      if (idle.length + busy.size > provisioned(options)) drop(one)
      else one.timer.refresh()
    }
    const one = { environment, timer: setTimeout(end, options.idleMs ?? IDLE_MS).unref() }
    idle.push(one)
  }

  function drop(one: (typeof idle)[number]): void {
    const index = idle.indexOf(one)
    if (index < 0) return
    idle.splice(index, 1)
    clearTimeout(one.timer)
    void one.environment.stop()
  }

  return {
    invoke: async (payload, invocationOptions) => {
      if (stopped)
        throw new PoolStopped(
          `${options.environment.functionName} does not accept invocations; its service is stopping.`,
        )
      const environment = take()
      busy.add(environment)
      try {
        return await environment.invoke(payload, invocationOptions)
      } finally {
        giveBack(environment)
      }
    },
    update: (next) => {
      if (next.environment !== options.environment) for (const one of [...idle]) drop(one)
      options = next
      fill()
    },
    counts: () => ({ idle: idle.length, busy: busy.size }),
    stop: async (drainMs) => {
      stopped = true
      clearTimeout(refill)
      const ending = idle.map(({ environment }) => environment)
      for (const one of [...idle]) drop(one)
      if (busy.size > 0) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, drainMs)
          onDrained = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      await Promise.all([...ending, ...busy].map((environment) => environment.stop()))
    },
  }
}

/** More than the maximum is never started. */
const provisioned = ({ provisioned = 0, maximum }: PoolOptions): number => Math.min(provisioned, maximum)
