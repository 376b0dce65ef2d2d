/** The environments of one function: as many as run at once, up to its reserved concurrency. */
import {
  type Environment,
  type EnvironmentOptions,
  type InvocationOptions,
  openEnvironment,
} from './environment.ts'
import type { Outcome } from './outcome.ts'

/** How long an environment without work stays; AWS promises nothing and keeps them for minutes. */
const IDLE_MS = 300_000

export interface PoolOptions {
  readonly environment: EnvironmentOptions
  /** Environments at most: the reserved concurrency. */
  readonly maximum: number
  /** An environment without work for so long is stopped; 5 minutes if not given. */
  readonly idleMs?: number
}

export interface Pool {
  /**
   * Invokes an idle environment, else a new one. Rejects with Throttled, with PoolStopped, or as
   * Environment.invoke does.
   */
  invoke(payload: Buffer, options: InvocationOptions): Promise<Outcome>
  /**
   * New code, configuration or concurrency for all invocations from now on. Environments of other options
   * (another object, whatever it says) are stopped, those at work after their invocation.
   */
  update(options: PoolOptions): void
  counts(): { readonly idle: number; readonly busy: number }
  /**
   * Takes no more invocations, waits so long for those under way, then kills them: they reject with
   * EnvironmentStopped.
   */
  stop(drainMs: number): Promise<void>
}

/** As many invocations run as may; repeat it later. */
export class Throttled extends Error {
  override readonly name = 'Throttled'
  readonly code = 'throttled'
}

/** The pool takes no more invocations. */
export class PoolStopped extends Error {
  override readonly name = 'PoolStopped'
}

export function openPool(initial: PoolOptions): Pool {
  let options = initial
  let stopped = false
  /** The one used last is at the end and is used first: in a lull, the others fall idle and end. */
  const idle: { readonly environment: Environment; readonly timer: NodeJS.Timeout }[] = []
  const busy = new Set<Environment>()
  let onDrained = (): void => {}

  function take(): Environment {
    while (idle.length > 0) {
      const { environment, timer } = idle.pop()!
      clearTimeout(timer)
      if (environment.state !== 'ended') return environment
    }
    if (busy.size >= options.maximum) {
      throw new Throttled(
        `${options.environment.functionName} runs ${busy.size} times already, which is its concurrency; repeat the request later.`,
      )
    }
    return openEnvironment(options.environment)
  }

  function giveBack(environment: Environment): void {
    busy.delete(environment)
    if (busy.size === 0) onDrained()
    if (environment.state === 'ended') return
    if (
      stopped ||
      environment.options !== options.environment ||
      busy.size + idle.length >= options.maximum
    ) {
      void environment.stop()
      return
    }
    const place = { environment, timer: setTimeout(() => drop(place), options.idleMs ?? IDLE_MS).unref() }
    idle.push(place)
    void environment.closed.then(() => drop(place))
  }

  function drop(place: (typeof idle)[number]): void {
    const index = idle.indexOf(place)
    if (index < 0) return
    idle.splice(index, 1)
    clearTimeout(place.timer)
    void place.environment.stop()
  }

  return {
    invoke: async (payload, invocationOptions) => {
      if (stopped)
        throw new PoolStopped(
          `${options.environment.functionName} takes no more invocations; its service is stopping.`,
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
      if (next.environment !== options.environment) for (const place of [...idle]) drop(place)
      options = next
    },
    counts: () => ({ idle: idle.length, busy: busy.size }),
    stop: async (drainMs) => {
      stopped = true
      const ending = idle.map(({ environment }) => environment)
      for (const place of [...idle]) drop(place)
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
