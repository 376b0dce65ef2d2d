/** Opens parts in order and stops them in reverse. */
import { ConfigError } from '@weir/config'
import { backoffMs, pause } from '@weir/timing'
import type { Logger } from './logger.ts'

/** An opened part: the value that later openers get, and how to close it. */
export interface Resource<T> {
  readonly value: T
  /** Closes the part in at most `drainMs`. Never called twice. */
  stop(drainMs: number): Promise<void> | void
  /**
   * Called as soon as the service is told to stop, before any part is closed. Readiness is turned off here.
   */
  stopping?(): void
}

/** The parts that every opener may use in addition to the values before it. */
export interface Life {
  readonly name: string
  readonly log: Logger
}

export type Opener<V, T> = (values: V, life: Life) => Resource<T> | Promise<Resource<T>>

/** A part could not be opened; the parts before it are stopped again. The message is one sentence. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/** A part could not be stopped; the others are stopped nevertheless. */
export class StopError extends Error {
  override readonly name = 'StopError'
}

export interface Limits {
  /** How long to retry opening a part that fails for a transient reason. */
  readonly startMs: number
  /** How long stopping may take. */
  readonly drainMs: number
}

export interface Part {
  readonly key: string
  readonly open: Opener<any, unknown>
}

const FIRST_PAUSE_MS = 250
const MAX_PAUSE_MS = 5000

/** Kept in reserve, so that a part that uses up all its time does not cost the others theirs. */
const RESERVE_MS = 500

/** Returned once the service is stopped: a part that opens later is of no use to anyone. */
const NEVER = new Promise<never>(() => {})

/** The parts opened so far, and one stop for all of them, even while later ones are still being opened. */
export class Opening {
  readonly #life: Life
  readonly #parts: readonly Part[]
  readonly #limits: Limits
  readonly #open: { readonly key: string; readonly resource: Resource<unknown> }[] = []
  #stopped: Promise<void> | undefined

  constructor(name: string, parts: readonly Part[], limits: Limits, log: Logger) {
    this.#life = { name, log }
    this.#parts = parts
    this.#limits = limits
  }

  async run(): Promise<object> {
    const values: Record<string, unknown> = {}
    for (const { key, open } of this.#parts) {
      try {
        const resource = await this.#patiently(key, () => open({ ...values }, this.#life))
        if (this.#stopped) {
          await resource.stop(0)
          return NEVER
        }
        this.#open.push({ key, resource })
        values[key] = resource.value
      } catch (error) {
        if (this.#stopped) return NEVER
        await this.stop().catch((stopError: Error) =>
          this.#life.log.error({ err: stopError }, stopError.message),
        )
        if (error instanceof ConfigError) throw error
        throw new StartError(`${this.#life.name} could not start: ${key}: ${sentence(error)}`, {
          cause: error,
        })
      }
    }
    return values
  }

  /**
   * Retries while the error is transient: servers that start at the same time become available in any order,
   * and topics are created in parallel.
   */
  async #patiently<T>(key: string, open: () => T | Promise<T>): Promise<T> {
    const giveUpAt = performance.now() + this.#limits.startMs
    for (let retries = 0; ; retries++) {
      const pauseMs = backoffMs(retries, FIRST_PAUSE_MS, MAX_PAUSE_MS)
      try {
        return await open()
      } catch (error) {
        if (this.#stopped || !canPass(error as Failure) || performance.now() + pauseMs > giveUpAt) throw error
        this.#life.log.warn(`waiting for ${key}: ${sentence(error)}`)
        await pause(pauseMs)
      }
    }
  }

  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop(performance.now() + this.#limits.drainMs - RESERVE_MS))
  }

  async #stop(deadline: number): Promise<void> {
    for (const { resource } of this.#open) resource.stopping?.()
    const failures: string[] = []
    for (let part = this.#open.pop(); part; part = this.#open.pop()) {
      try {
        await part.resource.stop(Math.max(0, deadline - performance.now()))
      } catch (error) {
        failures.push(`${part.key}: ${sentence(error)}`)
      }
    }
    if (failures.length > 0)
      throw new StopError(`${this.#life.name} did not stop cleanly: ${failures.join('; ')}`)
  }
}

interface Failure {
  readonly retriable?: boolean
  readonly code?: string
}

/** A missing topic is a mistake later on. At startup, the contracts may still be being applied. */
const canPass = ({ retriable, code }: Failure): boolean => retriable === true || code === 'unknown-topic'

export const sentence = (error: unknown): string => (error instanceof Error ? error.message : String(error))
