/** Tasks on a real broker that count the records of each key. The state's `json` is the count. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Appender, appendRecord, type RecordBatch, writeRecords } from '@weir/kafka'
import { logger } from '@weir/service'
import { uniqueName } from '@weir/testkit'
import { openConnections } from '@weir/topics/testing/connections.ts'
import { expect, onTestFinished } from 'vitest'
import { type KeyedState, keyedTask, Memory, NO_TIMERS, openStateStore } from '../index.ts'

export const CONTRACT = 'weir.control.reference'
export const PARTITIONS = 3
const soon = { timeout: 20_000 }

export interface Count {
  readonly table: string
  readonly id: string
  json: string
}

export interface CountingTopics {
  readonly input: string
  readonly changelog: string
  readonly output: string
  readonly erasures: string
}

export interface CountingOptions {
  readonly maxKeys?: number
  readonly memoryBytes?: number
  readonly dir?: string
  readonly isStandby?: boolean
  readonly fail?: (key: string) => void
}

/** Keys such as "p1-a" are in the partition that they name. */
const partitionNamed = (key: string): number => Number(key[1])

export type Counting = Awaited<ReturnType<typeof openCounting>>

export async function openCounting(partitionOf: (key: string) => number = partitionNamed) {
  const connections = await openConnections(CONTRACT)
  const { kafka, codec } = connections
  const dir = mkdtempSync(join(tmpdir(), 'weir-state-it-'))

  async function makeTopics(): Promise<CountingTopics> {
    const input = uniqueName('counted')
    const names = [input, `${input}-out`, `${input}-erasures`]
    await kafka.admin.createTopics(
      names.map((name) => ({ name, partitions: PARTITIONS, replicas: 1, configs: {} })),
    )
    return { input, output: names[1], erasures: names[2], changelog: await connections.makeTopic(PARTITIONS) }
  }

  async function send(topic: string, keys: readonly string[]): Promise<void> {
    const producer = await kafka.producer()
    await writeRecords(producer, (out) => {
      for (const key of keys)
        appendRecord(out, { topic, partition: partitionOf(key), key, value: Buffer.from('1') })
    })
    await producer.stop()
  }

  function store({ changelog }: Pick<CountingTopics, 'changelog'>, options: CountingOptions) {
    const log = logger(uniqueName('state'))
    log.level = 'silent'
    return openStateStore({
      kafka,
      codec,
      config: {
        dir: options.dir ?? dir,
        memory: new Memory(options.memoryBytes ?? 64 << 20),
        isStandby: options.isStandby ?? false,
      },
      topic: changelog as typeof CONTRACT,
      timers: () => NO_TIMERS,
      maxKeys: options.maxKeys ?? 1e6,
      log,
    })
  }

  async function count(topics: CountingTopics, options: CountingOptions = {}) {
    const { input, output, erasures } = topics
    const { value: stateOf, stop: stopStore } = await store(topics, options)
    const states = new Map<number, KeyedState<Count>>()
    const refused: string[] = []
    const subscription = await kafka.transform(
      { groupId: input, topics: [input, erasures], startAt: 'earliest', maxBatchRecords: 50 },
      (partition) => {
        const state = stateOf(partition) as KeyedState<Count>
        states.set(partition, state)
        const work = {
          process(batch: RecordBatch, state: KeyedState<Count>, out: Appender) {
            for (let i = 0; i < batch.length; i++) {
              const key = keyOf(batch, i)
              try {
                const keyed = state.at(batch.bytes, batch.keyStart[i], batch.keyEnd[i])
                if (key.endsWith('-reset')) keyed.value = undefined
                else keyed.value = { table: 't', id: key, json: String(Number(keyed.value?.json ?? 0) + 1) }
                state.put(keyed)
                const value = Buffer.from(keyed.value?.json ?? '')
                appendRecord(out, { topic: output, partition: batch.partition, key, value })
              } catch (error) {
                if ((error as { code?: string }).code !== 'too-many-keys') throw error
                refused.push(key)
              }
              options.fail?.(key)
            }
          },
        }
        return keyedTask(state, work, erasures)
      },
    )
    let isStopped = false
    const stop = async (): Promise<void> => {
      if (isStopped) return
      isStopped = true
      await subscription.stop()
      await stopStore(0)
    }
    onTestFinished(stop)
    const lag = async () =>
      (await kafka.admin.lag(input)).filter(({ topic }) => topic === input).map(({ lag }) => lag)
    const caughtUp = () => expect.poll(lag, soon).toEqual([0, 0, 0])
    return { caughtUp, refused, states, stop }
  }

  /** Reads the output: the counts of each key, in order. */
  async function counts({ output }: CountingTopics): Promise<Map<string, number[]>> {
    const found = new Map<string, number[]>()
    const reading = await kafka.read({ topics: [output], from: 'earliest', until: 'end' }, (batch) => {
      for (let i = 0; i < batch.length; i++) {
        const text = batch.bytes.toString('utf8', batch.valueStart[i], batch.valueEnd[i])
        const key = keyOf(batch, i)
        found.set(key, [...(found.get(key) ?? []), Number(text)])
      }
    })
    await reading.done
    return found
  }

  /** Reads the changelog: the last count of each key. */
  async function changes(changelog: string): Promise<Map<string, number>> {
    const found = new Map<string, number>()
    const reader = await codec.reader(CONTRACT)
    const reading = await kafka.read(
      { topics: [changelog], from: 'earliest', until: 'end' },
      async (batch) => {
        await reader.prepare(batch)
        for (let i = 0; i < batch.length; i++) {
          const { json } = reader.decode(batch.bytes, batch.valueStart[i], batch.valueEnd[i]) as Count
          found.set(keyOf(batch, i), Number.parseInt(json, 10))
        }
      },
    )
    await reading.done
    return found
  }

  return {
    connections,
    dir,
    makeTopics,
    send,
    store,
    count,
    counts,
    changes,
    stop: async () => {
      await connections.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

const keyOf = (batch: RecordBatch, i: number): string =>
  batch.bytes.toString('utf8', batch.keyStart[i], batch.keyEnd[i])
