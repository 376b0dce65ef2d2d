/** A session at a broker that belongs to this replica: it is connected again whenever its connection ends. */
import type { Admission, Logger } from '@weir/service'
import { backoffMs, pause } from '@weir/timing'
import type { Inbox } from '../mqtt/inbox.ts'
import type { Broker } from './config.ts'
import { BrokerConnection } from './connection.ts'
import { dial } from './dial.ts'

const FIRST_PAUSE_MS = 500
const MAX_PAUSE_MS = 30_000
/** A connection that has lasted this long was a good one: the next failure is the first again. */
const GOOD_MS = 60_000

export interface BridgeSessionOptions {
  readonly broker: Broker
  /** The session's number at the broker, from 0. */
  readonly number: number
  readonly inbox: Inbox
  readonly admission: Admission
  readonly log: Logger
  /** A connection has failed or ended, though it should last. */
  lost(): void
}

export class BridgeSession {
  readonly broker: Broker
  readonly #options: BridgeSessionOptions
  readonly #stopping = new AbortController()
  readonly #done: Promise<void>
  #connection: BrokerConnection | undefined
  #isOpen = false
  /** The reason that was logged last. */
  #logged: string | undefined

  constructor(options: BridgeSessionOptions) {
    this.broker = options.broker
    this.#options = options
    this.#done = this.#run()
  }

  /** Whether the broker has granted the subscriptions. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  async stop(drainMs: number): Promise<void> {
    this.#stopping.abort()
    await this.#connection?.stop(drainMs)
    await this.#done
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    for (let retry = 0; !signal.aborted; retry++) {
      const began = performance.now()
      const reason = await this.#connectOnce()
      this.#isOpen = false
      if (signal.aborted) return
      if (performance.now() - began > GOOD_MS) retry = 0
      this.#options.lost()
      this.#report(reason)
      // Replicas that lost a broker together do not come back together.
      await pause(backoffMs(retry, FIRST_PAUSE_MS, MAX_PAUSE_MS) * (0.5 + Math.random() / 2), signal)
    }
  }

  /** Resolves with the reason why there is no connection any more. */
  async #connectOnce(): Promise<string> {
    const { broker, number, inbox, admission } = this.#options
    try {
      const socket = await dial(broker, this.#stopping.signal)
      if (this.#stopping.signal.aborted) {
        socket.destroy()
        return ''
      }
      this.#connection = new BrokerConnection(socket, {
        broker,
        clientId: `${broker.group}-${number}`,
        inbox,
        admission,
        opened: () => this.#opened(),
      })
      return await this.#connection.ended
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      return code ?? message
    }
  }

  #opened(): void {
    const { broker, number, log } = this.#options
    this.#isOpen = true
    this.#logged = undefined
    log.info({ broker: broker.name, session: number }, 'the session at the MQTT broker is open')
  }

  #report(reason: string): void {
    const { broker, number, log } = this.#options
    const say = reason === this.#logged ? 'debug' : 'warn'
    this.#logged = reason
    log[say](
      { broker: broker.name, session: number, reason },
      'the session at the MQTT broker has no connection; it is connected again',
    )
  }
}
