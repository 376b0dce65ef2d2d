/** The applications of solutions: routes of their own, over streams, topics and what Redis keeps of these. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Codec, Reader } from '@weir/codec'
import type { TopicName } from '@weir/contracts'
import { decodeHeaders, encodeHeaders, keyOf, type Kafka, type Producer, type Reading, type RecordBatch, type Subscription } from '@weir/kafka'
import { identify, watchGroup, type Access, type Logger, type Resource } from '@weir/service'
import type { Application, ApplicationDefinition, ApplicationDeps } from '@weir/solutions'
import { StreamWriter, type Streams } from '@weir/streams'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { LatestValues } from './latest.ts'

export interface ApplicationsOptions {
  readonly definitions: readonly ApplicationDefinition[]
  readonly kafka: Kafka
  readonly codec: Codec
  readonly streams: Streams
  readonly access: Access
  readonly redisUrl: string
  readonly log: Logger
}

/** How often Redis is asked whether it still has everything (ms). */
const LOOK_MS = 2000
/** Values reach Redis so much later, together: who waits for one gets it from the topic itself. */
const GATHER = { ms: 100, bytes: 1 << 20 }

/** The value is what openHttp mounts. */
export async function openApplications({ definitions, kafka, codec, streams, access, redisUrl, log }: ApplicationsOptions): Promise<Resource<(app: FastifyInstance) => Promise<void>>> {
  const producer: Producer = await kafka.producer()
  const writer = new StreamWriter({ streams, producer })
  const stops: (() => Promise<void>)[] = []

  const deps: ApplicationDeps = {
    async put(stream, key, data, id) {
      const block = encodeHeaders({ 'weir-id': id, 'weir-source': 'application' })
      const { fates: [fate] } = await writer.put(stream, [{ data, key, hashKey: undefined }], { block, end: () => block.length })
      if (typeof fate !== 'object') throw Object.assign(new Error(`The record for ${stream} is not known to be stored.`), { retriable: true })
    },

    async follow(topic, accept) {
      const reader: Reader = await codec.reader(topic)
      const reading: Reading = await kafka.read({ topics: [topic], from: 'latest', until: 'stopped' }, async (batch) => {
        await reader.prepare(batch)
        for (let i = 0; i < batch.length; i++) {
          if (batch.valueStart[i] < 0) continue
          try {
            accept(reader.decode(batch.bytes, batch.valueStart[i], batch.valueEnd[i]), decodeHeaders(batch.bytes, batch.headersStart[i]))
          } catch (error) {
            log.warn({ err: error, topic, partition: batch.partition, offset: batch.offsets[i] }, 'a record cannot be read and is left out')
          }
        }
      })
      reading.done.catch((error: Error) => log.error({ err: error, topic }, 'the topic is not followed any more'))
      stops.push(() => reading.stop())
    },

    async latest(topic) {
      const values = new LatestValues(redisUrl, topic, log)
      const reader: Reader = await codec.reader(topic)
      // One replica at a time copies a partition; older values never replace newer ones.
      const copying: Subscription = await kafka.consume({ groupId: `enricher.latest.${topic}`, topics: [topic], startAt: 'earliest', gather: GATHER }, (batch) => copy(values, reader, batch))
      const unwatch = watchGroup(copying)
      const stopping = new AbortController()
      const watching = watch(topic, values, reader, stopping.signal)
      stops.push(async () => {
        unwatch()
        stopping.abort()
        await Promise.all([copying.stop(), watching])
        await values.stop()
      })
      return { get: (key) => values.get(key) }
    },

    identify: (request) => void identify(access, request as FastifyRequest),
  }

  /** Where Redis is new or has lost its data, fills it from the topic's beginning. */
  async function watch(topic: TopicName, values: LatestValues, reader: Reader, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (!await values.whole()) {
          await (await kafka.read({ topics: [topic], from: 'earliest', until: 'end' }, (batch) => copy(values, reader, batch))).done
          await values.markWhole()
        }
      } catch (error) {
        log.warn({ err: error, topic }, 'the newest values could not be copied to Redis; trying again')
      }
      await sleep(LOOK_MS, undefined, { signal }).catch(() => {})
    }
  }

  const applications: Application[] = []
  for (const definition of definitions) applications.push(await definition.open(deps))
  return {
    value: async (app) => {
      for (const application of applications) await application.routes(app)
    },
    stopping: () => applications.forEach((application) => application.stopping()),
    stop: async (drainMs) => {
      await Promise.all(stops.map((stop) => stop()))
      await producer.stop(drainMs)
    },
  }
}

async function copy(values: LatestValues, reader: Reader, batch: RecordBatch): Promise<void> {
  await reader.prepare(batch)
  const newest = new Map<string, { offset: number, json: string | null }>()
  for (let i = 0; i < batch.length; i++) {
    const key = keyOf(batch, i)?.toString()
    if (key === undefined) continue
    const json = batch.valueStart[i] < 0 ? null : JSON.stringify(reader.decode(batch.bytes, batch.valueStart[i], batch.valueEnd[i]))
    newest.set(key, { offset: batch.offsets[i], json })
  }
  await values.put(newest)
}
