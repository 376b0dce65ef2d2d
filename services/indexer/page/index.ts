/**
 * The page server: mounts every solution's page, and sends its viewers the state of the solution and its
 * stages once a second.
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
import {
  type PageDefinition,
  REFERENCE_TOPIC,
  type ReferenceTable,
  ReferenceTables,
  type Solution,
} from '@weir/solutions'
import { materialise } from '@weir/tables'
import { Follower } from '@weir/topics'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { mountFiles } from './files.ts'
import { mountListing } from './listing.ts'
import { Live } from './live.ts'
import { openSnapshots, type SnapshotSearch } from './snapshot.ts'
import { StageBoard } from './stages.ts'

/** The parts of a solution that its page needs. */
export type PagedSolution = Pick<Solution, 'name' | 'title' | 'flows' | 'sinks' | 'tables'> & {
  readonly page: PageDefinition
}

export function hasPage<S extends Solution>(solution: S): solution is S & PagedSolution {
  return solution.page !== undefined
}

export interface PagesOptions {
  readonly solutions: readonly PagedSolution[]
  /** A client may look at a page if it may read the topics of the page's indices. */
  readonly access: Access
  readonly engine: SnapshotSearch
  readonly kafka: Pick<Kafka, 'admin' | 'fetch' | 'offsetAt' | 'partitions' | 'read'>
  readonly codec: Pick<Codec, 'reader'>
  readonly log: Logger
  /**
   * The maximum number of concurrent viewers of each page (default 200). Others are asked to come back later.
   */
  readonly maxViewers?: number
}

export interface Pages {
  /** Mounts / and the /NAME/ of every solution. Pass it to openHttp. */
  routes(app: FastifyInstance): Promise<void>
  /** One entry for each topic that the pages follow. */
  readonly ready: Readiness
}

const MAX_VIEWERS = 200

/**
 * Begins to follow statistics and reference tables. A broker or search engine that is away is not an error
 * here: the pages report it themselves.
 */
export function openPages({
  solutions,
  access,
  engine,
  kafka,
  codec,
  log,
  maxViewers = MAX_VIEWERS,
}: PagesOptions): Resource<Pages> {
  const board = new StageBoard(Date.now)
  const tables = new ReferenceTables(solutions)
  const follow = { kafka, codec, log, reader: 'pages' }
  const stats = new Follower({
    ...follow,
    topic: 'weir.stats',
    from: 'latest',
    accept: (record) => board.accept(record),
    reset: () => {},
  })
  const reference = materialise(
    { ...follow, topic: REFERENCE_TOPIC },
    { accept: (record) => void tables.accept(record), clear: () => tables.clear() },
  )
  for (const follower of [stats, reference]) follower.start()
  const sampling = setInterval(() => board.sample(), 1000)
  const lives: Live[] = []

  const uncached = (reply: FastifyReply): FastifyReply => reply.header('cache-control', 'no-store')
  const json = (reply: FastifyReply): FastifyReply => uncached(reply).type('application/json')

  /**
   * Returns a function that gives the request's client at each call, as long as the client may see the page's
   * data.
   */
  const viewerOf = ({ sinks = [] }: PagedSolution, request: FastifyRequest): (() => Client | undefined) => {
    const now = clientOf(access, request)
    return () => {
      const client = now()
      return client !== undefined && sinks.every(({ source }) => client.mayRead(source))
        ? client
        : undefined
    }
  }

  /**
   * Tells a page whether its key is still valid. The 401 has no challenge, because the browser would then ask
   * for a password.
   */
  const mountSession = (app: FastifyInstance, solution: PagedSolution): void => {
    app.get(`/${solution.name}/session`, (request, reply) =>
      uncached(reply)
        .code(viewerOf(solution, request)() ? 204 : 401)
        .send(),
    )
  }

  const page =
    (solution: PagedSolution) =>
    async (app: FastifyInstance): Promise<void> => {
      app.addHook('onRequest', async (request) => {
        const client = identify(access, request, 'Basic')
        for (const { source } of solution.sinks ?? []) mayRead(client, source)
      })
      const snapshots = openSnapshots({ solution, engine, board, tables, admin: kafka.admin, log })
      const live = new Live(() => snapshots.current(), maxViewers)
      lives.push(live)
      await mountFiles(app, solution)
      app.get(`/${solution.name}/snapshot`, async (_, reply) => json(reply).send(await snapshots.current()))
      for (const name of Object.keys(solution.tables ?? {})) {
        const bytes = tableBytes(tables.table(name))
        app.get(`/${solution.name}/tables/${name}`, (_, reply) => json(reply).send(bytes()))
      }
      // A HEAD request would occupy a viewer's place without ever being sent anything.
      app.get(`/${solution.name}/live`, { exposeHeadRoute: false }, (request, reply) =>
        live.admit(request, reply, viewerOf(solution, request)),
      )
    }

  const routes = async (app: FastifyInstance): Promise<void> => {
    for (const solution of solutions) {
      mountSession(app, solution)
      await app.register(page(solution))
    }
    await app.register(async (list) => {
      list.addHook('onRequest', async (request) => void identify(access, request, 'Basic'))
      mountListing(list, solutions)
    })
  }

  return {
    value: { routes, ready: { statistics: () => stats.ready, 'reference tables': () => reference.ready } },
    /** A stopping server waits for the answers in progress, and a stream ends only here. */
    stopping: () => lives.forEach((live) => live.end()),
    stop: async () => {
      clearInterval(sampling)
      await Promise.all([stats.stop(), reference.stop()])
    },
  }
}

/**
 * The whole table as JSON, serialized once per version. Snapshots carry only its version, and all clients get
 * the same bytes.
 */
function tableBytes(table: ReferenceTable): () => Buffer {
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
