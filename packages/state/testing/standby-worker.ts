/**
 * A process that counts the records of each key, for tests that kill it. Its states have 200 bytes. It joins the group
 * when it is told to, says when partitions are assigned and when their tasks have begun, and runs until SIGTERM.
 */
import { once } from 'node:events'
import { openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import { kafkaConfig, openKafka } from '@weir/kafka'
import { logger } from '@weir/service'
import { topics } from '@weir/solutions'
import { type KeyedState, type KeyedWork, keyedTask, Memory, NO_TIMERS, openStateStore } from '../index.ts'
import { CONTRACT, type Count } from './counting.ts'

export interface WorkerOptions {
  readonly brokers: readonly string[]
  readonly registry: string
  readonly input: string
  readonly changelog: string
  readonly dir: string
  readonly isStandby: boolean
}

export type Said = { readonly what: 'open' } | { readonly what: 'assigned' | 'begun'; readonly at: number }

const STATE_BYTES = 200
const { brokers, registry, input, changelog, dir, isStandby }: WorkerOptions = JSON.parse(process.argv[2])
const say = (said: Said): void => void process.send!(said)
const quiet = logger('standby')
quiet.level = 'error'
const log = Object.create(quiet, {
  info: {
    value: (_details: unknown, text: string) =>
      text === 'Partitions assigned' && say({ what: 'assigned', at: Date.now() }),
  },
})

const { value: kafka } = await openKafka(readConfig({ KAFKA_BROKERS: brokers.join() }, kafkaConfig), log)
const { value: codec } = await openCodec({ topics, url: registry })
const { value: stateOf } = await openStateStore({
  kafka,
  codec: {
    ...codec,
    reader: () => codec.reader(CONTRACT),
    writer: () => codec.writer(CONTRACT),
  } as typeof codec,
  config: { dir, memory: new Memory(256 << 20), isStandby },
  topic: changelog as typeof CONTRACT,
  timers: () => NO_TIMERS,
  maxKeys: 1e6,
  log: quiet,
})
const work: KeyedWork<Count> = {
  process({ bytes, keyStart, keyEnd, length }, state) {
    for (let i = 0; i < length; i++) {
      const keyed = state.at(bytes, keyStart[i], keyEnd[i])
      const count = Number.parseInt(keyed.value?.json ?? '0', 10) + 1
      keyed.value = { table: '', id: '', json: String(count).padEnd(STATE_BYTES) }
      state.put(keyed)
    }
  },
}
say({ what: 'open' })
await once(process, 'message')
await kafka.transform({ groupId: input, topics: [input], startAt: 'earliest' }, (partition) => {
  const task = keyedTask(stateOf(partition) as unknown as KeyedState<Count>, work)
  return {
    ...task,
    async begin(...of) {
      await task.begin!(...of)
      say({ what: 'begun', at: Date.now() })
    },
  }
})
process.once('disconnect', () => process.exit(1))
