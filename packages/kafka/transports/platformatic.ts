/** Connections of @platformatic/kafka. They renew their login among other requests. */
import {
  type Callback,
  Connection,
  ConnectionStatuses,
  type SASLMechanismValue,
  type SASLOptions,
} from '@platformatic/kafka'
import type { KafkaConfig, KafkaSasl } from '../config.ts'
import { KafkaError } from '../errors.ts'
import { mskToken, refuseAnswer } from './logins.ts'
import { type BrokerConnection, CONNECT_TIMEOUT_MS, type ConnectOptions } from './transport.ts'

/** Senders bound their own requests; a limit here would hold a heartbeat back behind them. */
const NO_LIMIT = 10_000

/** Codes with which Node's TLS refuses a peer. */
const TLS_CODES = /CERT|SIGNATURE|TLS|SSL|EPROTO|UNABLE_TO_|SELF_SIGNED|HOSTNAME/

export function connect(
  { clientId, tls, sasl }: KafkaConfig,
  { host, port, requestTimeoutMs, gone }: ConnectOptions,
): BrokerConnection {
  const connection = new Connection(clientId, {
    connectTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: requestTimeoutMs,
    maxInflights: NO_LIMIT,
    tls: tls && { ca: tls.ca, cert: tls.cert, key: tls.key },
    sasl: sasl && saslOptions(sasl),
  })
  const failure = (error: unknown): KafkaError => connectionError(error, `${host}:${port}`)
  const opened = Promise.resolve(connection.connect(host, port))
  opened.catch(() => gone())
  connection.on('close', () => gone())
  connection.on('error', (error: Error) => gone(failure(error)))
  return {
    get open() {
      return connection.isConnected()
    },
    async ready() {
      if (connection.status === ConnectionStatuses.CONNECTED) return
      try {
        await opened
        // Between the two requests of a re-authentication, a broker accepts no others.
        if (connection.status === ConnectionStatuses.REAUTHENTICATING) await connection.ready()
      } catch (error) {
        gone()
        throw failure(error)
      }
    },
    send(apiKey, apiVersion, create, parse, requestTags, responseTags, callback) {
      const answered: Callback<any> = (error, answer) =>
        error ? callback(failure(error), undefined as never) : callback(null, answer)
      connection.send(apiKey, apiVersion, create, parse, requestTags, responseTags, answered)
    },
    close: () => connection.close().catch(() => {}),
  }
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

function connectionError(error: unknown, address: string): KafkaError {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof KafkaError) return cause
    const code = String((cause as { code?: unknown }).code ?? '')
    if (code === 'PLT_KFK_AUTHENTICATION')
      return new KafkaError('authentication', `The broker at ${address} refused the login`, error)
    if (code === 'PLT_KFK_TIMEOUT')
      return new KafkaError('timeout', `The broker at ${address} does not answer`, error)
    const ofTls = /TLS/.test(cause.message) || (!code.startsWith('PLT_') && TLS_CODES.test(code))
    if (ofTls) return new KafkaError('tls', `No TLS connection to ${address}`, error)
    if (code === 'PLT_KFK_USER')
      return new KafkaError(
        'internal',
        `The connection to ${address} was refused by the client: ${cause.message}`,
        error,
      )
    if (cause instanceof RangeError)
      return new KafkaError('internal', `The broker at ${address} sent an answer that cannot be read`, error)
  }
  return new KafkaError('no-broker', `No connection to ${address}`, error)
}
