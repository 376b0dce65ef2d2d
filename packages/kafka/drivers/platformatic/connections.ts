/**
 * Connections to brokers, by lane. A broker answers the requests of one connection in order, so requests that
 * may take long have a lane of their own.
 */
import {
  Connection,
  ConnectionStatuses,
  type SASLMechanismValue,
  type SASLOptions,
} from '@platformatic/kafka'
import type { KafkaConfig, KafkaSasl } from '../../config.ts'
import type { KafkaError } from '../../errors.ts'
import { lostLogin, mskToken, refuseAnswer } from '../logins.ts'
import { connectionError } from './failure.ts'
import type { Broker } from './protocol/cluster.ts'

const CONNECT_TIMEOUT_MS = 3000
export const REQUEST_TIMEOUT_MS = 10_000
/** Senders bound their own requests; a limit here would hold a heartbeat back behind them. */
const NO_LIMIT = 10_000

interface Slot {
  readonly connection: Connection
  readonly opened: Promise<void>
}

export class Connections {
  readonly #config: KafkaConfig
  readonly #slots = new Map<string, Slot>()
  /** Called with the broker's address when one of its connections ends. */
  readonly #lost: (address: string) => void
  /** Why the last connection to an address failed, kept until that address answers. */
  readonly #refusals = new Map<string, KafkaError>()
  #closed = false

  constructor(config: KafkaConfig, lost: (address: string) => void) {
    this.#config = config
    this.#lost = lost
  }

  /** Rejects with a KafkaError: no-broker, timeout, authentication, tls, login-lost. */
  async get(
    broker: { host: string; port: number },
    lane: string,
    requestTimeout = REQUEST_TIMEOUT_MS,
  ): Promise<Connection> {
    const address = addressOf(broker)
    const key = `${lane} ${address}`
    const slot = this.#slots.get(key) ?? this.#open(broker, address, key, requestTimeout)
    const { connection } = slot
    if (connection.status === ConnectionStatuses.CONNECTED) return connection
    try {
      await slot.opened
      // Between the two requests of a re-authentication, a broker accepts no others.
      if (connection.status === ConnectionStatuses.REAUTHENTICATING) await connection.ready()
    } catch (error) {
      this.#forget(key, slot)
      throw this.failure(error, address)
    }
    return connection
  }

  has(broker: { host: string; port: number }): boolean {
    const suffix = ` ${addressOf(broker)}`
    for (const [key, { connection }] of this.#slots)
      if (key.endsWith(suffix) && connection.isConnected()) return true
    return false
  }

  get alive(): boolean {
    for (const { connection } of this.#slots.values()) if (connection.isConnected()) return true
    return false
  }

  /** Returns the KafkaError for a failed connection to that address, or for a failed request on it. */
  failure(error: unknown, address: string): KafkaError {
    let known = connectionError(error, address)
    // With TLS 1.3 a broker refuses a certificate after the handshake: the request fails only because the
    // connection ends.
    const refusal = this.#refusals.get(address)
    if (known.code === 'no-broker' && refusal?.code === 'tls') known = refusal
    return lostLogin(this.#config, known) ?? known
  }

  answered(broker: { host: string; port: number }): void {
    if (this.#refusals.size > 0) this.#refusals.delete(addressOf(broker))
  }

  async closeLanes(prefix: string): Promise<void> {
    const ending = [...this.#slots].filter(([key]) => key.startsWith(prefix))
    for (const [key, slot] of ending) this.#forget(key, slot)
    await Promise.all(ending.map(([, { connection }]) => connection.close().catch(() => {})))
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.closeLanes('')
  }

  #open(broker: { host: string; port: number }, address: string, key: string, requestTimeout: number): Slot {
    if (this.#closed) throw connectionError(new Error('the client is closed'), address)
    const { clientId, tls, sasl } = this.#config
    const connection = new Connection(clientId, {
      connectTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout,
      maxInflights: NO_LIMIT,
      tls: tls && { ca: tls.ca, cert: tls.cert, key: tls.key },
      sasl: sasl && saslOptions(sasl),
    })
    const slot: Slot = { connection, opened: Promise.resolve(connection.connect(broker.host, broker.port)) }
    slot.opened.catch(() => this.#forget(key, slot))
    const gone = (): void => {
      this.#forget(key, slot)
      this.#lost(address)
    }
    connection.on('close', gone)
    connection.on('error', (error: Error) => {
      this.#refusals.set(address, connectionError(error, address))
      gone()
    })
    this.#slots.set(key, slot)
    return slot
  }

  #forget(key: string, slot: Slot): void {
    if (this.#slots.get(key) === slot) this.#slots.delete(key)
  }
}

export function addressOf({ host, port }: Pick<Broker, 'host' | 'port'>): string {
  return `${host}:${port}`
}

/** A connection reads the credentials when it logs in, and again before its session ends. */
function saslOptions(sasl: KafkaSasl): SASLOptions {
  if (sasl.mechanism === 'msk-iam') {
    return { mechanism: 'OAUTHBEARER', token: () => mskToken(sasl.region), authBytesValidator: checkAnswer }
  }
  return {
    mechanism: sasl.mechanism.toUpperCase() as SASLMechanismValue,
    username: () => sasl.username,
    password: () => sasl.password,
  }
}

/** Checks the broker's answer to a token, since the client library takes every answer for success. */
function checkAnswer(answer: Buffer | null, done: (error: Error | null, answer?: Buffer) => void): void {
  try {
    refuseAnswer(answer ?? Buffer.alloc(0))
    done(null, answer ?? undefined)
  } catch (error) {
    done(error as Error)
  }
}
