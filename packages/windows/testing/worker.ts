/**
 * A process that runs windows or a join over topics, for tests that kill it. Runs until SIGTERM. A record's value is
 * "time,number". The result of a window is "key start-end revision count sum max", and that of a pair is
 * "key time,number time,number". A row whose number is a multiple of ten is a deletion.
 */

import { readConfig } from '@weir/config'
import { type Appender, appendRecord, kafkaConfig, openKafka, type RecordBatch } from '@weir/kafka'
import { logger } from '@weir/service'
import { keyedTask, Memory, openStateStore, type Timers } from '@weir/state'
import {
  type Aggregate,
  type JoinDefinition,
  JoinOperator,
  joinTimers,
  type TableJoinDefinition,
  TableJoinOperator,
  tableJoinTimers,
  timersOf,
  WindowOperator,
  type WindowOptions,
  type WindowSpec,
} from '../index.ts'
import { JOIN_STATE, stateCodec, TABLE_JOIN_STATE, TOTALS_STATE, type Totals } from './state-codec.ts'

export type Work =
  | { readonly window: WindowSpec; readonly options: WindowOptions }
  | { readonly join: Omit<JoinDefinition<string, string, string>, 'join'> }
  | { readonly table: Omit<TableJoinDefinition<string, string, string>, 'join'> }

export interface WorkerOptions {
  readonly brokers: readonly string[]
  readonly registry: string
  readonly group: string
  /** A join has two: left and right, or the stream and the table. */
  readonly inputs: readonly string[]
  readonly output: string
  readonly changelog: string
  readonly dir: string
  readonly work: Work
}

interface Operator {
  begin(): void
  add(batch: RecordBatch, i: number, time: number, value: number): void
  finish(): void
  tick(): void
}

const { brokers, registry, group, inputs, output, changelog, dir, work }: WorkerOptions = JSON.parse(
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

function operatorOf(state: never, emit: (result: string, key: Buffer) => void): Operator {
  if ('window' in work) {
    const { window, options } = work
    const operator = new WindowOperator({ window, ...options, aggregate: totals }, state, emit)
    return {
      begin: () => operator.begin(Date.now()),
      add: ({ bytes, keyStart, keyEnd, timestamps }, i, time, value) =>
        operator.add(bytes, keyStart[i], keyEnd[i], value, time, timestamps[i]),
      finish: () => operator.finish(Date.now()),
      tick: () => operator.tick(Date.now()),
    }
  }
  const join = (left: string, right: string | undefined, { key }: { readonly key: string }): string =>
    `${key} ${left} ${right}`
  if ('table' in work) {
    const operator = new TableJoinOperator<string, string, string>({ ...work.table, join }, state, emit)
    return {
      begin: () => operator.begin(Date.now()),
      add: ({ topic, bytes, keyStart, keyEnd, timestamps }, i, time, value) => {
        const text = `${time},${value}`
        if (topic === inputs[0]) operator.addRecord(bytes, keyStart[i], keyEnd[i], text, time, timestamps[i])
        else
          operator.addRow(bytes, keyStart[i], keyEnd[i], value % 10 === 0 ? null : text, time, timestamps[i])
      },
      finish: () => operator.finish(Date.now()),
      tick: () => operator.tick(Date.now()),
    }
  }
  const operator = new JoinOperator({ ...work.join, join }, state, emit)
  return {
    begin: () => operator.begin(),
    add: ({ topic, bytes, keyStart, keyEnd, timestamps }, i, time, value) => {
      const side = topic === inputs[0] ? 'left' : 'right'
      operator.add(side, bytes, keyStart[i], keyEnd[i], `${time},${value}`, time, timestamps[i])
    },
    finish: () => operator.finish(),
    tick: () => operator.tick(),
  }
}

function stateOfWork(): { schema: object; timers: (value: never) => Timers } {
  if ('table' in work) return { schema: TABLE_JOIN_STATE, timers: tableJoinTimers }
  if ('join' in work) return { schema: JOIN_STATE, timers: (value) => joinTimers(value, work.join) }
  return {
    schema: TOTALS_STATE,
    timers: (value) => timersOf(value, { window: work.window, ...work.options }),
  }
}

const { schema, timers } = stateOfWork()
const { value: kafka, stop } = await openKafka(readConfig({ KAFKA_BROKERS: brokers.join() }, kafkaConfig))
const log = logger('windows')
log.level = 'error'
const { value: stateOf } = await openStateStore({
  kafka,
  codec: await stateCodec(registry, changelog, schema),
  config: { dir, memory: new Memory(16 << 20), isStandby: false },
  topic: changelog as never,
  timers,
  maxKeys: 1e6,
  log,
})
await kafka.transform(
  { groupId: group, topics: inputs, startAt: 'earliest', maxBatchRecords: 100 },
  (partition) => {
    const state = stateOf(partition) as never
    let results: [Buffer, string][] = []
    const operator = operatorOf(state, (value, key) => results.push([key, value]))
    const write = (out: Appender): void => {
      for (const [key, value] of results.splice(0))
        appendRecord(out, { topic: output, partition, key, value: Buffer.from(value) })
    }
    return keyedTask(state, {
      begin: () => {
        results = []
        operator.begin()
      },
      process(batch, _state, out) {
        const { bytes, valueStart, valueEnd } = batch
        for (let i = 0; i < batch.length; i++) {
          const [time, value] = bytes.toString('latin1', valueStart[i], valueEnd[i]).split(',').map(Number)
          operator.add(batch, i, time, value)
        }
        operator.finish()
        write(out)
      },
      tick(_now, _state, out) {
        operator.tick()
        write(out)
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
