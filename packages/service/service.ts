/**
 * Starts the parts of a service in order, stops them in reverse, and handles signals. A main file built with
 * it reads like a table of contents.
 */
import { logger } from './logger.ts'
import type { Limits, Opener, Part } from './opening.ts'
import { Opening } from './opening.ts'
import { configured, DEFAULT_LIMITS, exitUnstarted, onSignals, readLimits } from './process.ts'

export interface Running<V> {
  readonly values: V
  /**
   * Stops all parts in reverse order and resolves when the last one is stopped. If a part fails to stop,
   * rejects with a StopError once the others are stopped.
   */
  stop(): Promise<void>
}

/** The parts of a service so far. V has a property for each. */
export class Service<V extends object> {
  readonly #name: string
  readonly #parts: readonly Part[]

  private constructor(name: string, parts: readonly Part[]) {
    this.#name = name
    this.#parts = parts
  }

  // biome-ignore lint/complexity/noBannedTypes: No parts yet.
  static named(name: string): Service<{}> {
    return new Service(name, [])
  }

  /** Adds a part. Its opener gets the values of the parts before it. */
  with<K extends string, T>(
    key: K extends keyof V ? never : K,
    open: Opener<V, T>,
  ): Service<V & { readonly [name in K]: T }> {
    return new Service(this.#name, [...this.#parts, { key, open }])
  }

  /**
   * Opens all parts without handling signals or exiting the process, for tests and for programs that manage
   * their own lifetime. Rejects with a StartError or a ConfigError.
   */
  async open(limits: Limits = DEFAULT_LIMITS): Promise<Running<V>> {
    const opening = new Opening(this.#name, this.#parts, limits, logger(this.#name))
    return { values: (await opening.run()) as V, stop: () => opening.stop() }
  }

  /**
   * Runs as the process. SIGTERM or SIGINT stops the service within DRAIN_SECONDS and exits with 0, or with 1
   * if that took longer or a part failed to stop. A second signal exits at once. A part that fails to start
   * exits with 1 after one sentence, an invalid configuration with 2. An uncaught error exits with 1: a fresh
   * process is worth more than one in an unknown state, and the supervisor starts one.
   */
  async start(): Promise<Running<V>> {
    const log = logger(this.#name)
    process.on('uncaughtException', (error, origin) => {
      log.fatal({ err: error }, `stopped by an uncaught error (${origin})`)
      process.exit(1)
    })
    const limits = configured(readLimits)
    const opening = new Opening(this.#name, this.#parts, limits, log)
    onSignals(log, limits.drainMs, () => opening.stop())
    try {
      const values = await opening.run()
      log.info({ parts: this.#parts.map((part) => part.key) }, 'started')
      return { values: values as V, stop: () => opening.stop() }
    } catch (error) {
      return exitUnstarted(error, log)
    }
  }
}
