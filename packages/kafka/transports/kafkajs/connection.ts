/**
 * Connections of kafkajs: its socket, TLS, SASL and framing, without its clients, which lose and duplicate
 * records under faults.
 */
import { type Connection as PlatformaticConnection, Reader } from '@platformatic/kafka'
import loggers from 'kafkajs/src/loggers/index.js'
import Connection, { type Versions } from 'kafkajs/src/network/connection.js'
import socketFactory from 'kafkajs/src/network/socketFactory.js'
import protocol from 'kafkajs/src/protocol/requests/index.js'
import type { KafkaConfig } from '../../config.ts'
import { KafkaError, type KafkaErrorCode } from '../../errors.ts'
import type { KafkaLog } from '../../log.ts'
import { type BrokerConnection, CONNECT_TIMEOUT_MS, type ConnectOptions } from '../transport.ts'
import { saslOptions, tlsOptions } from './security.ts'

/** The fraction of a login's lifetime after which a connection takes no new requests. */
const RETIRES_AT = 0.7
/**
 * The time that requests on a retired connection still have: longer than any request except a join, which is
 * sent again.
 */
const RETIREMENT_MS = 20_000
/** The longest delay that setTimeout accepts. */
const MAX_TIMER_MS = 2 ** 31 - 1
/**
 * Disables re-authentication, by a threshold long after the end of the login (ms): kafkajs would log in again
 * among the other requests of the connection, which brokers refuse (ILLEGAL_SASL_STATE).
 */
const NEVER_AGAIN_MS = -(2 ** 50)
/** The end of a header without tagged fields. */
const NO_TAGS = Buffer.from([0])

type Send = PlatformaticConnection['send']

export function connect(config: KafkaConfig, options: ConnectOptions, log: KafkaLog): BrokerConnection {
  return new KafkaJsConnection(config, options, log)
}

class KafkaJsConnection implements BrokerConnection {
  readonly #options: ConnectOptions
  readonly #connection: Connection
  readonly #loggedIn: Promise<void>
  readonly #timers: NodeJS.Timeout[] = []

  constructor(config: KafkaConfig, options: ConnectOptions, log: KafkaLog) {
    this.#options = options
    this.#connection = new Connection({
      host: options.host,
      port: options.port,
      clientId: config.clientId,
      logger: quiet(log),
      socketFactory: socketFactory(),
      requestTimeout: CONNECT_TIMEOUT_MS,
      connectionTimeout: CONNECT_TIMEOUT_MS,
      reauthenticationThreshold: NEVER_AGAIN_MS,
      ssl: tlsOptions(config.tls),
      sasl: saslOptions(config.sasl),
    })
    // kafkajs sets a timer after every response, for requests that wait; here none does.
    this.#connection.requestQueue.scheduleCheckPendingRequests = () => {}
    this.#loggedIn = this.#logIn()
    this.#loggedIn.catch(() => {})
  }

  get open(): boolean {
    return this.#connection.isConnected()
  }

  ready(): Promise<void> {
    return this.#loggedIn
  }

  send: Send = (apiKey, apiVersion, create, parse, requestTags, responseTags, callback) => {
    const payload = create()
    const encode = async () => {
      const body = (await payload).buffer
      const bytes = requestTags ? Buffer.concat([NO_TAGS, body]) : body
      return { buf: bytes, buffer: bytes, size: () => bytes.length }
    }
    // A decoded answer's own throttle time is ignored, as brokers enforce it by themselves.
    const decode = async (bytes: Buffer) => ({
      clientSideThrottleTime: 0,
      answer: await parse(
        0,
        apiKey,
        apiVersion,
        Reader.from(bytes.subarray(responseTags ? NO_TAGS.length : 0)),
      ),
    })
    this.#connection
      .send({
        request: { apiKey, apiVersion, apiName: `request ${apiKey}`, encode },
        response: { decode, parse: async ({ answer }) => answer },
        requestTimeout: this.#options.requestTimeoutMs,
        logResponseError: false,
      })
      .then(
        (answer) => callback(null, answer),
        (error: Error) => {
          // Everything else that waits for this broker on the connection is lost with it.
          if (error.name === 'KafkaJSRequestTimeoutError') this.#destroy(error)
          callback(this.#failure(error), undefined as never)
        },
      )
  }

  async close(): Promise<void> {
    this.#destroy(new KafkaError('stopped', `The connection to ${this.#address} was closed`))
  }

  get #address(): string {
    return `${this.#options.host}:${this.#options.port}`
  }

  /** Connects, asks for the API versions that kafkajs needs for the login, and logs in. */
  async #logIn(): Promise<void> {
    const connection = this.#connection
    try {
      await connection.connect()
      connection.socket?.once('close', () => this.#gone())
      const { apiVersions } = await connection.send(protocol.requests.ApiVersions.protocol({ version: 2 })())
      const versions: Versions = Object.fromEntries(
        apiVersions.map((api: { apiKey: number }) => [api.apiKey, api]),
      )
      connection.setVersions(versions)
      connection.setSupportAuthenticationProtocol(true)
      await connection.authenticate()
    } catch (error) {
      const failure = this.#failure(error as Error)
      this.#destroy(failure)
      this.#gone(failure)
      throw failure
    }
    const lifetimeMs = Number(connection.sessionLifetime)
    if (lifetimeMs > 0) this.#retireAfter(lifetimeMs * RETIRES_AT)
  }

  /** Brokers end a login after a time (connections.max.reauth.ms, so on every MSK cluster with IAM). */
  #retireAfter(ms: number): void {
    const after = (delayMs: number, action: () => void): void => {
      this.#timers.push(setTimeout(action, Math.min(delayMs, MAX_TIMER_MS)).unref())
    }
    after(ms, () => this.#options.gone())
    after(ms + RETIREMENT_MS, () => void this.close())
  }

  #gone(error?: KafkaError): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#options.gone(error)
  }

  /**
   * Closes the connection at once. kafkajs' own disconnect() waits for requests in flight, which would hang
   * if the broker is gone.
   */
  #destroy(reason: Error): void {
    this.#connection.rejectRequests(reason)
    void this.#connection.disconnect()
    this.#connection.socket?.destroy()
  }

  #failure(error: ClientError): KafkaError {
    if (error instanceof KafkaError) return error
    const { type, name, code, message } = error
    if (error instanceof RangeError)
      return new KafkaError(
        'internal',
        `The broker at ${this.#address} sent an answer that cannot be read`,
        error,
      )
    const ofTls = typeof code === 'string' && TLS_CODE.test(code)
    const known = ofTls ? 'tls' : (MEANING[type ?? ''] ?? MEANING[name] ?? 'internal')
    return new KafkaError(known, `The broker at ${this.#address}: ${message}`, error)
  }
}

/** An error of kafkajs, or one that a broker returned; in that case `type` is Kafka's name for it. */
interface ClientError extends Error {
  readonly type?: string
  readonly code?: number | string
}

const MEANING: Readonly<Record<string, KafkaErrorCode>> = {
  SASL_AUTHENTICATION_FAILED: 'authentication',
  UNSUPPORTED_SASL_MECHANISM: 'authentication',
  ILLEGAL_SASL_STATE: 'authentication',
  UNSUPPORTED_VERSION: 'unsupported',
  KafkaJSConnectionError: 'no-broker',
  KafkaJSConnectionClosedError: 'no-broker',
  KafkaJSRequestTimeoutError: 'timeout',
  KafkaJSSASLAuthenticationError: 'authentication',
  KafkaJSServerDoesNotSupportApiKey: 'unsupported',
}

/** OpenSSL's and Node's codes for a handshake that failed. */
const TLS_CODE = /^(ERR_SSL|ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO)/

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
