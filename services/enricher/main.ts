import { openCodec } from '@weir/codec'
import { openKafka } from '@weir/kafka'
import { configured, openAccess, openHttp, publishStats, readConfig, Service } from '@weir/service'
import { chosenSolutions } from '@weir/solutions'
import { config as read } from './config.ts'
import { openFlows } from './flows/flows.ts'
import { openReference } from './reference/reference.ts'
import { referenceRoutes } from './reference/routes.ts'

const config = configured((env) => readConfig(env, read))
const definitions = chosenSolutions(config.solutions).flatMap((solution) => solution.flows)
const tables = [...new Set(definitions.flatMap((flow) => flow.tables))]

await Service.named('enricher')
  .with('kafka', (_, { log }) => openKafka(config.kafka, log))
  .with('access', (_, { log }) => openAccess(config.access, log))
  .with('codec', (_, { log }) => openCodec({ url: config.registryUrl }, log))
  .with('reference', ({ kafka, codec }, { log }) => openReference({ kafka, codec, redisUrl: config.redisUrl, tables, log }))
  .with('flows', ({ kafka, codec, reference }, { log }) => openFlows(definitions, { kafka, codec, table: reference.table, log }))
  .with('stats', async ({ kafka, codec }, { log }) => publishStats({ log, producer: await kafka.producer(), writer: await codec.writer('weir.stats') }))
  .with('http', ({ access, kafka, reference, flows }, { log }) => openHttp(config.http, {
    log,
    ready: { kafka: kafka.connected, reference: reference.ready, ...flows.ready },
    routes: referenceRoutes(reference, access),
  }))
  .start()
