import { awsAccessConfig, awsAccountConfig, ownCredentials } from '@weir/aws'
import { registryUrl } from '@weir/codec'
import type { ConfigReader } from '@weir/config'
import { egressConfig } from '@weir/egress'
import { kafkaConfig } from '@weir/kafka'
import { accessConfig, httpConfig, serviceUrl, type TlsConfig } from '@weir/service'

/** TLS on a port of its own, since clients like the Kinesis Producer Library speak nothing else. */
function tlsConfig(reader: ConfigReader): TlsConfig | undefined {
  const port = reader.port('HTTPS_PORT', 'The port for TLS, if TLS_CERT_FILE and TLS_KEY_FILE are set.', 8443)
  const certFile = reader.optional(
    'TLS_CERT_FILE',
    'PEM file with the certificate and its intermediate certificates; reloaded when it changes.',
  )
  const keyFile = reader.optional('TLS_KEY_FILE', "PEM file with the certificate's private key.")
  if ((certFile === undefined) !== (keyFile === undefined))
    reader.problem('Only one of TLS_CERT_FILE and TLS_KEY_FILE is set; set both or neither.')
  return certFile === undefined || keyFile === undefined ? undefined : { port, certFile, keyFile }
}

/** The configuration of the ingest-hub, read from its environment. */
export function config(reader: ConfigReader) {
  return {
    kafka: kafkaConfig(reader),
    registryUrl: registryUrl(reader),
    access: accessConfig(reader),
    memoryBytes:
      reader.integer(
        'HUB_MEMORY_MB',
        'Memory for all requests together, MiB: bodies being read, records not yet stored, and answers until they are read. Requests beyond it are answered with 429 or 503.',
        24,
        24,
        4096,
      ) << 20,
    awsAccess: awsAccessConfig(reader),
    account: awsAccountConfig(reader),
    kinesis: {
      throttled: reader.flag(
        'KINESIS_THROTTLING',
        'Whether shards of provisioned streams are limited to 1,000 records and 1 MiB per second, as on AWS.',
        true,
      ),
      redisUrl: reader.optional(
        'REDIS_URL',
        'Redis, through which replicas share the limits of shards according to their load. Without it, each replica gets an equal part.',
      ),
      shardLimit: reader.integer(
        'KINESIS_SHARD_LIMIT',
        'Maximum number of open shards, over all streams.',
        500,
        1,
        100_000,
      ),
      replicas: reader.integer(
        'KAFKA_REPLICATION',
        "Replicas of each partition of topics created for streams. -1: the broker's default.",
        -1,
        -1,
        32,
      ),
    },
    egress: egressConfig(reader),
    publicUrl: reader.httpUrl(
      'HUB_PUBLIC_URL',
      'Where devices and receivers of messages reach this service: endpoints and links begin with it. If not set, its URL.',
      serviceUrl(reader, 'ingest-hub'),
    ),
    enricherUrl: serviceUrl(reader, 'enricher'),
    alerterUrl: serviceUrl(reader, 'alerter'),
    credentials: ownCredentials(reader, 'ingest-hub', 'rules invoke functions and publish notifications'),
    http: { ...httpConfig(reader, 8080), tls: tlsConfig(reader) },
  }
}
