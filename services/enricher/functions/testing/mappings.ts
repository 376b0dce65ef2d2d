/** Shared by tests of mappings: topics with their records, and processes that run functions. */
import {
  appendRecord,
  decodeHeaders,
  keyOf,
  NO_HEADERS,
  partitionOfKey,
  valueOf,
  writeRecords,
} from '@weir/kafka'
import { uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import { type Backends, openBackends } from './backends.ts'
import { type Host, type HostOptions, startHost } from './hosting.ts'

interface Read {
  readonly key: string
  readonly value: string
  readonly headers: Record<string, string>
}

export interface MappingTests {
  /** The backends of the file; callable from beforeAll on. */
  opened(): Backends
  /** Creates a topic and returns its name. */
  topic(partitions?: number, prefix?: string, configs?: Record<string, string>): Promise<string>
  /** Writes values "key:number" under their keys. */
  produce(topic: string, values: readonly string[], headersOf?: (value: string) => Buffer): Promise<void>
  /** Returns all records of a topic. */
  readAll(topic: string): Promise<Read[]>
  /** Starts a process with these functions and mappings, which ends with the test. */
  host(options: Pick<HostOptions, 'definitions' | 'mappings'>): Promise<Host>
}

/** Opens the backends before the tests of a file, and closes them after these. */
export function useMappings(): MappingTests {
  let backends: Backends
  beforeAll(async () => {
    backends = await openBackends()
  })
  afterAll(() => backends.stop())

  return {
    opened: () => backends,
    async topic(partitions = 1, prefix = 'source', configs = {}) {
      const name = uniqueName(prefix)
      const { admin } = backends.kafka
      await admin.createTopics([
        {
          name,
          partitions,
          replicas: -1,
          configs: { 'message.timestamp.type': 'LogAppendTime', ...configs },
        },
      ])
      return name
    },
    async produce(topic, values, headersOf = () => NO_HEADERS) {
      const { kafka } = backends
      const partitions = await kafka.partitions(topic)
      const producer = await kafka.producer()
      await writeRecords(producer, (out) => {
        for (const value of values) {
          const [key] = value.split(':')
          const partition = partitionOfKey(key, partitions)
          appendRecord(out, { topic, partition, key, value: Buffer.from(value), headers: headersOf(value) })
        }
      })
      await producer.stop()
    },
    async readAll(topic) {
      const found: Read[] = []
      const reading = await backends.kafka.read(
        { topics: [topic], from: 'earliest', until: 'end' },
        (batch) => {
          for (let i = 0; i < batch.length; i++)
            found.push({
              key: String(keyOf(batch, i)),
              value: String(valueOf(batch, i)),
              headers: decodeHeaders(batch.bytes, batch.headersStart[i]),
            })
        },
      )
      await reading.done
      return found
    },
    async host(options) {
      const started = await startHost({ ...backends.backends, ...options })
      onTestFinished(async () => void (await started.stop()))
      return started
    },
  }
}

/** Expects the numbers of the values "key:number" to grow within each key. */
export function expectKeysInOrder(values: readonly string[]): void {
  const last = new Map<string, number>()
  for (const value of values) {
    const [key, n] = value.split(':')
    expect(Number(n), value).toBeGreaterThan(last.get(key) ?? -1)
    last.set(key, Number(n))
  }
}

/**
 * Returns each record that it gets, so that the output shows the function's input. `n` is the invocation's
 * number in its environment.
 */
export const ECHO = `
let n = 0
const valuesOf = (event) => (event.Records ?? Object.values(event.records).flat()).map((r) => Buffer.from(r.kinesis?.data ?? r.value, 'base64').toString())
export const handler = async (event) => {
  n++
  return { records: valuesOf(event).map((value) => ({ key: value.split(':')[0], value, headers: { batch: String(valuesOf(event).length) } })) }
}`
