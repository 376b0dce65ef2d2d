/**
 * One connection to one broker, with kafkajs' socket, TLS, SASL and framing but without its clients. It never
 * reconnects: a caller that needs it again opens another.
 */

import loggers from 'kafkajs/src/loggers/index.js'
import Connection, { type Versions } from 'kafkajs/src/network/connection.js'
import socketFactory from 'kafkajs/src/network/socketFactory.js'
import apiKeys from 'kafkajs/src/protocol/requests/apiKeys.js'
import protocol, { type ProtocolCall } from 'kafkajs/src/protocol/requests/index.js'
import type { KafkaConfig } from '../../config.ts'
import { KafkaError } from '../../errors.ts'
import type { KafkaLog } from '../../log.ts'
import { loginWorked, lostLogin } from '../logins.ts'
import { type ClientError, toKafkaError } from './errors.ts'
import { saslOptions, tlsOptions } from './security.ts'

/**
 * Milliseconds. A broker that does not answer for this long is considered dead, and everything else that
 * waits on its connection fails too.
 */
const REQUEST_TIMEOUT_MS = 10_000
/** Limit for connecting, and for each answer until the login is done. */
const CONNECT_TIMEOUT_MS = 3_000
/** The fraction of a login's lifetime after which a connection takes no new callers. */
const RETIRES_AT = 0.7
/**
 * Milliseconds that requests on a retired connection still have: longer than any request except a join, which
 * is sent again.
 */
const RETIREMENT = 2 * REQUEST_TIMEOUT_MS
/** The longest delay that setTimeout accepts. */
const MAX_TIMER = 2 ** 31 - 1
/**
 * Disables re-authentication, by a threshold long after the end of the login (ms): kafkajs would log in again
 * among the other requests of the connection, which brokers refuse (ILLEGAL_SASL_STATE).
 */
const NEVER_AGAIN = -(2 ** 50)

export class Link {
  readonly address: string
  readonly #connection: Connection
  readonly #lookup: ReturnType<typeof protocol.lookup>
  readonly #versions: Versions
  /** Milliseconds since the epoch. */
  readonly #retiresAt: number

  private constructor(address: string, connection: Connection, versions: Versions) {
    this.address = address
    this.#connection = connection
    this.#versions = versions
    this.#lookup = protocol.lookup(versions)
    const lifetime = Number(connection.sessionLifetime)
    this.#retiresAt = lifetime === 0 ? Infinity : Date.now() + lifetime * RETIRES_AT
    if (lifetime > 0)
      setTimeout(() => this.close(), Math.min(lifetime * RETIRES_AT + RETIREMENT, MAX_TIMER)).unref()
  }

  /** Connects, asks for the broker's API versions, and logs in. */
  static async open(host: string, port: number, config: KafkaConfig, log: KafkaLog): Promise<Link> {
    const connection = new Connection({
      host,
      port,
      clientId: config.clientId,
      logger: quiet(log),
      socketFactory: socketFactory(),
      requestTimeout: CONNECT_TIMEOUT_MS,
      connectionTimeout: CONNECT_TIMEOUT_MS,
      reauthenticationThreshold: NEVER_AGAIN,
      ssl: tlsOptions(config.tls),
      sasl: saslOptions(config.sasl),
    })
    calmQueue(connection)
    try {
      await connection.connect()
      const { apiVersions } = await connection.send(protocol.requests.ApiVersions.protocol({ version: 2 })())
      const versions: Versions = Object.fromEntries(
        apiVersions.map((api: { apiKey: number }) => [api.apiKey, api]),
      )
      connection.setVersions(versions)
      connection.setSupportAuthenticationProtocol(true)
      await connection.authenticate()
      loginWorked(config)
      return new Link(`${host}:${port}`, connection, versions)
    } catch (error) {
      destroy(connection, error as Error)
      throw lostLogin(config, toKafkaError(error, `The broker at ${host}:${port} refused the login`)) ?? error
    }
  }

  /**
   * Also false once the connection's login nears its end (on brokers with connections.max.reauth.ms, so on
   * every MSK cluster with IAM).
   */
  get open(): boolean {
    return this.#connection.isConnected() && Date.now() < this.#retiresAt
  }

  /** Whether the broker supports that version of a request, given by its number. */
  speaks(apiKey: number, version: number): boolean {
    return (this.#versions[apiKey]?.maxVersion ?? -1) >= version
  }

  /**
   * Sends a request, given by kafkajs' name of the API, in the newest version that both sides support.
   * Rejects with the broker's error, or with one of the connection.
   */
  call(api: string, args: object): Promise<any> {
    return this.send(this.#lookup(apiKeys[api], protocol.requests[api])(args))
  }

  /** Like call(), but returns the response as decoded, with the error codes in it. */
  ask(api: string, args: object): Promise<any> {
    const { request, response } = this.#lookup(apiKeys[api], protocol.requests[api])(args)
    return this.send({ request, response: { decode: response.decode, parse: async (decoded) => decoded } })
  }

  async send<T>(call: ProtocolCall<T>): Promise<T> {
    try {
      return await this.#connection.send({ requestTimeout: REQUEST_TIMEOUT_MS, ...call })
    } catch (error) {
      if ((error as ClientError).name === 'KafkaJSRequestTimeoutError') this.close(error as Error)
      throw error
    }
  }

  close(reason: Error = new KafkaError('stopped', `The connection to ${this.address} was closed`)): void {
    destroy(this.#connection, reason)
  }
}

/**
 * Closes the connection at once. kafkajs' own disconnect() waits for requests in flight, which would hang if
 * the broker is gone.
 */
function destroy(connection: Connection, reason: Error): void {
  connection.rejectRequests(reason)
  void connection.disconnect()
  connection.socket?.destroy()
}

/**
 * kafkajs sets a timer after every response, even with a negative delay; only throttled requests need one.
 */
function calmQueue({ requestQueue }: Connection): void {
  requestQueue.scheduleCheckPendingRequests = () => {
    if (requestQueue.pending.length > 0)
      setTimeout(
        () => requestQueue.checkPendingRequests(),
        Math.max(10, requestQueue.throttledUntil - Date.now()),
      ).unref()
  }
}

const ERRORS_ONLY = 1

/** Logs kafkajs' errors at debug level: here another attempt resolves them, so they are details. */
function quiet(log: KafkaLog): unknown {
  return loggers.createLogger({
    level: ERRORS_ONLY,
    logCreator:
      () =>
      ({ log: { message, broker } }) =>
        log.debug({ broker }, message),
  })
}
