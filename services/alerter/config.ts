import { awsAccessConfig, awsAccountConfig, ownCredentials } from '@weir/aws'
import { registryUrl } from '@weir/codec'
import type { ConfigReader } from '@weir/config'
import { egressConfig } from '@weir/egress'
import { kafkaConfig } from '@weir/kafka'
import { httpConfig, serviceUrl } from '@weir/service'

/** The configuration of the alerter, read from its environment. */
export const config = (reader: ConfigReader) => ({
  kafka: kafkaConfig(reader),
  registryUrl: registryUrl(reader),
  awsAccess: awsAccessConfig(reader),
  account: awsAccountConfig(reader),
  egress: egressConfig(reader),
  publicUrl: reader.httpUrl(
    'ALERTER_PUBLIC_URL',
    'Where receivers of notifications reach this service: links in messages begin with it. If not set, its URL.',
    serviceUrl(reader, 'alerter'),
  ),
  enricherUrl: serviceUrl(reader, 'enricher'),
  credentials: ownCredentials(reader, 'alerter', 'functions are invoked'),
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
