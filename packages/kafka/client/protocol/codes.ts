/**
 * Error codes of the protocol that the driver distinguishes (Kafka protocol guide, "Error Codes"), and what
 * each means to the port.
 */
import { protocolErrorsCodesById } from '@platformatic/kafka'
import { KafkaError, type KafkaErrorCode } from '../../errors.ts'

/** The broker failed at an unknown point. */
export const UNKNOWN_SERVER_ERROR = -1
export const OK = 0
export const OFFSET_OUT_OF_RANGE = 1
export const UNKNOWN_TOPIC_OR_PARTITION = 3
export const TOPIC_AUTHORIZATION_FAILED = 29
export const LEADER_NOT_AVAILABLE = 5
export const NOT_LEADER = 6
export const MESSAGE_TOO_LARGE = 10
export const COORDINATOR_LOADING = 14
export const COORDINATOR_NOT_AVAILABLE = 15
export const NOT_COORDINATOR = 16
export const RECORD_LIST_TOO_LARGE = 18
export const ILLEGAL_GENERATION = 22
export const UNKNOWN_MEMBER_ID = 25
export const REBALANCE_IN_PROGRESS = 27
export const OUT_OF_ORDER_SEQUENCE = 45
export const DUPLICATE_SEQUENCE = 46
export const INVALID_PRODUCER_EPOCH = 47
export const CONCURRENT_TRANSACTIONS = 51
export const UNKNOWN_PRODUCER_ID = 59
export const FENCED_LEADER_EPOCH = 74
export const MEMBER_ID_REQUIRED = 79
export const FENCED_INSTANCE_ID = 82
export const UNSTABLE_OFFSET_COMMIT = 88
export const UNKNOWN_TOPIC_ID = 100
export const INCONSISTENT_TOPIC_ID = 103
export const FENCED_MEMBER_EPOCH = 110
export const STALE_MEMBER_EPOCH = 113

/**
 * Codes for a request that went to the wrong broker, or for a cluster between two states: the same request
 * can succeed after a metadata refresh and a pause.
 */
const TRANSIENT = new Set([
  UNKNOWN_TOPIC_OR_PARTITION,
  LEADER_NOT_AVAILABLE,
  NOT_LEADER,
  7 /* REQUEST_TIMED_OUT */,
  8 /* BROKER_NOT_AVAILABLE */,
  9 /* REPLICA_NOT_AVAILABLE */,
  13 /* NETWORK_EXCEPTION */,
  COORDINATOR_LOADING,
  COORDINATOR_NOT_AVAILABLE,
  NOT_COORDINATOR,
  19 /* NOT_ENOUGH_REPLICAS */,
  20 /* NOT_ENOUGH_REPLICAS_AFTER_APPEND */,
  CONCURRENT_TRANSACTIONS,
  56 /* KAFKA_STORAGE_ERROR */,
  FENCED_LEADER_EPOCH,
  75 /* UNKNOWN_LEADER_EPOCH */,
  78 /* OFFSET_NOT_AVAILABLE */,
  89 /* THROTTLING_QUOTA_EXCEEDED */,
  UNSTABLE_OFFSET_COMMIT,
  111 /* UNRELEASED_INSTANCE_ID */,
  UNKNOWN_TOPIC_ID,
  INCONSISTENT_TOPIC_ID,
])

export function isTransient(code: number): boolean {
  return TRANSIENT.has(code)
}

/** Whether the coordinator has to be looked up again. */
export function isWrongCoordinator(code: number): boolean {
  return code === COORDINATOR_NOT_AVAILABLE || code === NOT_COORDINATOR
}

const MEANING: Readonly<Record<number, KafkaErrorCode>> = {
  2: 'corrupt',
  [UNKNOWN_TOPIC_OR_PARTITION]: 'unknown-topic',
  [UNKNOWN_TOPIC_ID]: 'unknown-topic',
  17: 'unknown-topic',
  7: 'timeout',
  [MESSAGE_TOO_LARGE]: 'too-large',
  [RECORD_LIST_TOO_LARGE]: 'too-large',
  19: 'not-enough-replicas',
  20: 'not-enough-replicas',
  [TOPIC_AUTHORIZATION_FAILED]: 'not-authorized',
  30: 'not-authorized',
  31: 'not-authorized',
  53: 'not-authorized',
  58: 'authentication',
  [ILLEGAL_GENERATION]: 'fenced',
  [UNKNOWN_MEMBER_ID]: 'fenced',
  [FENCED_MEMBER_EPOCH]: 'fenced',
  [STALE_MEMBER_EPOCH]: 'fenced',
  [INVALID_PRODUCER_EPOCH]: 'fenced',
  90: 'fenced',
  [FENCED_INSTANCE_ID]: 'fenced',
  [OUT_OF_ORDER_SEQUENCE]: 'timeout',
  [UNKNOWN_PRODUCER_ID]: 'timeout',
  48: 'fenced',
  [UNKNOWN_SERVER_ERROR]: 'timeout',
  23: 'invalid-group',
  24: 'invalid-group',
  68: 'invalid-group',
  54: 'no-authorizer',
  35: 'unsupported',
  43: 'unsupported',
  76: 'unsupported',
}

/** @param what the sentence's subject, for instance "Writing to orders.placed/3" */
export function brokerError(code: number, what: string): KafkaError {
  const name = protocolErrorsCodesById[code] ?? `error ${code}`
  return new KafkaError(
    MEANING[code] ?? (isTransient(code) ? 'no-broker' : 'internal'),
    `${what} was answered with ${name}`,
  )
}
