/**
 * Reference data: the compacted topic weir.control.reference is the truth, Redis the shared copy, and every replica keeps the tables
 * that its flows use in memory. A change goes API → topic → Redis → replicas, within a second and without restart.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Codec } from '@weir/codec'
import { type Kafka, type RecordBatch, encodeHeaders } from '@weir/kafka'
import { watchGroup } from '@weir/service'
import type { ReferenceTable } from '@weir/solutions'
import { connectRedis, RedisTables, type ReferenceChange } from './redis-tables.ts'

export const TOPIC = 'weir.control.reference'
const POLL_MS = 1000

export interface Reference {
  /** The live view of a table named when this was opened. */
  table(name: string): ReferenceTable
  /** All entries of any table, from Redis. */
  entries(table: string): Promise<Map<string, unknown>>
  /** Stores an entry, null removes it; resolves when the change is in the topic. Rejects with the producer's KafkaError. */
  put(table: string, id: string, value: unknown): Promise<void>
  /** True once the tables were read from Redis; false again while Redis does not answer. */
  ready(): boolean
}

interface View extends ReferenceTable {
  version: number
  entries: ReadonlyMap<string, unknown>
}

interface Options {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly redisUrl: string
  readonly tables: readonly string[]
  readonly log: { info(details: object, message: string): void, warn(details: object, message: string): void }
}

export async function openReference({ kafka, codec, redisUrl, tables, log }: Options): Promise<{ value: Reference, stop(): Promise<void> }> {
  const redis = connectRedis(redisUrl, log)
  const store = new RedisTables(redis)
  const reader = await codec.reader(TOPIC)
  const writer = await codec.writer(TOPIC)
  const producer = await kafka.producer()
  const views = new Map<string, View>(tables.map((name) => [name, { version: 0, entries: new Map() }]))
  let seen = -1
  let ready = false
  const stopping = new AbortController()

  const changesOf = async (batch: RecordBatch): Promise<ReferenceChange[]> => {
    await reader.prepare(batch)
    return Array.from({ length: batch.length }, (_, i) => {
      const [table, id] = splitKey(batch.bytes.toString('utf8', batch.keyStart[i], batch.keyEnd[i]))
      const json = batch.valueStart[i] < 0 ? null : (reader.decode(batch.bytes, batch.valueStart[i], batch.valueEnd[i]) as { json: string }).json
      return { table, id, offset: batch.offsets[i], json }
    })
  }

  /** One replica at a time follows the topic; offsets in Redis make a redelivery harmless. */
  const following = await kafka.consume({ groupId: 'enricher.reference', topics: [TOPIC], startAt: 'earliest' }, async (batch) => {
    if (batch.length > 0) await store.apply(await changesOf(batch), 'part')
  })

  const unwatchGroup = watchGroup(following)


  /** Redis lost its data or is new: fill it from the topic's beginning. Several replicas doing so at once do no harm. */
  const rebuild = async (): Promise<void> => {
    const changes: ReferenceChange[] = []
    const reading = await kafka.read({ topics: [TOPIC], from: 'earliest', until: 'end' }, async (batch) => {
      changes.push(...await changesOf(batch))
    })
    await reading.done
    await store.apply(changes, 'whole')
    log.info({ entries: changes.length }, 'rebuilt the reference tables in Redis from the topic')
  }

  const refresh = async (): Promise<void> => {
    const version = await store.version()
    if (version === undefined) return rebuild()
    if (version !== seen) {
      for (const [name, view] of views) {
        view.entries = await store.load(name)
        view.version++
      }
      seen = version
    }
    ready = true
  }

  let wake = (): void => {}
  const polling = (async () => {
    while (!stopping.signal.aborted) {
      await refresh().catch((error: Error) => {
        ready = false
        log.warn({ error: error.message }, 'could not refresh the reference tables')
      })
      await Promise.race([pause(POLL_MS, undefined, { signal: stopping.signal }).catch(() => {}), new Promise<void>((resolve) => { wake = resolve })])
    }
  })()
  const unwatch = store.watch(() => wake()).catch(() => () => {}) // Polling alone is enough, only slower.

  return {
    value: {
      ready: () => ready,
      entries: (table) => store.load(table),
      table: (name) => {
        const view = views.get(name)
        if (!view) throw new Error(`The flow uses the reference table "${name}" without naming it among its tables.`)
        return view
      },
      put: async (table, id, value) => {
        const key = Buffer.from(`${table}/${id}`)
        const bytes = value === null ? null : encode(writer, { table, id, json: JSON.stringify(value) })
        const delivery = producer.delivery()
        delivery.append(TOPIC, 0, key, 0, key.length, bytes, 0, bytes?.length ?? 0, HEADERS, 0, HEADERS.length)
        const [failure] = await delivery.settled()
        if (failure) throw failure.error
      },
    },
    stop: async () => {
      stopping.abort()
      await polling
      unwatchGroup()
      await following.stop();
      (await unwatch)()
      await producer.stop()
      redis.disconnect()
    },
  }
}

const HEADERS = encodeHeaders({ 'weir-source': 'reference-api' })

function encode(writer: { encode(value: any, into: Buffer, at: number): number }, value: { table: string, id: string, json: string }): Buffer {
  for (let size = 512 + value.json.length * 3; ; size *= 2) {
    const buffer = Buffer.allocUnsafe(size)
    const end = writer.encode(value, buffer, 0)
    if (end >= 0) return buffer.subarray(0, end)
  }
}

function splitKey(key: string): [table: string, id: string] {
  const slash = key.indexOf('/')
  return [key.slice(0, slash), key.slice(slash + 1)]
}
