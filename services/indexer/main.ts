import { openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import { openKafka } from '@weir/kafka'
import { configured, openAccess, openHttp, publishStats, Service, watchCertificates } from '@weir/service'
import { chosenSolutions, topics } from '@weir/solutions'
import { config as read } from './config.ts'
import { openDeliveries } from './deliveries/deliveries.ts'
import { deliveryRoutes } from './deliveries/routes.ts'
import { openEngine } from './engines/open.ts'
import { hasPage, openSolutionPages } from './pages.ts'
import { openSinks } from './sinks.ts'

const config = configured((env) => readConfig(env, read))
const solutions = chosenSolutions(config.solutions)
const sinks = solutions.flatMap((solution) => solution.sinks ?? [])
watchCertificates({ 'kafka-client': () => config.kafka.tls?.cert, 'kafka-ca': () => config.kafka.tls?.ca })

await Service.named('indexer')
  .with('kafka', (_, { log }) => openKafka(config.kafka, log))
  .with('access', (_, { log }) => openAccess(config.access, log))
  .with('codec', (_, { log }) => openCodec({ topics, url: config.registryUrl }, log))
  .with('engine', () => openEngine(config.search))
  .with('sinks', ({ kafka, codec, engine }, { log }) =>
    openSinks(sinks, { kafka, codec, engine, replicas: config.replicas, log }),
  )
  .with('deliveries', ({ kafka, codec }, { log }) => openDeliveries(config.deliveries, { kafka, codec, log }))
  .with('stats', async ({ kafka, codec }, { log }) =>
    publishStats({ log, producer: await kafka.producer(), writer: await codec.writer('weir.stats') }),
  )
  .with('pages', ({ access, kafka, codec, engine }, { log }) =>
    openSolutionPages({ solutions: solutions.filter(hasPage), access, engine, kafka, codec, log }),
  )
  .with('http', ({ access, kafka, sinks, deliveries, pages }, { log, name }) =>
    openHttp(config.http, {
      log,
      names: [name],
      ready: {
        kafka: kafka.connected,
        deliveries: deliveries.ready,
        ...sinks.ready,
        ...pages.ready,
      },
      routes: async (app) => {
        deliveryRoutes(app, { deliveries, access, kafka })
        await pages.routes(app)
      },
    }),
  )
  .start()
