/**
 * Decides whether the destination may be written to: only after it was prepared. It is prepared again after
 * every outage, since it may come back empty.
 */

import type { Logger } from '@weir/service'
import { backOff } from './back-off.ts'
import type { Destination } from './destination.ts'
import { DestinationError } from './errors.ts'
import { Reminder } from './reminder.ts'

/**
 * How often an open gate checks that the destination is still there while no request is in flight. A request
 * in flight shows more, and a busy destination is slow to answer the check.
 */
const PROBE_MS = 5000

export interface GateOptions {
  readonly destination: Pick<Destination, 'name' | 'prepare' | 'probe' | 'reconnect'>
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
  /** The last failure, until the destination has answered correctly. */
  #trouble: Error | undefined
  /** A request failed. The trouble is then not over when the destination can be prepared. */
  #refusesRequests = false

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

  /** True while the destination accepts requests, otherwise the reason why it does not. */
  get ready(): true | string {
    if (this.#open && !this.#trouble) return true
    if (!(this.#trouble instanceof DestinationError))
      return `${this.#options.destination.name} has not answered yet`
    return `${this.#trouble.code}: ${this.#trouble.remedy}`
  }

  /** Closes the gate after a request failed as a whole. It opens again by itself. */
  close(error: Error): void {
    this.#refusesRequests = true
    this.#close(error)
  }

  /** The destination replied to a request, or no batch waits for its reply any longer. */
  requestEnded(): void {
    this.#refusesRequests = false
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
    // the name no longer has, or to a proxy that answers for the destination.
    this.#options.destination.reconnect()
    try {
      await this.#options.destination.prepare()
    } catch (error) {
      if (this.#stopped) return
      this.#say(error as Error)
      this.#timer = setTimeout(() => void this.#prepare(), backOff(++this.#tries))
      return
    }
    if (this.#stopped) return
    this.#tries = 0
    this.#open = true
    if (!this.#refusesRequests) this.#over()
    this.#options.onOpen()
  }

  #say(error: Error): void {
    this.#trouble = error
    if (!this.#reminder.due(error instanceof DestinationError ? error.code : error.message)) return
    this.#options.log.warn(`waiting for ${this.#options.destination.name}: ${error.message}`)
  }

  #over(): void {
    if (!this.#trouble) return
    this.#options.log.info(`${this.#options.destination.name} answers again`)
    this.#trouble = undefined
    this.#reminder.forget()
  }

  #look(): void {
    if (this.#open && !this.#options.busy())
      this.#options.destination.probe().catch((error) => this.#close(error))
  }
}
