/** Where things are: the same variables as the services read. */
import { kafkaConfig, type KafkaConfig } from '@weir/kafka'
import { readConfig, type ConfigReader } from '@weir/service/config.ts'

type Env = Readonly<Record<string, string | undefined>>

export interface Settings {
  readonly hub: string
  readonly enricher: string
  readonly indexer: string
  readonly search: string
  readonly redis: string
  readonly registry: string
  readonly apiKey: string | undefined
}

/** What is set where. Throws a ConfigError with every problem. */
export const readSettings = (env: Env = process.env): Settings => readConfig(env, settings)

export const readKafkaSettings = (env: Env = process.env): KafkaConfig => readConfig(env, kafkaConfig)

export const settings = (reader: ConfigReader): Settings => ({
  hub: httpUrl(reader, 'HUB_URL', 'Where ingest-hub listens.', 'http://localhost:8080'),
  enricher: httpUrl(reader, 'ENRICHER_URL', 'Where the enricher listens.', 'http://localhost:8081'),
  indexer: httpUrl(reader, 'INDEXER_URL', 'Where the indexer and its pages listen.', 'http://localhost:8084'),
  search: address(reader.string('SEARCH_URL', 'The search engine.', 'http://localhost:9200')),
  redis: reader.string('REDIS_URL', 'Redis with the reference tables.', 'redis://localhost:6379'),
  registry: httpUrl(reader, 'REGISTRY_URL', 'The schema registry, Confluent API.', 'http://localhost:8181/apis/ccompat/v7'),
  apiKey: reader.secret('WEIR_API_KEY', 'The API key that is sent to ingest-hub and the enricher.'),
})

const address = (text: string): string => text.replace(/\/+$/, '')

function httpUrl(reader: ConfigReader, name: string, doc: string, fallback: string): string {
  const text = address(reader.string(name, doc, fallback))
  if (!/^https?:$/.test(URL.parse(text)?.protocol ?? '')) reader.problem(`${name} is "${text}"; it must be a URL such as ${fallback}.`)
  return text
}
