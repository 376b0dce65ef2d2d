import { registryUrl } from '@weir/codec'
import type { ConfigReader } from '@weir/config'
import { kafkaConfig } from '@weir/kafka'
import { accessConfig, httpConfig } from '@weir/service'

/** The configuration of example-thing, read from its environment. */
export const config = (reader: ConfigReader) => ({
  kafka: kafkaConfig(reader),
  registryUrl: registryUrl(reader),
  access: accessConfig(reader),
  http: httpConfig(reader, 8089),
})
