import { kafkaConfig } from '@weir/kafka'
import { accessConfig, type ConfigReader } from '@weir/service'

/** Everything the enricher can be told by its environment. */
export const config = (reader: ConfigReader) => ({
  kafka: kafkaConfig(reader),
  registryUrl: reader.string('REGISTRY_URL', 'The schema registry, Confluent API.', 'http://localhost:8181/apis/ccompat/v7'),
  redisUrl: reader.string('REDIS_URL', 'Redis with the reference tables.', 'redis://localhost:6379'),
  access: accessConfig(reader),
  solutions: reader.list('WEIR_SOLUTIONS', 'The solutions whose flows run here, by name; none named: all.', ''),
  http: {
    host: reader.string('HTTP_HOST', 'The address to listen at.', '0.0.0.0'),
    port: reader.port('HTTP_PORT', 'The port for health, metrics and reference tables.', 8081),
  },
})
