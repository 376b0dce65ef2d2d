import { awsAccessConfig, awsAccountConfig, ownCredentials } from '@weir/aws'
import { registryUrl } from '@weir/codec'
import type { ConfigReader } from '@weir/config'
import { services } from '@weir/contracts/services.ts'
import { egressConfig } from '@weir/egress'
import { kafkaConfig } from '@weir/kafka'
import { accessConfig, httpConfig, serviceUrl, type TlsConfig } from '@weir/service'
import type { MqttConfig } from './doors/mqtt/listen.ts'
import { bridgeConfig } from './doors/mqtt-bridge/config.ts'

const { port: PORT, ports: PORTS } = services['ingest-hub']

/** TLS on a port of its own, since clients like the Kinesis Producer Library speak nothing else. */
function tlsConfig(reader: ConfigReader): TlsConfig | undefined {
  const port = reader.port(
    PORTS.https.variable,
    'The port for HTTP with TLS, if TLS_CERT_FILE and TLS_KEY_FILE are set.',
    PORTS.https.port,
  )
  const certFile = reader.optional(
    'TLS_CERT_FILE',
    'PEM file with the certificate and its intermediate certificates; reloaded when it changes.',
  )
  const keyFile = reader.optional('TLS_KEY_FILE', "PEM file with the certificate's private key.")
  if ((certFile === undefined) !== (keyFile === undefined))
    reader.problem('Only one of TLS_CERT_FILE and TLS_KEY_FILE is set; set both or neither.')
  return certFile === undefined || keyFile === undefined ? undefined : { port, certFile, keyFile }
}

/** MQTT, and MQTT with TLS if HTTP has it: they share the certificate. */
function mqttConfig(reader: ConfigReader, host: string, tls: TlsConfig | undefined): MqttConfig {
  const { mqtt, mqtts } = PORTS
  const port = reader.port(mqtt.variable, 'The port for MQTT.', mqtt.port)
  const tlsPort = reader.port(
    mqtts.variable,
    'The port for MQTT with TLS, if TLS_CERT_FILE and TLS_KEY_FILE are set.',
    mqtts.port,
  )
  const caFile = reader.optional(
    'MQTT_CLIENT_CA_FILE',
    'PEM file with the authorities of client certificates. A device with a certificate of theirs must use its common name as the client id. Reloaded when it changes.',
  )
  const connections = reader.integer(
    'MQTT_CONNECTIONS',
    'Maximum number of connected devices, and as many that have not logged in; one over TLS counts as three. One API key may have three quarters of them.',
    14_000,
    16,
    200_000,
  )
  const retained = reader.flag(
    'MQTT_RETAINED',
    'Whether messages are retained: up to 10,000, and 16 MiB together. Otherwise MQTT 5 refuses them, and MQTT 3.1.1 ignores the flag.',
    false,
  )
  return { host, port, connections, retained, tls: tls && { ...tls, port: tlsPort, caFile } }
}

/** The configuration of the ingest-hub, read from its environment. */
export function config(reader: ConfigReader) {
  const http = { ...httpConfig(reader, PORT), tls: tlsConfig(reader) }
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
    http,
    mqtt: mqttConfig(reader, http.host, http.tls),
    mqttBrokers: bridgeConfig(reader),
  }
}
