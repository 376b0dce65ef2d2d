/**
 * Decides whether the engine may be written to: only after the templates were put. They are put again after
 * every outage, since an engine may come back empty.
 */

import type { Logger } from '@weir/service'
import type { SearchEngine } from '../engines/engine.ts'
import { EngineError } from '../engines/errors.ts'
import { backOff } from './in-flight.ts'
import { Reminder } from './reminder.ts'

/**
 * How often an open gate checks that the engine is still there while no request is in flight. A request in
 * flight tells more, and a busy engine is slow to answer.
 */
const PROBE_MS = 5000

export interface GateOptions {
  readonly engine: Pick<SearchEngine, 'name' | 'health' | 'reconnect'>
  /** Puts the templates. */
  readonly prepare: () => Promise<void>
  readonly onOpen: () => void
  /** Whether requests are in flight. */
  readonly busy: () => boolean
  readonly log: Logger
}

export class Gate {
  readonly #options: GateOptions
  readonly #probe: NodeJS.Timeout
  readonly #reminder = new Reminder()
  #open = false
  #tries = 0
  #timer: NodeJS.Timeout | undefined
  #stopped = false
  /** The last failure, until the engine has answered correctly. */
  #trouble: Error | undefined
  /** A bulk request failed. The trouble is then not over when the engine accepts templates. */
  #refusesBulks = false

  /** Starts closed, and begins to open. */
  constructor(options: GateOptions) {
    this.#options = options
    this.#probe = setInterval(() => this.#look(), PROBE_MS)
    void this.#prepare()
  }

  /** True if requests may be sent, even if only to find out whether the trouble is over. */
  get open(): boolean {
    return this.#open
  }

  /** True while the engine accepts requests, otherwise the reason why it does not. */
  get ready(): true | string {
    if (this.#open && !this.#trouble) return true
    if (!(this.#trouble instanceof EngineError)) return 'the engine has not answered yet'
    return `${this.#trouble.code}: ${this.#trouble.remedy}`
  }

  /** Closes the gate after a bulk request failed as a whole. It opens again by itself. */
  close(error: Error): void {
    this.#refusesBulks = true
    this.#close(error)
  }

  /** The engine replied to a bulk request, or no batch waits for its reply any longer. */
  bulkEnded(): void {
    this.#refusesBulks = false
    if (this.#open) this.#over()
  }

  stop(): void {
    this.#stopped = true
    this.#open = false
    clearInterval(this.#probe)
    clearTimeout(this.#timer)
  }

  #close(error: Error): void {
    this.#say(error)
    if (!this.#open) return
    this.#open = false
    void this.#prepare()
  }

  async #prepare(): Promise<void> {
    // A connection that is kept open may lead to the wrong place without ever breaking: to an address that
    // the name no longer has, or to a proxy that answers for the engine.
    this.#options.engine.reconnect()
    try {
      await this.#options.prepare()
    } catch (error) {
      if (this.#stopped) return
      this.#say(error as Error)
      this.#timer = setTimeout(() => void this.#prepare(), backOff(++this.#tries))
      return
    }
    if (this.#stopped) return
    this.#tries = 0
    this.#open = true
    if (!this.#refusesBulks) this.#over()
    this.#options.onOpen()
  }

  #say(error: Error): void {
    this.#trouble = error
    if (!this.#reminder.due(error instanceof EngineError ? error.code : error.message)) return
    this.#options.log.warn(`waiting for ${this.#options.engine.name}: ${error.message}`)
  }

  #over(): void {
    if (!this.#trouble) return
    this.#options.log.info(`${this.#options.engine.name} answers again`)
    this.#trouble = undefined
    this.#reminder.forget()
  }

  #look(): void {
    if (this.#open && !this.#options.busy())
      this.#options.engine.health().catch((error) => this.#close(error))
  }
}
