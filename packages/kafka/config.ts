/** The configuration of the broker connection: the same variables for both drivers. */
import { readFileSync } from 'node:fs'
import { type ConfigReader, readNow } from '@weir/config'

export const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
export type Compression = (typeof COMPRESSIONS)[number]

/**
 * PEM texts, read from their files at each access. Undefined means Node's default (its own list of
 * authorities, no client certificate).
 */
export interface KafkaTls {
  readonly ca: string | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
}

export type KafkaSasl =
  /** The current name and password. Both may be rotated, so read them at each login. */
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
      readonly username: string
      readonly password: string
    }
  /** SASL/OAUTHBEARER with tokens signed by the role of this process. */
  | { readonly mechanism: 'msk-iam'; readonly region: string }

export interface KafkaConfig {
  /** Each broker as host:port. */
  readonly brokers: readonly string[]
  readonly driver: 'platformatic' | 'kafkajs'
  /** auto: `consumer` (KIP-848) if the broker offers it, otherwise `classic`. */
  readonly groupProtocol: 'auto' | 'consumer' | 'classic'
  readonly compression: Compression
  readonly clientId: string
  /** Where this process runs, to read from the nearest replica. */
  readonly rack: string | undefined
  /**
   * The name of this replica that outlasts its restarts (KIP-345): if it is back within the session's time,
   * its groups give it its partitions again and disturb no other member.
   */
  readonly instanceId: string | undefined
  /** Undefined: plain text. */
  readonly tls: KafkaTls | undefined
  readonly sasl: KafkaSasl | undefined
}

export function kafkaConfig(reader: ConfigReader): KafkaConfig {
  return {
    brokers: brokers(reader),
    driver: reader.choice(
      'KAFKA_DRIVER',
      'The Kafka client library.',
      ['platformatic', 'kafkajs'],
      'platformatic',
    ),
    groupProtocol: reader.choice(
      'KAFKA_GROUP_PROTOCOL',
      'The group protocol; auto picks the newest that the broker offers.',
      ['auto', 'consumer', 'classic'],
      'auto',
    ),
    compression: reader.choice(
      'KAFKA_COMPRESSION',
      'The compression codec of written record batches.',
      COMPRESSIONS,
      'none',
    ),
    clientId: reader.string(
      'KAFKA_CLIENT_ID',
      'The name of this client in the logs and quotas of the brokers.',
      'weir',
    ),
    rack: reader.optional(
      'KAFKA_RACK',
      'Rack or availability zone of this process, for reading from the nearest replica.',
    ),
    instanceId: reader.optional(
      'KAFKA_GROUP_INSTANCE_ID',
      'A name for this replica that survives restarts, so that a restart does not move partitions. Each replica of a service needs its own.',
    ),
    tls: tls(reader),
    sasl: sasl(reader),
  }
}

function brokers(reader: ConfigReader): string[] {
  const list = reader.list(
    'KAFKA_BROKERS',
    'The bootstrap brokers as host:port, separated by commas.',
    '127.0.0.1:9092',
  )
  for (const broker of list) {
    const port = Number(/^(?:[^:\s]+|\[[^\]\s]+\]):(\d{1,5})$/.exec(broker)?.[1])
    if (!(port >= 1 && port <= 65535))
      reader.problem(`KAFKA_BROKERS holds "${broker}"; each broker is host:port.`)
  }
  return list
}

function tls(reader: ConfigReader): KafkaTls | undefined {
  const on = reader.flag('KAFKA_TLS', 'Whether connections to the brokers are encrypted with TLS.', false)
  const ca = pem(
    reader,
    'KAFKA_TLS_CA',
    "File with the certificate authorities of the brokers (PEM). Unset: Node's own list.",
  )
  const cert = pem(
    reader,
    'KAFKA_TLS_CERT',
    'File with the client certificate (PEM), for mutual TLS. New connections use its current content.',
  )
  const key = pem(reader, 'KAFKA_TLS_KEY', 'File with the private key of the client certificate (PEM).')
  if (!on) return undefined
  if ((cert === undefined) !== (key === undefined))
    reader.problem('KAFKA_TLS_CERT and KAFKA_TLS_KEY belong together: set both or neither.')
  return {
    get ca() {
      return ca?.()
    },
    get cert() {
      return cert?.()
    },
    get key() {
      return key?.()
    },
  }
}

/** Returns a function that reads the file. While the file is being replaced, it returns the previous text. */
function pem(reader: ConfigReader, name: string, doc: string): (() => string) | undefined {
  const file = reader.optional(name, doc)
  if (file === undefined) return undefined
  try {
    let last = readFileSync(file, 'utf8')
    return () => (last = readNow(file) ?? last)
  } catch (error) {
    reader.problem(`${name} names ${file}, which cannot be read (${(error as NodeJS.ErrnoException).code}).`)
    return undefined
  }
}

function sasl(reader: ConfigReader): KafkaSasl | undefined {
  const mechanism = reader.choice(
    'KAFKA_SASL_MECHANISM',
    'How this process authenticates to the brokers.',
    ['none', 'plain', 'scram-sha-256', 'scram-sha-512', 'msk-iam'],
    'none',
  )
  const username = reader.rotated('KAFKA_SASL_USERNAME', 'User for plain and scram.', { secret: false })
  const password = reader.rotated(
    'KAFKA_SASL_PASSWORD',
    'Password for plain and scram. New logins use the current content of its file.',
    { secret: true },
  )
  const region = reader.optional('AWS_REGION', 'Region of the MSK cluster, for msk-iam.')
  if (mechanism === 'none') return undefined
  if (mechanism === 'msk-iam') {
    if (region === undefined) reader.problem('KAFKA_SASL_MECHANISM is msk-iam, which needs AWS_REGION.')
    return { mechanism, region: region ?? '' }
  }
  if (username === undefined || password === undefined) {
    reader.problem(
      `KAFKA_SASL_MECHANISM is ${mechanism}, which needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD (or KAFKA_SASL_PASSWORD_FILE).`,
    )
  }
  return {
    mechanism,
    get username() {
      return username?.() ?? ''
    },
    get password() {
      return password?.() ?? ''
    },
  }
}
