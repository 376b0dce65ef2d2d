import { openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import { openKafka } from '@weir/kafka'
import { configured, openAccess, openHttp, publishStats, Service, watchCertificates } from '@weir/service'
import { topics } from '@weir/solutions'
import { config as read } from './config.ts'
import { routes } from './routes.ts'

const config = configured((env) => readConfig(env, read))
watchCertificates({ 'kafka-client': () => config.kafka.tls?.cert, 'kafka-ca': () => config.kafka.tls?.ca })

await Service.named('example-thing')
  .with('kafka', (_, { log }) => openKafka(config.kafka, log))
  .with('access', (_, { log }) => openAccess(config.access, log))
  .with('codec', (_, { log }) => openCodec({ topics, url: config.registryUrl }, log))
  .with('stats', async ({ kafka, codec }, { log }) =>
    publishStats({ log, producer: await kafka.producer(), writer: await codec.writer('weir.stats') }),
  )
  .with('http', ({ access, kafka }, { log, name }) =>
    openHttp(config.http, {
      log,
      names: [name],
      ready: { kafka: kafka.connected },
      routes: async (app) => routes(app, access),
    }),
  )
  .start()
