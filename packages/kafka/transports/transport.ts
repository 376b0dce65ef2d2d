/**
 * A client library's part in the engine: connections that log in, frame requests, and match the answers to
 * them. Everything else is written once, in client/.
 */
import type { Connection } from '@platformatic/kafka'
import type { KafkaConfig } from '../config.ts'
import type { KafkaError } from '../errors.ts'
import type { KafkaLog } from '../log.ts'

/** One connection to one broker. It never reconnects. */
export interface BrokerConnection {
  /** Whether a broker is at the other end. */
  readonly open: boolean
  /** Resolves when requests can be sent. Rejects with a KafkaError: no-broker, timeout, authentication, tls. */
  ready(): Promise<void>
  /**
   * Sends one request of the given API and version; the callback gets the answer as `parse` reads it, or a
   * KafkaError. An API made by createAPI of @platformatic/kafka calls it.
   */
  readonly send: Connection['send']
  /** Fails the requests in flight. */
  close(): Promise<void>
}

export interface ConnectOptions {
  readonly host: string
  readonly port: number
  /** How long a request waits for its answer. */
  readonly requestTimeoutMs: number
  /**
   * Called when the connection takes no more requests: it has ended, because of `error` if there is one, or
   * its login nears its end and it only waits for answers.
   */
  gone(error?: KafkaError): void
}

/** Begins to connect and to log in. */
export type Connect = (config: KafkaConfig, options: ConnectOptions, log: KafkaLog) => BrokerConnection

/** Limit for connecting, and for each answer until the login is done. */
export const CONNECT_TIMEOUT_MS = 3000
