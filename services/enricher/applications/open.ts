/** The applications of solutions: their own routes over streams, topics, and the newest values in Redis. */
import type { Codec } from '@weir/codec'
import { HEADERS } from '@weir/contracts'
import { encodeHeaders, type Kafka } from '@weir/kafka'
import {
  type Access,
  identify,
  type Logger,
  mayRead,
  mayWrite,
  type Readiness,
  type Resource,
} from '@weir/service'
import type { Application, ApplicationClient, ApplicationDefinition, ApplicationDeps } from '@weir/solutions'
import { type Streams, StreamWriter, TOPIC_PREFIX } from '@weir/streams'
import { openRedisTable } from '@weir/tables'
import { Follower } from '@weir/topics'
import type { FastifyInstance } from 'fastify'

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
  /** Mounts the routes; pass it to openHttp. */
  routes(app: FastifyInstance): Promise<void>
  /** One entry for each topic that an application follows, or whose newest values it reads. */
  readonly ready: Readiness
}

export async function openApplications(options: ApplicationsOptions): Promise<Resource<Applications>> {
  const { definitions, kafka, codec, streams, access, redisUrl, log } = options
  const producer = await kafka.producer()
  const writer = new StreamWriter({ streams, producer })
  const ready: Record<string, () => boolean> = {}
  const stops: ((drainMs: number) => unknown)[] = []

  const deps: ApplicationDeps = {
    identify: (request) => identify(access, request),
    requireRead: mayRead,

    async put(client, stream, key, data, id) {
      mayWrite(client, TOPIC_PREFIX + stream)
      const block = headersOf(id, client)
      const entries = [{ data, key, hashKey: undefined }]
      const { fates } = await writer.put(stream, entries, { block, end: () => block.length })
      if (typeof fates[0] === 'object') return
      throw Object.assign(new Error(`It is unknown whether the record for ${stream} was stored.`), {
        retriable: true,
      })
    },

    async follow(topic, accept) {
      const follower = new Follower({
        kafka,
        codec,
        topic,
        reader: 'applications',
        from: 'latest',
        log,
        reset: () => {},
        accept: ({ value, headers }) => {
          if (value !== null) accept(value, headers)
        },
      })
      stops.push(() => follower.stop())
      await follower.catchUp()
      follower.start()
      ready[`${topic} followed`] = () => follower.ready
    },

    async latest(topic) {
      const groupId = `enricher.latest.${topic}`
      const { value: latest, stop } = await openRedisTable({ kafka, codec, topic, groupId, redisUrl, log })
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

function headersOf(id: string, { name }: ApplicationClient): Buffer {
  const client = name !== undefined && { [HEADERS.client]: name }
  return encodeHeaders({ [HEADERS.id]: id, [HEADERS.source]: 'application', ...client })
}
