import { awsDoor, openAwsAccess } from '@weir/aws'
import { openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import { hostNames } from '@weir/contracts/services.ts'
import { openKafka } from '@weir/kafka'
import { mountFiles, openPages } from '@weir/pages'
import {
  Admission,
  configured,
  instance,
  openAccess,
  openHttp,
  publishStats,
  Service,
  watchCertificates,
} from '@weir/service'
import { chosenSolutions, solutions as everySolution, topics } from '@weir/solutions'
import { statesOfService } from '@weir/solutions/states.ts'
import { States, stateRoutes } from '@weir/state'
import { openStreams } from '@weir/streams'
import { openApplications } from './applications/open.ts'
import { config as read } from './config.ts'
import { openProcessings } from './deliveries/processings.ts'
import { openFlows } from './flows/flows.ts'
import { lambdaApis } from './functions/api/lambda-api.ts'
import { openCodeFolder } from './functions/code-folder.ts'
import { openFunctionService } from './functions/open.ts'
import { openRuntimes } from './functions/runtime/runtimes.ts'
import { ensureStreams, functionsOf, mappingsOf } from './functions/solutions.ts'
import { openReference } from './reference/reference.ts'
import { referenceRoutes } from './reference/routes.ts'
import { newRowViews } from './rows.ts'

/** Any key is right while no access keys are configured. */
const UNSIGNED = 'test'
const config = configured((env) => readConfig(env, read))
const solutions = chosenSolutions(config.solutions)
const flows = solutions.flatMap((solution) => solution.flows ?? [])
/** Pages that everybody may load, since they show only what their applications answer. */
const openToAll = solutions.flatMap(({ name, page }) =>
  page?.service === 'enricher' && page.live === undefined ? { name, ...page } : [],
)
watchCertificates({ 'kafka-client': () => config.kafka.tls?.cert, 'kafka-ca': () => config.kafka.tls?.ca })

await Service.named('enricher')
  .with('kafka', (_, { log }) => openKafka(config.kafka, log))
  .with('access', (_, { log }) => openAccess(config.access, log))
  .with('awsAccess', (_, { log }) => openAwsAccess(config.awsAccess, log))
  .with('codec', (_, { log }) => openCodec({ topics, url: config.registryUrl }, log))
  .with('reference', ({ kafka, codec }, { log }) =>
    openReference({ kafka, codec, redisUrl: config.redisUrl, solutions: everySolution, log }),
  )
  .with('rows', ({ kafka, codec }, { log }) => newRowViews({ kafka, codec, log }))
  .with('flows', ({ kafka, codec, reference, rows }, { log }) =>
    openFlows(flows, {
      kafka,
      codec,
      table: reference.table,
      rows,
      state: config.state,
      windowsMs: config.windowsMs,
      log,
    }),
  )
  .with('producer', async ({ kafka }) => {
    const producer = await kafka.producer()
    return { value: producer, stop: (drainMs) => producer.stop(drainMs) }
  })
  .with('states', async ({ kafka, codec, producer }, { log }) => ({
    value: new States({
      kafka,
      codec,
      producer,
      topics,
      states: statesOfService(solutions, 'enricher'),
      log,
    }),
    stop: async () => {},
  }))
  .with('streams', async ({ kafka, codec }, { log }) => {
    const streams = await openStreams({
      kafka,
      codec,
      replicas: config.functions.replication,
      takes: false,
      instance,
      log,
    })
    await ensureStreams(solutions, streams)
    return { value: streams, stop: () => streams.stop() }
  })
  .with('runtimes', (_, { log }) => openRuntimes(config.functions.runtimes, log))
  .with('code', () => openCodeFolder(config.functions.folder))
  .with('functions', ({ kafka, codec, streams, runtimes, code }, { log }) =>
    openFunctionService({
      definitions: functionsOf(solutions, {
        redisUrl: config.redisUrl,
        snsUrl: config.alerterUrl,
        pricingUrl: config.pricingUrl,
        credentials: {
          AWS_ACCESS_KEY_ID: config.credentials?.accessKeyId ?? UNSIGNED,
          AWS_SECRET_ACCESS_KEY: config.credentials?.secretAccessKey ?? UNSIGNED,
        },
      }),
      fixed: mappingsOf(solutions),
      folder: code,
      account: config.account,
      bootstrapServers: config.kafka.brokers.join(),
      kafka,
      codec,
      streams,
      runtimes,
      log,
    }),
  )
  .with('deliveries', ({ kafka, codec, streams, functions }, { log }) =>
    openProcessings({ account: config.account, codec, functions: functions.functions, kafka, streams, log }),
  )
  .with('applications', ({ access, kafka, codec, reference, rows, streams }, { log }) =>
    openApplications({
      solutions,
      access,
      kafka,
      codec,
      streams,
      redisUrl: config.redisUrl,
      table: reference.table,
      rows,
      log,
    }),
  )
  .with('pages', ({ access, applications, kafka, codec }, { log }) =>
    openPages({ pages: applications.livePages, access, kafka, codec, log }),
  )
  .with('stats', async ({ producer, codec }, { log }) =>
    publishStats({ log, producer, writer: await codec.writer('weir.stats') }),
  )
  .with(
    'http',
    (
      {
        access,
        applications,
        awsAccess,
        deliveries,
        flows,
        functions,
        kafka,
        pages,
        reference,
        rows,
        runtimes,
        states,
        streams,
      },
      { log },
    ) =>
      openHttp(config.http, {
        log,
        names: hostNames('enricher'),
        admission: new Admission(config.memoryBytes),
        ready: {
          kafka: kafka.connected,
          streams: () => streams.ready,
          ...reference.ready,
          'rows of tables': rows.ready,
          ...flows.ready,
          ...applications.ready,
          ...pages.ready,
          'deployed functions': functions.ready,
          functions: () => functions.mappings.ready(),
          events: functions.asyncInvocations.ready,
          'delivery streams': deliveries.ready,
        },
        routes: async (app) => {
          await app.register(async (open) => referenceRoutes(reference, access)(open))
          stateRoutes(app, { states, access })
          const {
            account,
            functions: { codeMb, deploying },
          } = config
          const apis = lambdaApis(functions, {
            access: awsAccess,
            account,
            deploying,
            runtimes,
            maxCodeBytes: codeMb * 2 ** 20,
          })
          await app.register(awsDoor({ access: awsAccess, account }, apis))
          await app.register(applications.routes)
          await app.register(pages.routes)
          for (const page of openToAll) await mountFiles(app, page)
        },
      }),
  )
  .start()
