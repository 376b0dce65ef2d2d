/**
 * The rules engine as a process to measure: batches of messages through `run`. KIND says what they lead to: `engine`
 * evaluates one rule whose result has no action, `other` one rule whose condition is false, and `stream` stores every
 * result in a stream. The figures go to the file RESULT.
 */
import { writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import type { DeviceMessage } from '@weir/ingest-hub/devices/message.ts'
import { openActionsTopic } from '@weir/ingest-hub/rules/actions-topic.ts'
import { compileRule } from '@weir/ingest-hub/rules/compiled-rule.ts'
import { Engine } from '@weir/ingest-hub/rules/engine.ts'
import { kafkaConfig, openKafka } from '@weir/kafka'
import { logger, stage } from '@weir/service'
import { topics } from '@weir/solutions'
import { newStream, openStreams, StreamWriter } from '@weir/streams'

const BATCH = 500
const CONCURRENCY = 4
const SQL =
  "SELECT temperature * 1.8 + 32 AS fahrenheit, topic(2) AS truck, upper(state) AS state FROM 'trucks/+/engine' WHERE temperature > 100"

const { KIND = 'engine', RESULT = '', MESSAGES = '1000000', REGISTRY_URL = '' } = process.env
const log = logger('rules-engine')
const { value: kafka } = await openKafka(readConfig(process.env, kafkaConfig), log)
const { value: codec } = await openCodec({ topics, url: REGISTRY_URL }, log)
const streams = await openStreams({ kafka, codec, replicas: 1, takes: true, instance: 'bench', log })
const producer = await kafka.producer()
const account = { accountId: '000000000000', region: 'us-east-1' }

const streamName = `bench-${process.pid}`
await streams.change(streamName, () =>
  newStream(
    { name: streamName, mode: 'ON_DEMAND', shards: 4, maxRecordKiB: 1024, tags: {}, external: false },
    Date.now(),
  ),
)
while (streams.get(streamName)?.stream.status !== 'ACTIVE') await pause(50)

const rule = compileRule(
  {
    name: 'hot',
    id: '0d1c7a6e',
    sql: SQL,
    sqlVersion: '2016-03-23',
    description: null,
    disabled: false,
    createdAt: 0,
    tags: {},
    actions: KIND === 'stream' ? [{ kinesis: { streamName, partitionKey: '${topic(2)}' } }] : [],
    errorAction: null,
  },
  { account, topics: new Map(), streams },
)
const matching = [rule]
const actions = await openActionsTopic(kafka, codec)
const writer = new StreamWriter({ streams, producer })
const engine = new Engine({
  accountId: account.accountId,
  rules: { matching: () => matching, compiled: () => rule },
  output: () => ({ producer, streams: writer, actions, publish: async () => [] }),
  counts: stage('bench.rules'),
  log,
})

const temperature = KIND === 'other' ? 90 : 110
let made = 0
const message = (): DeviceMessage => ({
  topic: `trucks/${made++ % 1000}/engine`,
  payload: Buffer.from(
    `{"temperature":${temperature + (made % 9)},"state":"running","fuel":41.5,"speed":${made % 120}}`,
  ),
  qos: 1,
  clientId: `truck-${made % 1000}`,
  principal: 'trucks',
  receivedAt: Date.now(),
  properties: undefined,
})

async function run(count: number): Promise<void> {
  let left = count / BATCH
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      while (left-- > 0) {
        const errors = await engine.run(Array.from({ length: BATCH }, message))
        const failed = errors.find((error) => error !== undefined)
        if (failed !== undefined) throw failed
      }
    }),
  )
}

const count = Number(MESSAGES)
await run(count / 4)
const [cpu, from] = [process.cpuUsage(), performance.now()]
await run(count)
const { user, system } = process.cpuUsage(cpu)
const figure = {
  perCpuSecond: (count * 1e6) / (user + system),
  perSecond: (count * 1000) / (performance.now() - from),
}
writeFileSync(RESULT, JSON.stringify(figure))
process.exit()
