/** The applications of solutions: routes of their own, over streams, topics and what Redis keeps of these. */
import type { Codec } from '@weir/codec'
import { encodeHeaders, type Kafka } from '@weir/kafka'
import { identify, mayRead, mayWrite, type Access, type Logger, type Readiness, type Resource } from '@weir/service'
import type { Application, ApplicationDefinition, ApplicationDeps } from '@weir/solutions'
import { StreamWriter, TOPIC_PREFIX, type Streams } from '@weir/streams'
import { Follower } from '@weir/topics'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { openLatest } from './latest.ts'

export interface ApplicationsOptions {
  readonly definitions: readonly ApplicationDefinition[]
  readonly kafka: Kafka
  readonly codec: Codec
  readonly streams: Streams
  readonly access: Access
  readonly redisUrl: string
  readonly log: Logger
}

export interface Applications {
  /** What openHttp mounts. */
  routes(app: FastifyInstance): Promise<void>
  /** By topic that an application follows, or has the newest values of. */
  readonly ready: Readiness
}

export async function openApplications({ definitions, kafka, codec, streams, access, redisUrl, log }: ApplicationsOptions): Promise<Resource<Applications>> {
  const producer = await kafka.producer()
  const writer = new StreamWriter({ streams, producer })
  const ready: Record<string, () => boolean> = {}
  const stops: ((drainMs: number) => unknown)[] = []

  const deps: ApplicationDeps = {
    identify: (request) => identify(access, request as FastifyRequest),
    requireRead: mayRead,

    async put(client, stream, key, data, id) {
      mayWrite(client, TOPIC_PREFIX + stream)
      const block = encodeHeaders({ 'weir-id': id, 'weir-source': 'application', ...client.name !== undefined && { 'weir-client': client.name } })
      const { fates: [fate] } = await writer.put(stream, [{ data, key, hashKey: undefined }], { block, end: () => block.length })
      if (typeof fate !== 'object') throw Object.assign(new Error(`The record for ${stream} is not known to be stored.`), { retriable: true })
    },

    async follow(topic, accept) {
      const follower = new Follower({
        kafka, codec, topic, reader: 'applications', from: 'latest', log,
        accept: ({ value, headers }) => { if (value !== null) accept(value, headers) },
        reset: () => {},
      })
      stops.push(() => follower.stop())
      await follower.catchUp()
      follower.start()
      ready[`${topic} followed`] = () => follower.ready
    },

    async latest(topic) {
      const { value: latest, stop } = await openLatest({ kafka, codec, topic, redisUrl, log })
      stops.push(stop)
      ready[`${topic} in Redis`] = latest.ready
      return {
        get: async (client, key) => {
          mayRead(client, topic)
          return latest.get(key)
        },
      }
    },
  }

  const stop = async (drainMs: number): Promise<void> => {
    await Promise.all(stops.map((stop) => stop(drainMs)))
    await producer.stop(drainMs)
  }
  const applications: Application[] = []
  try {
    for (const definition of definitions) applications.push(await definition.open(deps))
  } catch (error) {
    await stop(0)
    throw error
  }
  return {
    value: {
      ready,
      routes: async (app) => {
        for (const application of applications) await application.routes(app)
      },
    },
    stopping: () => applications.forEach((application) => application.stopping()),
    stop,
  }
}
