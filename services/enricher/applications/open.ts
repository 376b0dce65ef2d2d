/** The applications of solutions: their own routes and live pages over streams, topics, and tables. */
import type { Codec, Writer } from '@weir/codec'
import { HEADERS, type TopicName } from '@weir/contracts'
import { encodeHeaders, encodeValue, type Kafka, partitionOfKey, writeRecord } from '@weir/kafka'
import type { LivePage } from '@weir/pages'
import {
  type Access,
  identify,
  type Logger,
  mayRead,
  mayWrite,
  type Readiness,
  type Resource,
} from '@weir/service'
import {
  type Application,
  type ApplicationClient,
  type ApplicationDeps,
  type ApplicationPage,
  type LiveContent,
  type ReferenceTable,
  type Solution,
  topics,
} from '@weir/solutions'
import { type Streams, StreamWriter, TOPIC_PREFIX } from '@weir/streams'
import { openRedisTable } from '@weir/tables'
import { Follower, openRecent } from '@weir/topics'
import type { FastifyInstance } from 'fastify'
import type { RowViews } from '../rows.ts'

export interface ApplicationsOptions {
  readonly solutions: readonly Pick<Solution, 'name' | 'application' | 'page'>[]
  readonly kafka: Kafka
  readonly codec: Codec
  readonly streams: Streams
  readonly access: Access
  readonly redisUrl: string
  readonly table: (name: string) => ReferenceTable
  readonly rows: RowViews
  readonly log: Logger
}

export interface Applications {
  /** Mounts the routes; pass it to openHttp. */
  routes(app: FastifyInstance): Promise<void>
  /** The pages that show snapshots of applications. */
  readonly livePages: readonly LivePage[]
  /** One entry for each topic that an application follows, or whose newest values it reads. */
  readonly ready: Readiness
}

export async function openApplications(options: ApplicationsOptions): Promise<Resource<Applications>> {
  const { solutions, kafka, codec, streams, access, redisUrl, table, rows, log } = options
  const producer = await kafka.producer()
  const writer = new StreamWriter({ streams, producer })
  const ready: Record<string, () => boolean> = {}
  const stops: ((drainMs: number) => unknown)[] = []

  const outputs = new Map<TopicName, Promise<{ writer: Writer<any>; partitions: number }>>()
  const outputOf = (topic: TopicName) => {
    const known = outputs.get(topic)
    if (known !== undefined) return known
    const opening = Promise.all([codec.writer(topic), kafka.partitions(topic)]).then(
      ([writer, partitions]) => ({
        writer,
        partitions,
      }),
    )
    outputs.set(topic, opening)
    opening.catch(() => outputs.delete(topic))
    return opening
  }

  const deps: ApplicationDeps = {
    // Pages call the routes of applications, and a browser repeats a request with its password only if it is asked.
    identify: (request) => identify(access, request, 'Basic'),
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

    async publish(client, topic, value, id) {
      mayWrite(client, topic)
      const { writer, partitions } = await outputOf(topic)
      const key: string = value[topics[topic].key!]
      await writeRecord(producer, {
        topic,
        partition: partitionOfKey(key, partitions),
        key,
        value: encodeValue(writer, value as never),
        headers: headersOf(id, client),
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

    recent: (topic, windowMs, accept) =>
      openRecent({
        kafka,
        codec,
        topic,
        reader: 'applications',
        windowMs,
        log,
        accept: ({ value }) => {
          if (value !== null) accept(value)
        },
      }),

    table,

    async rows(topic) {
      const view = rows.of(topic)
      await rows.open()
      return view
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
  const livePages: LivePage[] = []
  try {
    for (const { name, application, page } of solutions) {
      if (application === undefined) continue
      const opened = await application.open(deps)
      applications.push(opened)
      if (page?.service === 'enricher' && page.live !== undefined)
        livePages.push(livePageOf(name, { ...page, live: page.live }, opened))
    }
  } catch (error) {
    await stop(0)
    throw error
  }
  return {
    value: {
      ready,
      livePages,
      routes: async (app) => {
        for (const application of applications) await application.routes(app)
      },
    },
    stopping: () => applications.forEach((application) => application.stopping?.()),
    stop,
  }
}

function livePageOf(
  name: string,
  { folder, libraries, live }: ApplicationPage & { readonly live: LiveContent },
  { snapshot }: Application,
): LivePage {
  if (snapshot === undefined) throw new Error(`The application of ${name} has no snapshot for its live page.`)
  return {
    name,
    folder,
    libraries,
    ...live,
    tables: {},
    data: snapshot,
    noData: 'The enricher cannot show its data: Kafka does not answer.',
  }
}

function headersOf(id: string, { name }: ApplicationClient): Buffer {
  const client = name !== undefined && { [HEADERS.client]: name }
  return encodeHeaders({ [HEADERS.id]: id, [HEADERS.source]: 'application', ...client })
}
