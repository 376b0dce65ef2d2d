import { openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import { openKafka } from '@weir/kafka'
import { openPages } from '@weir/pages'
import { configured, openAccess, openHttp, Service, watchCertificates } from '@weir/service'
import { chosenSolutions, topics } from '@weir/solutions'
import { config as read } from './config.ts'
import { Redrives } from './dead-letters/redrives.ts'
import { letterRoutes } from './dead-letters/routes.ts'
import { consolePage } from './page.ts'

const config = configured((env) => readConfig(env, read))
const solutions = chosenSolutions(config.solutions)
watchCertificates({ 'kafka-client': () => config.kafka.tls?.cert, 'kafka-ca': () => config.kafka.tls?.ca })

await Service.named('console')
  .with('kafka', (_, { log }) => openKafka(config.kafka, log))
  .with('access', (_, { log }) => openAccess(config.access, log))
  .with('codec', (_, { log }) => openCodec({ topics, url: config.registryUrl }, log))
  .with('redrives', ({ kafka, codec }, { log }) => {
    const redrives = new Redrives({ kafka, codec, log })
    return { value: redrives, stop: () => redrives.stop() }
  })
  .with('pages', ({ access, kafka, codec, redrives }, { log }) => {
    const { urls, publicUrls, aws } = config
    const page = consolePage({ solutions, urls, publicUrls, aws, kafka, redrives })
    return openPages({ pages: [page], access, kafka, codec, log })
  })
  .with('http', ({ access, kafka, codec, redrives, pages }, { log, name }) =>
    openHttp(config.http, {
      log,
      names: [name],
      ready: { kafka: kafka.connected, ...pages.ready },
      routes: async (app) => {
        await app.register(pages.routes)
        await app.register(letterRoutes({ access, kafka, codec, redrives }))
      },
    }),
  )
  .start()
