import { kafkaConfig } from '@weir/kafka'
import { accessConfig, type ConfigReader } from '@weir/service'

/** Everything the ingest-hub can be told by its environment. */
export function config(reader: ConfigReader) {
  return {
    kafka: kafkaConfig(reader),
    registryUrl: reader.string('REGISTRY_URL', 'The schema registry, Confluent API.', 'http://localhost:8181/apis/ccompat/v7'),
    access: accessConfig(reader),
    memoryBytes: reader.integer('HUB_MEMORY_MB',
      'What requests being read and records not yet stored may take together, MiB; more is answered with 429.', 24, 12, 4096) << 20,
    http: {
      host: reader.string('HTTP_HOST', 'The address to listen at.', '0.0.0.0'),
      port: reader.port('HTTP_PORT', 'The port of the HTTP door, health and metrics.', 8080),
    },
  }
}
