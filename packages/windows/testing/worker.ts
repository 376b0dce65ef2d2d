/**
 * A process that runs the windows of a definition over a topic, for tests that kill it. Runs until SIGTERM. A record's
 * value is "time,number"; a result's is "key start-end revision count sum max".
 */

import { readConfig } from '@weir/config'
import { appendRecord, kafkaConfig, openKafka } from '@weir/kafka'
import { logger } from '@weir/service'
import { keyedTask, Memory, openStateStore } from '@weir/state'
import { type Aggregate, timersOf, WindowOperator, type WindowOptions, type WindowSpec } from '../index.ts'
import { stateCodec, type Totals } from './state-codec.ts'

export interface WorkerOptions {
  readonly brokers: readonly string[]
  readonly registry: string
  readonly input: string
  readonly output: string
  readonly changelog: string
  readonly dir: string
  readonly window: WindowSpec
  readonly options: WindowOptions
}

const { brokers, registry, input, output, changelog, dir, window, options }: WorkerOptions = JSON.parse(
  process.argv[2],
)
const totals: Aggregate<number, Totals, string> = {
  init: () => ({ count: 0, sum: 0, max: -Infinity }),
  add: ({ count, sum, max }, value) => ({ count: count + 1, sum: sum + value, max: Math.max(max, value) }),
  merge: (one, other) => ({
    count: one.count + other.count,
    sum: one.sum + other.sum,
    max: Math.max(one.max, other.max),
  }),
  result: ({ count, sum, max }, { key, startMs, endMs, revision }) =>
    `${key} ${startMs}-${endMs} ${revision} ${count} ${sum} ${max}`,
}
const { value: kafka, stop } = await openKafka(readConfig({ KAFKA_BROKERS: brokers.join() }, kafkaConfig))
const log = logger('windows')
log.level = 'error'
const stateOf = await openStateStore({
  kafka,
  codec: await stateCodec(registry, changelog),
  config: { dir, memory: new Memory(16 << 20) },
  topic: changelog as never,
  timers: (value) => timersOf(value as never, { window, ...options }),
  maxKeys: 1e6,
  log,
})
await kafka.transform(
  { groupId: input, topics: [input], startAt: 'earliest', maxBatchRecords: 100 },
  (partition) => {
    const state = stateOf(partition) as never
    let results: [Buffer, string][] = []
    const operator = new WindowOperator({ window, ...options, aggregate: totals }, state, (value, key) =>
      results.push([key, value]),
    )
    return keyedTask(state, {
      begin: () => {
        results = []
        operator.begin(Date.now())
      },
      process(batch, _state, out) {
        const { bytes, keyStart, keyEnd, valueStart, valueEnd, timestamps } = batch
        for (let i = 0; i < batch.length; i++) {
          const [time, value] = bytes.toString('latin1', valueStart[i], valueEnd[i]).split(',').map(Number)
          operator.add(bytes, keyStart[i], keyEnd[i], value, time, timestamps[i])
        }
        operator.finish(Date.now())
        for (const [key, value] of results.splice(0))
          appendRecord(out, { topic: output, partition, key, value: Buffer.from(value) })
      },
    })
  },
)
process.once('SIGTERM', async () => {
  await stop()
  process.exit(0)
})
process.once('disconnect', () => process.exit(1))
process.send!('ready')
