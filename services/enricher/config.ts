import { awsAccessConfig, awsAccountConfig } from '@weir/aws'
import type { ConfigReader } from '@weir/config'
import { kafkaConfig } from '@weir/kafka'
import { accessConfig, httpConfig } from '@weir/service'
import { runtimesConfig } from './functions/runtime/runtimes.ts'

/** The configuration of the enricher, read from its environment. */
export const config = (reader: ConfigReader) => ({
  kafka: kafkaConfig(reader),
  registryUrl: reader.string(
    'REGISTRY_URL',
    'The schema registry, Confluent API; with a user as https://user:password@host/….',
    'http://localhost:8181/apis/ccompat/v7',
  ),
  redisUrl: reader.string('REDIS_URL', 'Redis with the reference tables.', 'redis://localhost:6379'),
  access: accessConfig(reader),
  awsAccess: awsAccessConfig(reader),
  account: awsAccountConfig(reader),
  functions: {
    folder: reader.optional(
      'FUNCTIONS_FOLDER',
      'A folder of this user for the code of deployed functions, which Kafka keeps; not set: a new one.',
    ),
    codeMb: reader.integer(
      'FUNCTIONS_CODE_MB',
      'MiB of the archives of all functions and their versions together.',
      10_240,
      1,
      76_800,
    ),
    deploying: reader.flag(
      'FUNCTIONS_DEPLOY',
      'Whether functions may be deployed by the API. Whoever may deploy runs code here.',
      false,
    ),
    runtimes: runtimesConfig(reader),
    replication: reader.integer(
      'KAFKA_REPLICATION',
      "Replicas of each partition of the topics that streams make; -1: the broker's default.",
      -1,
      -1,
      32,
    ),
  },
  memoryBytes:
    reader.integer(
      'ENRICHER_MEMORY_MB',
      'What requests may take together, MiB: their bodies, those of functions that run until these have answered, and answers until they are read. One request with an archive of 50 MB needs 96.',
      128,
      24,
      4096,
    ) << 20,
  solutions: reader.list(
    'WEIR_SOLUTIONS',
    'The solutions whose flows run here, by name; none named: all.',
    '',
  ),
  http: httpConfig(reader, 8081),
})
