/** Connections to brokers, by lane: a broker answers one connection's requests in order, so what may take long has a lane of its own. */
import { Connection, ConnectionStatuses, type ConnectionOptions, type SASLMechanismValue, type SASLOptions } from '@platformatic/kafka'
import { generateAuthToken } from 'aws-msk-iam-sasl-signer-js'
import type { KafkaConfig, KafkaSasl } from '../../config.ts'
import { connectionError } from './failure.ts'
import type { Broker } from './protocol/cluster.ts'

const CONNECT_TIMEOUT = 3000
export const REQUEST_TIMEOUT = 10_000
/** Requests are bounded by their senders; a limit here would hold a heartbeat back behind them. */
const NO_LIMIT = 10_000

interface Slot {
  readonly connection: Connection
  readonly opened: Promise<void>
}

export class Connections {
  readonly #clientId: string
  readonly #options: ConnectionOptions
  readonly #slots = new Map<string, Slot>()
  /** Called with the broker's address when one of its connections ends. */
  readonly #lost: (address: string) => void
  #closed = false

  constructor(config: KafkaConfig, lost: (address: string) => void) {
    this.#clientId = config.clientId
    this.#lost = lost
    this.#options = {
      connectTimeout: CONNECT_TIMEOUT,
      requestTimeout: REQUEST_TIMEOUT,
      maxInflights: NO_LIMIT,
      tls: config.tls && { ca: config.tls.ca, cert: config.tls.cert, key: config.tls.key },
      sasl: config.sasl && saslOptions(config.sasl),
    }
  }

  /** Rejects with a KafkaError: no-broker, timeout, authentication, tls. */
  async get(broker: { host: string, port: number }, lane: string, requestTimeout = REQUEST_TIMEOUT): Promise<Connection> {
    const address = addressOf(broker)
    const key = `${lane} ${address}`
    const slot = this.#slots.get(key) ?? this.#open(broker, address, key, requestTimeout)
    const { connection } = slot
    if (connection.status === ConnectionStatuses.CONNECTED) return connection
    try {
      await slot.opened
      // Between a re-authentication's two requests a broker accepts no other.
      if (connection.status === ConnectionStatuses.REAUTHENTICATING) await connection.ready()
    } catch (error) {
      this.#forget(key, slot)
      throw connectionError(error, address)
    }
    return connection
  }

  has(broker: { host: string, port: number }): boolean {
    const suffix = ` ${addressOf(broker)}`
    for (const [key, { connection }] of this.#slots) if (key.endsWith(suffix) && connection.isConnected()) return true
    return false
  }

  get alive(): boolean {
    for (const { connection } of this.#slots.values()) if (connection.isConnected()) return true
    return false
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

  #open(broker: { host: string, port: number }, address: string, key: string, requestTimeout: number): Slot {
    if (this.#closed) throw connectionError(new Error('the client is closed'), address)
    const connection = new Connection(this.#clientId, { ...this.#options, requestTimeout })
    const slot: Slot = { connection, opened: Promise.resolve(connection.connect(broker.host, broker.port)) }
    slot.opened.catch(() => this.#forget(key, slot))
    const gone = (): void => {
      this.#forget(key, slot)
      this.#lost(address)
    }
    connection.on('close', gone)
    connection.on('error', gone)
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

function saslOptions(sasl: KafkaSasl): SASLOptions {
  if (sasl.mechanism === 'msk-iam') {
    // A token lasts 15 minutes; each connection asks for its own, and again before its session ends.
    return { mechanism: 'OAUTHBEARER', token: async () => (await generateAuthToken({ region: sasl.region })).token }
  }
  return { mechanism: sasl.mechanism.toUpperCase() as SASLMechanismValue, username: sasl.username, password: sasl.password }
}
