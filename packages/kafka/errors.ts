/**
 * Everything that can go wrong behind the port: a closed list. `retriable` says whether the same call can
 * succeed later without anyone intervening.
 */
const CODES = {
  'no-broker': { retriable: true, remedy: 'check that a broker listens at KAFKA_BROKERS' },
  timeout: { retriable: true, remedy: 'the outcome is unknown; repeat with the same record ids' },
  'not-enough-replicas': { retriable: true, remedy: 'restart the brokers that are down' },
  'buffer-full': { retriable: true, remedy: 'send more slowly, or wait and repeat' },
  stopped: { retriable: true, remedy: 'the process is stopping; repeat against another replica' },
  fenced: { retriable: true, remedy: 'another process took over this partition' },
  'unknown-topic': { retriable: false, remedy: 'create the topic with `weir topics apply`' },
  'partition-mismatch': {
    retriable: false,
    remedy: 'the partition count of a keyed topic cannot grow in place; create a new topic and migrate',
  },
  'too-large': {
    retriable: false,
    remedy: 'make the record smaller or raise max.message.bytes of the topic',
  },
  'not-authorized': { retriable: false, remedy: 'grant the principal the rights listed by the topics table' },
  'no-authorizer': {
    retriable: false,
    remedy:
      'set authorizer.class.name on the brokers; without an authorizer there are no ACLs, and everyone may do everything',
  },
  authentication: {
    retriable: false,
    remedy: 'check KAFKA_SASL_MECHANISM, user name and password, or the role of this process',
  },
  'login-lost': {
    retriable: true,
    remedy:
      'it is tried again; check that the rotated password or certificate has reached both the brokers and the file that this process reads',
  },
  tls: { retriable: false, remedy: 'check KAFKA_TLS_CA, the certificate and the host name' },
  'invalid-group': { retriable: false, remedy: 'stop all members of the group before the operation' },
  unsupported: { retriable: false, remedy: 'the broker is too old; Weir needs Kafka 2.8 or newer' },
  'out-of-range': {
    retriable: false,
    remedy: 'start at the earliest offset; older records are past their retention',
  },
  corrupt: { retriable: false, remedy: 'check the disks of the brokers that hold the partition' },
  'lost-transaction': {
    retriable: false,
    remedy: 'find it with `kafka-transactions.sh find-hanging` and end it with `kafka-transactions.sh abort`',
  },
  internal: { retriable: false, remedy: 'please report this with the log line' },
} as const

export type KafkaErrorCode = keyof typeof CODES

export class KafkaError extends Error {
  override readonly name = 'KafkaError'
  readonly code: KafkaErrorCode
  readonly retriable: boolean
  /** The message without its code and remedy. */
  readonly what: string

  constructor(code: KafkaErrorCode, what: string, cause?: unknown) {
    super(`${what} (${code}): ${CODES[code].remedy}`, cause === undefined ? undefined : { cause })
    this.code = code
    this.what = what
    this.retriable = CODES[code].retriable
  }
}
