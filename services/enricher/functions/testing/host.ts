/**
 * A function service as a process of its own, which tests kill. HOST names what it runs, as JSON. It prints
 * "ready" when its mappings are in their groups.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import { kafkaConfig, openKafka } from '@weir/kafka'
import { logger } from '@weir/service'
import { topics } from '@weir/solutions'
import { openStreams } from '@weir/streams'
import { openProcessings } from '../../deliveries/processings.ts'
import { openFunctionService } from '../open.ts'
import type { HostOptions } from './hosting.ts'

const { brokers, registryUrl, definitions, mappings, asyncOptions, deliveries, folder } = JSON.parse(
  process.env.HOST!,
) as HostOptions
const log = logger('function-host')
const { value: kafka, stop: stopKafka } = await openKafka(
  readConfig({ ...process.env, KAFKA_BROKERS: brokers.join() }, kafkaConfig),
  log,
)
const { value: codec } = await openCodec({ topics, url: registryUrl })
const streams = await openStreams({ kafka, codec, replicas: 1, takes: false, instance: 'function-host', log })
const account = { region: 'us-east-1', accountId: '000000000000' }
const service = await openFunctionService({
  definitions,
  fixed: mappings,
  folder,
  account,
  bootstrapServers: brokers.join(),
  kafka,
  codec,
  streams,
  asyncOptions,
  log,
})
const { functions } = service.value
const processings = deliveries
  ? await openProcessings({ account, codec, functions, kafka, streams, log })
  : undefined
while (!mappings.every(({ id, enabled }) => !enabled || service.value.mappings.state(id) === 'Enabled'))
  await sleep(20)
process.stdout.write('ready\n')

process.once('SIGTERM', async () => {
  await processings?.stop(8000)
  await service.stop(8000)
  await streams.stop()
  await stopKafka()
  process.exit(0)
})
