import { awsAccessConfig, awsAccountConfig, ownCredentials } from '@weir/aws'
import { registryUrl } from '@weir/codec'
import type { ConfigReader } from '@weir/config'
import { egressConfig } from '@weir/egress'
import { kafkaConfig } from '@weir/kafka'
import { accessConfig, httpConfig, serviceUrl } from '@weir/service'
import { stateConfig } from '@weir/state'
import { channelsConfig } from './deliveries/receivers/channels.ts'

/** The configuration of the alerter, read from its environment. */
export const config = (reader: ConfigReader) => ({
  kafka: kafkaConfig(reader),
  registryUrl: registryUrl(reader),
  access: accessConfig(reader),
  awsAccess: awsAccessConfig(reader),
  account: awsAccountConfig(reader),
  egress: egressConfig(reader),
  publicUrl: reader.httpUrl(
    'ALERTER_PUBLIC_URL',
    'Where receivers of notifications reach this service: links in messages begin with it. If not set, its URL.',
    serviceUrl(reader, 'alerter'),
  ),
  channels: channelsConfig(reader),
  state: stateConfig(reader),
  solutions: reader.list(
    'WEIR_SOLUTIONS',
    'The solutions whose detections run here, by name. Empty: all.',
    '',
  ),
  enricherUrl: serviceUrl(reader, 'enricher'),
  hubUrl: serviceUrl(reader, 'ingest-hub'),
  credentials: ownCredentials(reader, 'alerter', 'functions are invoked and streams written'),
  memoryBytes:
    reader.integer(
      'ALERTER_MEMORY_MB',
      'Memory for all requests together, MiB: bodies being read, and answers until they are read.',
      24,
      24,
      4096,
    ) << 20,
  http: httpConfig(reader, 8083),
})
