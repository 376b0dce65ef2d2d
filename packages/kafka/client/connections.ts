/**
 * Connections to brokers, by lane. A broker answers the requests of one connection in order, so requests that
 * may take long have a lane of their own.
 */
import type { KafkaConfig } from '../config.ts'
import { KafkaError } from '../errors.ts'
import type { KafkaLog } from '../log.ts'
import { loginWorked, lostLogin } from '../transports/logins.ts'
import type { BrokerConnection, Connect } from '../transports/transport.ts'
import { asKafkaError } from './failure.ts'
import type { Broker } from './protocol/cluster.ts'

/** How long a request waits for its answer, if a broker does not hold it back by design. */
export const REQUEST_TIMEOUT_MS = 10_000

export type Address = Pick<Broker, 'host' | 'port'>

export class Connections {
  readonly #config: KafkaConfig
  readonly #connect: Connect
  readonly #log: KafkaLog
  readonly #connections = new Map<string, BrokerConnection>()
  /** Called with the broker's address when one of its connections ends. */
  readonly #lost: (address: string) => void
  /** Why the last connection to an address failed, kept until that address answers. */
  readonly #refusals = new Map<string, KafkaError>()
  #closed = false

  constructor(config: KafkaConfig, connect: Connect, log: KafkaLog, lost: (address: string) => void) {
    this.#config = config
    this.#connect = connect
    this.#log = log
    this.#lost = lost
  }

  /** Rejects with a KafkaError: no-broker, timeout, authentication, tls, login-lost. */
  async get(broker: Address, lane: string, requestTimeoutMs = REQUEST_TIMEOUT_MS): Promise<BrokerConnection> {
    const address = addressOf(broker)
    const key = `${lane} ${address}`
    const connection = this.#connections.get(key) ?? this.#open(broker, key, requestTimeoutMs)
    try {
      await connection.ready()
    } catch (error) {
      throw this.failure(error, address)
    }
    return connection
  }

  has(broker: Address): boolean {
    const suffix = ` ${addressOf(broker)}`
    for (const [key, { open }] of this.#connections) if (key.endsWith(suffix) && open) return true
    return false
  }

  get alive(): boolean {
    for (const { open } of this.#connections.values()) if (open) return true
    return false
  }

  /** Returns the KafkaError for a failed connection to that address, or for a failed request on it. */
  failure(error: unknown, address: string): KafkaError {
    let known = asKafkaError(error, `A request to the broker at ${address}`)
    // With TLS 1.3 a broker refuses a certificate after the handshake: the request fails only because the
    // connection ends.
    const refusal = this.#refusals.get(address)
    if (known.code === 'no-broker' && refusal?.code === 'tls') known = refusal
    return lostLogin(this.#config, known) ?? known
  }

  answered(broker: Address): void {
    loginWorked(this.#config)
    if (this.#refusals.size > 0) this.#refusals.delete(addressOf(broker))
  }

  async closeLanes(prefix: string): Promise<void> {
    const ending = [...this.#connections].filter(([key]) => key.startsWith(prefix))
    for (const [key] of ending) this.#connections.delete(key)
    await Promise.all(ending.map(([, connection]) => connection.close()))
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.closeLanes('')
  }

  #open(broker: Address, key: string, requestTimeoutMs: number): BrokerConnection {
    const address = addressOf(broker)
    if (this.#closed) throw new KafkaError('stopped', `No connection to ${address}: the client is closed`)
    const { host, port } = broker
    const gone = (error?: KafkaError): void => {
      if (error !== undefined) this.#refusals.set(address, error)
      if (this.#connections.get(key) === connection) this.#connections.delete(key)
      this.#lost(address)
    }
    const connection = this.#connect(this.#config, { host, port, requestTimeoutMs, gone }, this.#log)
    this.#connections.set(key, connection)
    return connection
  }
}

export function addressOf({ host, port }: Address): string {
  return `${host}:${port}`
}
