/** Windows over a topic, exactly once, as a process to measure. Runs until SIGTERM. */
import { readConfig } from '@weir/config'
import { appendRecord, kafkaConfig, openKafka } from '@weir/kafka'
import { logger } from '@weir/service'
import { type KeyedState, keyedTask, openStateStore, stateConfig } from '@weir/state'
import { timersOf, tumbling, type WindowDefinition, WindowOperator, type WindowState } from '@weir/windows'
import { stateCodec } from '@weir/windows/testing/state-codec.ts'
import { DISORDER_MS, readLong, WINDOW_MS } from './readings.ts'

interface Totals {
  count: number
  sum: number
  min: number
  max: number
}

const definition: WindowDefinition<number, Totals, string> = {
  window: tumbling(WINDOW_MS),
  disorderMs: DISORDER_MS,
  aggregate: {
    init: () => ({ count: 0, sum: 0, min: Infinity, max: -Infinity }),
    add(totals, reading) {
      totals.count++
      totals.sum += reading
      totals.min = Math.min(totals.min, reading)
      totals.max = Math.max(totals.max, reading)
      return totals
    },
    result: ({ count, sum, min, max }, { startMs }) => `${startMs} ${count} ${sum} ${min} ${max}`,
  },
}

const longs = (...names: string[]) => names.map((name) => ({ name, type: 'long' }))
const acc = { type: 'record', name: 'Totals', fields: longs('count', 'sum', 'min', 'max') }
const window = {
  type: 'record',
  name: 'TotalsWindow',
  fields: [...longs('startMs', 'endMs', 'revision'), { name: 'acc', type: acc }],
}
const STATE = {
  type: 'record',
  name: 'TotalsState',
  fields: [
    { name: 'windows', type: { type: 'array', items: window } },
    { name: 'watermarkMs', type: ['null', 'long'], default: null },
  ],
}

const { GROUP = '', INPUT = '', OUTPUT = '', CHANGELOG = '', REGISTRY_URL = '' } = process.env
const log = logger('windows')
const { value: kafka, stop } = await openKafka(readConfig(process.env, kafkaConfig), log)
const { value: stateOf } = await openStateStore({
  kafka,
  codec: await stateCodec(REGISTRY_URL, CHANGELOG, STATE),
  config: readConfig(process.env, stateConfig),
  topic: CHANGELOG as never,
  timers: (value) => timersOf(value as never, definition),
  maxKeys: 1_000_000,
  log,
})
await kafka.transform({ groupId: GROUP, topics: [INPUT], startAt: 'earliest' }, (partition) => {
  const state = stateOf(partition) as unknown as KeyedState<WindowState<Totals>>
  let results: [key: Buffer, value: string][] = []
  const operator = new WindowOperator(definition, state, (value, key) => results.push([key, value]))
  return keyedTask(state, {
    begin() {
      results = []
      operator.begin(Date.now())
    },
    process(batch, _state, out) {
      const { bytes, keyStart, keyEnd, valueStart, timestamps } = batch
      for (let i = 0; i < batch.length; i++) {
        const timeMs = readLong(bytes, valueStart[i])
        const reading = readLong(bytes, valueStart[i] + 8)
        const placed = operator.add(bytes, keyStart[i], keyEnd[i], reading, timeMs, timestamps[i])
        if (placed !== 'taken')
          throw new Error(`The record ${batch.offsets[i]} of ${partition} is ${placed}.`)
      }
      operator.finish(Date.now())
      for (const [key, value] of results)
        appendRecord(out, { topic: OUTPUT, partition, key, value: Buffer.from(value) })
      results = []
    },
  })
})
process.once('SIGTERM', () => void stop().then(() => process.exit()))
