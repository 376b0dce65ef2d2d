import { awsDoor, openAwsAccess } from '@weir/aws'
import { openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import { hostNames } from '@weir/contracts/services.ts'
import { openKafka } from '@weir/kafka'
import {
  Admission,
  configured,
  openAccess,
  openHttp,
  publishStats,
  Service,
  watchCertificates,
} from '@weir/service'
import { chosenSolutions, topics } from '@weir/solutions'
import { openRecords } from '@weir/topics'
import { config as read } from './config.ts'
import { dynamodbApis } from './dynamodb/dynamodb-api.ts'
import { openEndpoints } from './endpoints/endpoints.ts'
import { openFills } from './fills.ts'
import { openCatalogue } from './glue/catalogue.ts'
import { glueApi } from './glue/glue-api.ts'
import { endpointRoutes } from './http/endpoint-routes.ts'
import { itemRoutes } from './http/item-routes.ts'
import { containerRoutes } from './sagemaker/container.ts'
import { sagemakerRuntimeApi } from './sagemaker/runtime-api.ts'
import { endpointsOf, ensureEndpoints } from './solution-endpoints.ts'
import { ensureTables, itemTablesOf, openRowsOf } from './solution-tables.ts'
import { CHANGES } from './tables/table-task.ts'
import { openTables } from './tables/tables.ts'

const config = configured((env) => readConfig(env, read))
const solutions = chosenSolutions(config.solutions)
const itemTables = itemTablesOf(solutions)
watchCertificates({ 'kafka-client': () => config.kafka.tls?.cert, 'kafka-ca': () => config.kafka.tls?.ca })

await Service.named('pricing')
  .with('kafka', (_, { log }) => openKafka(config.kafka, log))
  .with('awsAccess', (_, { log }) => openAwsAccess(config.awsAccess, log))
  .with('access', (_, { log }) => openAccess(config.access, log))
  .with('codec', (_, { log }) => openCodec({ topics, url: config.registryUrl }, log))
  .with('producer', async ({ kafka }) => {
    const producer = await kafka.producer()
    return { value: producer, stop: (drainMs) => producer.stop(drainMs) }
  })
  .with('stats', async ({ producer, codec }, { log }) =>
    publishStats({ log, producer, writer: await codec.writer('weir.stats') }),
  )
  .with('tables', async ({ kafka, codec, producer }, { log }) => {
    const rows = await openRowsOf(itemTables, { kafka, codec })
    const tables = await openTables({ kafka, codec, producer, config: config.state, rows, log })
    await ensureTables(itemTables, tables.value)
    return tables
  })
  .with('fills', ({ kafka, codec, tables }, { log }) =>
    openFills(
      solutions.flatMap(({ fills = [] }) => fills),
      { kafka, codec, tables, log },
    ),
  )
  .with('endpoints', async ({ kafka, codec }, { log }) => {
    const endpoints = await openEndpoints({
      kafka,
      codec,
      place: config.models.place,
      region: config.account.region,
      log,
    })
    await ensureEndpoints(endpointsOf(solutions), endpoints.value, log)
    return endpoints
  })
  .with('changes', async ({ codec }, { log }) => ({
    value: await openRecords({ codec, topic: CHANGES, reader: 'streams', log }),
    stop: async () => {},
  }))
  .with('catalogue', ({ kafka, codec, tables }, { log }) =>
    openCatalogue({ kafka, codec, log, topics, solutions, itemTables: tables.definitions.byName }),
  )
  .with('http', ({ access, awsAccess, catalogue, changes, endpoints, fills, kafka, tables }, { log }) =>
    openHttp(config.http, {
      log,
      names: hostNames('pricing'),
      admission: new Admission(config.memoryBytes),
      ready: {
        kafka: kafka.connected,
        tables: tables.ready,
        endpoints: endpoints.ready,
        catalogue: catalogue.ready,
        ...fills,
      },
      routes: async (app) => {
        const { account, models } = config
        itemRoutes(app, { tables, access })
        endpointRoutes(app, { endpoints, access })
        if (models.endpoint !== undefined)
          await app.register(containerRoutes, { endpoints, access, endpoint: models.endpoint })
        await app.register(
          awsDoor({ access: awsAccess, account }, [
            ...dynamodbApis({ account, tables, kafka, changes }),
            sagemakerRuntimeApi({ account, endpoints }),
            glueApi({ account, topics, registryUrl: config.registryUrl, catalogue, tables, log }),
          ]),
        )
      },
    }),
  )
  .start()
