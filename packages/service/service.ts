/**
 * Starts what a service consists of in order, stops it in reverse, and answers signals. A main file built
 * with it reads like a table of contents.
 */
import { logger } from './logger.ts'
import type { Limits, Opener, Part } from './opening.ts'
import { Opening } from './opening.ts'
import { configured, DEFAULT_LIMITS, exitUnstarted, onSignals, readLimits } from './process.ts'

export interface Running<V> {
  readonly values: V
  /**
   * Stops everything in reverse order and resolves when the last part is stopped. Rejects with a StopError
   * afterwards when a part failed to.
   */
  stop(): Promise<void>
}

/** The parts of a service so far; V has a property for each. */
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
   * Opens all parts, without signals or exits: for tests and for programs that have a life of their own.
   * Rejects with a StartError or a ConfigError.
   */
  async open(limits: Limits = DEFAULT_LIMITS): Promise<Running<V>> {
    const opening = new Opening(this.#name, this.#parts, limits, logger(this.#name))
    return { values: (await opening.run()) as V, stop: () => opening.stop() }
  }

  /**
   * Runs as the process: SIGTERM or SIGINT stops within DRAIN_SECONDS and exits with 0 (1 when it took longer
   * or a part failed to stop), a second signal exits at once. What fails to start exits with 1 after one
   * sentence, a wrong configuration with 2. An error that nobody caught exits with 1: a process in an unknown
   * state is worth less than a fresh one, and its supervisor starts one.
   */
  async start(): Promise<Running<V>> {
    const log = logger(this.#name)
    process.on('uncaughtException', (error, origin) => {
      log.fatal({ err: error }, `stopped by an error that nobody caught (${origin})`)
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
