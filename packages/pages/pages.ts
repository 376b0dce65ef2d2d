/**
 * Live pages: mounts them, and sends their viewers the page's data and the state of its stages once a second.
 */

import type { Codec } from '@weir/codec'
import type { Kafka } from '@weir/kafka'
import {
  type Access,
  type Client,
  clientOf,
  identify,
  type Logger,
  mayRead,
  type Readiness,
  type Resource,
} from '@weir/service'
import { Follower } from '@weir/topics'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { mountFiles, type PageFiles, pathOf } from './files.ts'
import { Live } from './live.ts'
import { openSnapshots, type SnapshotSource } from './snapshot.ts'
import { StageBoard } from './stages.ts'

/** A page and what it shows. */
export interface LivePage extends PageFiles, SnapshotSource {
  /** A client may look at the page if it may read these topics. */
  readonly topics: readonly string[]
  /** Tables that the page fetches whole, by name. Snapshots may carry their versions. */
  readonly tables: Readonly<Record<string, PageTable>>
}

/** A table that may change. `version` grows with every change. */
export interface PageTable {
  readonly version: number
  readonly entries: ReadonlyMap<string, unknown>
}

export interface PagesOptions {
  readonly pages: readonly LivePage[]
  readonly access: Access
  readonly kafka: Pick<Kafka, 'admin' | 'fetch' | 'offsetAt' | 'partitions' | 'read'>
  readonly codec: Pick<Codec, 'reader'>
  readonly log: Logger
  /**
   * The maximum number of concurrent viewers of each page (default 200). Others are asked to come back later.
   */
  readonly maxViewers?: number
}

export interface Pages {
  /** Mounts every page. Pass it to openHttp. */
  routes(app: FastifyInstance): Promise<void>
  /** One entry for each topic that the pages follow. */
  readonly ready: Readiness
}

const MAX_VIEWERS = 200

/**
 * Begins to follow statistics. A broker that is away is not an error here: the pages report it themselves.
 */
export function openPages({
  pages,
  access,
  kafka,
  codec,
  log,
  maxViewers = MAX_VIEWERS,
}: PagesOptions): Resource<Pages> {
  const board = new StageBoard(Date.now)
  const stats = new Follower({
    kafka,
    codec,
    log,
    reader: 'pages',
    topic: 'weir.stats',
    from: 'latest',
    accept: (record) => board.accept(record),
    reset: () => {},
  })
  stats.start()
  const sampling = setInterval(() => board.sample(), 1000)
  const lives: Live[] = []

  const mount =
    (page: LivePage) =>
    async (app: FastifyInstance): Promise<void> => {
      app.addHook('onRequest', async (request) => {
        const client = identify(access, request, 'Basic')
        for (const topic of page.topics) mayRead(client, topic)
      })
      const snapshots = openSnapshots({ source: page, name: page.name, board, admin: kafka.admin, log })
      const live = new Live(() => snapshots.current(), maxViewers)
      lives.push(live)
      await mountFiles(app, page)
      const at = pathOf(page.name)
      app.get(`${at}snapshot`, async (_, reply) => json(reply).send(await snapshots.current()))
      for (const [name, table] of Object.entries(page.tables)) {
        const bytes = tableBytes(table)
        app.get(`${at}tables/${name}`, (_, reply) => json(reply).send(bytes()))
      }
      // A HEAD request would occupy a viewer's place without ever being sent anything.
      app.get(`${at}live`, { exposeHeadRoute: false }, (request, reply) =>
        live.admit(request, reply, viewerOf(access, page, request)),
      )
    }

  const routes = async (app: FastifyInstance): Promise<void> => {
    for (const page of pages) {
      mountSession(app, access, page)
      await app.register(mount(page))
    }
  }

  return {
    value: { routes, ready: { statistics: () => stats.ready } },
    /** A stopping server waits for the answers in progress, and a stream ends only here. */
    stopping: () => lives.forEach((live) => live.end()),
    stop: async () => {
      clearInterval(sampling)
      await stats.stop()
    },
  }
}

const uncached = (reply: FastifyReply): FastifyReply => reply.header('cache-control', 'no-store')
const json = (reply: FastifyReply): FastifyReply => uncached(reply).type('application/json')

/**
 * Returns a function that gives the request's client at each call, as long as the client may see the page's
 * data.
 */
function viewerOf(access: Access, { topics }: LivePage, request: FastifyRequest): () => Client | undefined {
  const now = clientOf(access, request)
  return () => {
    const client = now()
    return client !== undefined && topics.every((topic) => client.mayRead(topic)) ? client : undefined
  }
}

/**
 * Tells a page whether its key is still valid. The 401 has no challenge, because the browser would then ask
 * for a password.
 */
function mountSession(app: FastifyInstance, access: Access, page: LivePage): void {
  app.get(`${pathOf(page.name)}session`, (request, reply) =>
    uncached(reply)
      .code(viewerOf(access, page, request)() ? 204 : 401)
      .send(),
  )
}

/**
 * The whole table as JSON, serialized once per version. Snapshots carry only its version, and all clients get
 * the same bytes.
 */
function tableBytes(table: PageTable): () => Buffer {
  let made = -1
  let bytes = Buffer.alloc(0)
  return () => {
    const { version, entries } = table
    if (made !== version)
      bytes = Buffer.from(JSON.stringify({ version, entries: Object.fromEntries(entries) }))
    made = version
    return bytes
  }
}
