import { awsAccessConfig } from '@weir/aws'
import type { ConfigReader } from '@weir/config'
import { SERVICES, services } from '@weir/contracts/services.ts'
import { httpConfig, serviceUrl } from '@weir/service'

/** The configuration of the gateway, read from its environment. */
export const config = (reader: ConfigReader) => ({
  /** The services that have APIs, with their URLs. */
  upstreams: SERVICES.filter((name) => services[name].apis.length > 0).map((name) => ({
    name,
    apis: services[name].apis,
    url: serviceUrl(reader, name),
  })),
  awsAccess: awsAccessConfig(reader),
  memoryBytes:
    reader.integer(
      'GATEWAY_MEMORY_MB',
      'Memory for all requests together, MiB, at 80 KiB each; their bodies and answers are passed on as they arrive.',
      64,
      16,
      4096,
    ) << 20,
  http: httpConfig(reader, services.gateway.port),
})
