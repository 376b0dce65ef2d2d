/** Addresses of servers and services. Reads the same variables as the services. */

import { registryUrl } from '@weir/codec'
import { type ConfigReader, readConfig } from '@weir/config'
import { forServices, type Service } from '@weir/contracts/services.ts'
import { type KafkaConfig, kafkaConfig } from '@weir/kafka'
import { serviceUrl } from '@weir/service'
import { alerterLinks } from '../inbox/config.ts'

type Env = Readonly<Record<string, string | undefined>>

export interface Settings {
  /** Base URL of each service. */
  readonly urls: Readonly<Record<Service, string>>
  readonly search: string
  readonly redis: string
  readonly registry: string
  /** The object store, if it is not S3 itself. */
  readonly objects: string | undefined
  readonly apiKey: string | undefined
  readonly inbox: InboxSettings | undefined
}

/** The inbox of `weir up`. */
export interface InboxSettings {
  readonly url: string
  /** Whether the alerter sends its e-mails there. */
  readonly getsMail: boolean
  /** Links in messages of the alerter begin with it. */
  readonly alerterUrl: string
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
  objects: reader.optional('AWS_ENDPOINT_URL_S3', 'The object store. If not set: S3 itself.'),
  apiKey: reader.secret('WEIR_API_KEY', 'The API key for requests to ingest-hub and the enricher.'),
  inbox: inbox(reader),
})

function inbox(reader: ConfigReader): InboxSettings | undefined {
  const url = reader.optional(
    'INBOX_URL',
    'The inbox, in which `weir simulate` subscribes people to notifications. If not set, nobody is subscribed.',
  )
  const smtp = reader.optional(
    'INBOX_SMTP_URL',
    'The inbox, if the alerter sends its e-mails there. If not set, nobody is subscribed by e-mail.',
  )
  const alerterUrl = alerterLinks(reader)
  return url === undefined ? undefined : { url: address(url), getsMail: smtp !== undefined, alerterUrl }
}

const address = (text: string): string => text.replace(/\/+$/, '')
