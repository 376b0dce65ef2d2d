/** Whether the engine may be written to: only after the templates were put, and again after every outage, since an engine may come back empty. */
import { backOff } from './in-flight.ts'
import type { SearchEngine } from '../engines/engine.ts'
import type { Logger } from '@weir/service'

/** How often an open gate looks whether the engine is still there while nothing is sent. A request under way tells more, and a busy engine is slow to answer. */
const PROBE_MS = 5000

export interface GateOptions {
  readonly engine: Pick<SearchEngine, 'name' | 'health' | 'reconnect'>
  /** Puts the templates. */
  readonly prepare: () => Promise<void>
  readonly onOpen: () => void
  /** Whether requests are under way. */
  readonly busy: () => boolean
  readonly log: Logger
}

export class Gate {
  readonly #options: GateOptions
  readonly #probe: NodeJS.Timeout
  #open = false
  #tries = 0
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  /** Starts closed and begins to open. */
  constructor(options: GateOptions) {
    this.#options = options
    this.#probe = setInterval(() => this.#look(), PROBE_MS)
    void this.#prepare()
  }

  get open(): boolean {
    return this.#open
  }

  /** The engine failed a request as a whole. Opens again by itself. */
  close(error: Error): void {
    if (!this.#open) return
    this.#open = false
    this.#options.log.warn({ err: error }, `${this.#options.engine.name} cannot be written to; waiting for it`)
    void this.#prepare()
  }

  stop(): void {
    this.#stopped = true
    this.#open = false
    clearInterval(this.#probe)
    clearTimeout(this.#timer)
  }

  async #prepare(): Promise<void> {
    // A kept connection may lead astray without ever breaking: to an address that no longer stands behind the name, to a proxy that answers for the engine.
    this.#options.engine.reconnect()
    try {
      await this.#options.prepare()
    } catch (error) {
      if (this.#stopped) return
      // Once a failure that lasts is news; then every tenth try, about once in 100 s.
      if (this.#tries++ % 10 === 0) this.#options.log.warn(`waiting for ${this.#options.engine.name}: ${(error as Error).message}`)
      this.#timer = setTimeout(() => void this.#prepare(), backOff(this.#tries))
      return
    }
    if (this.#stopped) return
    if (this.#tries > 0) this.#options.log.info(`${this.#options.engine.name} answers again`)
    this.#tries = 0
    this.#open = true
    this.#options.onOpen()
  }

  #look(): void {
    if (this.#open && !this.#options.busy()) this.#options.engine.health().catch((error) => this.close(error))
  }
}
