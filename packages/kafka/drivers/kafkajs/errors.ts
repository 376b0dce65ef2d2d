/** Maps kafkajs' errors, and the broker's error codes, to errors of the port. */
import protocolErrors from 'kafkajs/src/protocol/error.js'
import { KafkaError, type KafkaErrorCode } from '../../errors.ts'

/** An error of kafkajs, or one that a broker returned; in that case `type` is Kafka's name for it. */
export interface ClientError extends Error {
  readonly type?: string
  readonly code?: number | string
  readonly retriable?: boolean
}

/** Returns the error for a broker's code, with its name from kafkajs' table. */
export function brokerError(code: number): ClientError {
  return protocolErrors.createErrorFromCode(code)
}

export function typeOf(error: unknown): string | undefined {
  return (error as ClientError | undefined)?.type
}

const BY_TYPE: Readonly<Record<string, KafkaErrorCode>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 'unknown-topic',
  INVALID_TOPIC_EXCEPTION: 'unknown-topic',
  MESSAGE_TOO_LARGE: 'too-large',
  RECORD_LIST_TOO_LARGE: 'too-large',
  NOT_ENOUGH_REPLICAS: 'not-enough-replicas',
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: 'not-enough-replicas',
  LEADER_NOT_AVAILABLE: 'no-broker',
  NOT_LEADER_FOR_PARTITION: 'no-broker',
  GROUP_COORDINATOR_NOT_AVAILABLE: 'no-broker',
  NOT_COORDINATOR_FOR_GROUP: 'no-broker',
  GROUP_LOAD_IN_PROGRESS: 'no-broker',
  NETWORK_EXCEPTION: 'no-broker',
  REQUEST_TIMED_OUT: 'timeout',
  UNKNOWN: 'timeout',
  CONCURRENT_TRANSACTIONS: 'timeout',
  INVALID_PRODUCER_EPOCH: 'fenced',
  INVALID_PRODUCER_ID_MAPPING: 'fenced',
  INVALID_TXN_STATE: 'fenced',
  ILLEGAL_GENERATION: 'fenced',
  UNKNOWN_MEMBER_ID: 'fenced',
  REBALANCE_IN_PROGRESS: 'fenced',
  NON_EMPTY_GROUP: 'invalid-group',
  INVALID_GROUP_ID: 'invalid-group',
  INCONSISTENT_GROUP_PROTOCOL: 'invalid-group',
  TOPIC_AUTHORIZATION_FAILED: 'not-authorized',
  GROUP_AUTHORIZATION_FAILED: 'not-authorized',
  CLUSTER_AUTHORIZATION_FAILED: 'not-authorized',
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 'not-authorized',
  SECURITY_DISABLED: 'no-authorizer',
  SASL_AUTHENTICATION_FAILED: 'authentication',
  UNSUPPORTED_SASL_MECHANISM: 'authentication',
  ILLEGAL_SASL_STATE: 'authentication',
  UNSUPPORTED_VERSION: 'unsupported',
  UNSUPPORTED_COMPRESSION_TYPE: 'unsupported',
  CORRUPT_MESSAGE: 'corrupt',
}

const BY_NAME: Readonly<Record<string, KafkaErrorCode>> = {
  KafkaJSConnectionError: 'no-broker',
  KafkaJSConnectionClosedError: 'no-broker',
  KafkaJSRequestTimeoutError: 'timeout',
  KafkaJSSASLAuthenticationError: 'authentication',
  KafkaJSServerDoesNotSupportApiKey: 'unsupported',
}

/** OpenSSL's and Node's codes for a handshake that failed. */
const TLS_CODE = /^(ERR_SSL|ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO)/

export function toKafkaError(error: unknown, what: string): KafkaError {
  if (error instanceof KafkaError) return error
  const { type, name, code, message } = error as ClientError
  if (typeof code === 'string' && TLS_CODE.test(code))
    return new KafkaError('tls', `${what}: ${message}`, error)
  const known = (type !== undefined ? BY_TYPE[type] : undefined) ?? BY_NAME[name] ?? 'internal'
  return new KafkaError(known, `${what}: ${message}`, error)
}
