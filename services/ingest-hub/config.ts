import { awsAccessConfig, awsAccountConfig } from '@weir/aws'
import type { ConfigReader } from '@weir/config'
import { kafkaConfig } from '@weir/kafka'
import { accessConfig, httpConfig, type TlsConfig } from '@weir/service'

/** TLS on a port of its own, since clients like the Kinesis Producer Library speak nothing else. */
function tlsConfig(reader: ConfigReader): TlsConfig | undefined {
  const port = reader.port(
    'HTTPS_PORT',
    'The port for TLS, where TLS_CERT_FILE and TLS_KEY_FILE are set.',
    8443,
  )
  const certFile = reader.optional(
    'TLS_CERT_FILE',
    'PEM file with the certificate and those between it and its root; read again when it changes.',
  )
  const keyFile = reader.optional('TLS_KEY_FILE', "PEM file with the certificate's private key.")
  if ((certFile === undefined) !== (keyFile === undefined))
    reader.problem('One of TLS_CERT_FILE and TLS_KEY_FILE is set; set both, or neither.')
  return certFile === undefined || keyFile === undefined ? undefined : { port, certFile, keyFile }
}

/** The configuration of the ingest-hub, read from its environment. */
export function config(reader: ConfigReader) {
  return {
    kafka: kafkaConfig(reader),
    registryUrl: reader.string(
      'REGISTRY_URL',
      'The schema registry, Confluent API; with a user as https://user:password@host/….',
      'http://localhost:8181/apis/ccompat/v7',
    ),
    access: accessConfig(reader),
    memoryBytes:
      reader.integer(
        'HUB_MEMORY_MB',
        'What requests may take together, MiB: bodies being read, records not yet stored, and answers until they are read. More is answered with 429 or 503.',
        24,
        24,
        4096,
      ) << 20,
    awsAccess: awsAccessConfig(reader),
    account: awsAccountConfig(reader),
    kinesis: {
      throttled: reader.flag(
        'KINESIS_THROTTLING',
        'Whether a shard of a provisioned stream takes 1,000 records and 1 MiB a second, as at AWS, or as much as there is.',
        true,
      ),
      redisUrl: reader.optional(
        'REDIS_URL',
        'Redis, by which the replicas share the limits of shards as they need them; each has the same part without it.',
      ),
      shardLimit: reader.integer(
        'KINESIS_SHARD_LIMIT',
        'Open shards of all streams together.',
        500,
        1,
        100_000,
      ),
      replicas: reader.integer(
        'KAFKA_REPLICATION',
        "Replicas of each partition of the topics that streams make; -1: the broker's default.",
        -1,
        -1,
        32,
      ),
    },
    http: { ...httpConfig(reader, 8080), tls: tlsConfig(reader) },
  }
}
