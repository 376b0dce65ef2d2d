import type { ConfigReader } from '@weir/config'
import { kafkaConfig } from '@weir/kafka'
import { accessConfig, httpConfig } from '@weir/service'

/** The configuration of example-thing, read from its environment. */
export const config = (reader: ConfigReader) => ({
  kafka: kafkaConfig(reader),
  registryUrl: reader.string(
    'REGISTRY_URL',
    'The schema registry, Confluent API; with a user as https://user:password@host/….',
    'http://localhost:8181/apis/ccompat/v7',
  ),
  access: accessConfig(reader),
  http: httpConfig(reader, 8089),
})
