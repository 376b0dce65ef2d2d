import { awsAccessConfig, awsAccountConfig, ownCredentials } from '@weir/aws'
import { registryUrl } from '@weir/codec'
import type { ConfigReader } from '@weir/config'
import { kafkaConfig } from '@weir/kafka'
import { accessConfig, httpConfig, serviceUrl } from '@weir/service'
import { stateConfig } from '@weir/state'
import { runtimesConfig } from './functions/runtime/runtimes.ts'

/** The configuration of the enricher, read from its environment. */
export const config = (reader: ConfigReader) => ({
  kafka: kafkaConfig(reader),
  registryUrl: registryUrl(reader),
  redisUrl: reader.string(
    'REDIS_URL',
    'Redis, which holds copies of the reference tables.',
    'redis://localhost:6379',
  ),
  access: accessConfig(reader),
  awsAccess: awsAccessConfig(reader),
  account: awsAccountConfig(reader),
  functions: {
    folder: reader.optional(
      'FUNCTIONS_FOLDER',
      'A folder owned by this user for the code of deployed functions, which is stored in Kafka. Unset: a new folder.',
    ),
    codeMb: reader.integer(
      'FUNCTIONS_CODE_MB',
      'Maximum total size of the archives of all functions and their versions, MiB.',
      10_240,
      1,
      76_800,
    ),
    deploying: reader.flag(
      'FUNCTIONS_DEPLOY',
      'Whether functions may be deployed through the API. Deployed code runs in this service.',
      false,
    ),
    runtimes: runtimesConfig(reader),
    replication: reader.integer(
      'KAFKA_REPLICATION',
      "Replicas of each partition of topics created for streams. -1: the broker's default.",
      -1,
      -1,
      32,
    ),
  },
  alerterUrl: serviceUrl(reader, 'alerter'),
  pricingUrl: serviceUrl(reader, 'pricing'),
  credentials: ownCredentials(reader, 'enricher', 'functions of solutions call AWS APIs'),
  state: stateConfig(reader),
  memoryBytes:
    reader.integer(
      'ENRICHER_MEMORY_MB',
      'Memory for all requests together, MiB: their bodies, the events of running functions, and answers until they are read. One request with an archive of 50 MB needs 96.',
      128,
      24,
      4096,
    ) << 20,
  solutions: reader.list('WEIR_SOLUTIONS', 'The solutions whose flows run here, by name. Empty: all.', ''),
  windowsMs: windowsConfig(reader),
  http: httpConfig(reader, 8081),
})

const WINDOW = /^([a-z0-9-]+)=(\d{1,6})$/

/** Returns lengths of windows (ms) by flow. */
function windowsConfig(reader: ConfigReader): ReadonlyMap<string, number> {
  const given = reader.list(
    'FLOW_WINDOW_SECONDS',
    'Lengths of the windows of flows, as FLOW=SECONDS. Other flows keep the lengths of their solutions.',
    '',
  )
  return new Map(
    given.map((text) => {
      const [, flow, seconds] = WINDOW.exec(text) ?? []
      if (!(Number(seconds) > 0))
        reader.problem(`FLOW_WINDOW_SECONDS has "${text}"; it must be FLOW=SECONDS, such as minutes=60.`)
      return [flow ?? '', Number(seconds) * 1000]
    }),
  )
}
