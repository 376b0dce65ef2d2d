/** Addresses of servers and services. Reads the same variables as the services. */

import { registryUrl } from '@weir/codec'
import { type ConfigReader, readConfig } from '@weir/config'
import { forServices, type Service } from '@weir/contracts/services.ts'
import { type KafkaConfig, kafkaConfig } from '@weir/kafka'
import { serviceUrl } from '@weir/service'

type Env = Readonly<Record<string, string | undefined>>

export interface Settings {
  /** Base URL of each service. */
  readonly urls: Readonly<Record<Service, string>>
  readonly search: string
  readonly redis: string
  readonly registry: string
  readonly apiKey: string | undefined
}

/** Reads the settings. Throws a ConfigError that lists every problem. */
export const readSettings = (env: Env = process.env): Settings => readConfig(env, settings)

export const readKafkaSettings = (env: Env = process.env): KafkaConfig => readConfig(env, kafkaConfig)

export const settings = (reader: ConfigReader): Settings => ({
  urls: forServices((name) => serviceUrl(reader, name)),
  search: address(reader.string('SEARCH_URL', 'The search engine.', 'http://localhost:9200')),
  redis: reader.string(
    'REDIS_URL',
    'Redis, which holds copies of the reference tables.',
    'redis://localhost:6379',
  ),
  registry: registryUrl(reader),
  apiKey: reader.secret('WEIR_API_KEY', 'The API key for requests to ingest-hub and the enricher.'),
})

const address = (text: string): string => text.replace(/\/+$/, '')
