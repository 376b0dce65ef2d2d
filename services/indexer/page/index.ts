/** The page server: mounts every solution's page, and tells its viewers once a second what the solution and its stages do. */
import type { FastifyInstance } from 'fastify'
import type { Codec } from '@weir/codec'
import type { Kafka } from '@weir/kafka'
import { identify, mayRead, type Access, type Logger, type Readiness, type Resource } from '@weir/service'
import { REFERENCE_TOPIC, ReferenceTables, type PageDefinition, type Solution } from '@weir/solutions'
import { Follower } from '@weir/topics'
import { mountFiles } from './files.ts'
import { Live } from './live.ts'
import { mountListing } from './listing.ts'
import { openSnapshots, type SnapshotSearch } from './snapshot.ts'
import { StageBoard } from './stages.ts'

/** What is left out of a solution here is of no interest to its page. */
export type PagedSolution = Pick<Solution, 'name' | 'title' | 'flows' | 'indices' | 'tables'> & { readonly page: PageDefinition }

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
  /** The most that watch at once, of each page (200): one more is asked to come back later. */
  readonly mostViewers?: number
}

export interface Pages {
  /** Adds / and /NAME/ of every solution. Give it to openHttp. */
  routes(app: FastifyInstance): Promise<void>
  /** By what the pages follow. */
  readonly ready: Readiness
}

const MOST_VIEWERS = 200

/** Begins to follow statistics and reference tables; a broker or a search engine that is away is no error here, the pages say so themselves. */
export function openPages({ solutions, access, engine, kafka, codec, log, mostViewers = MOST_VIEWERS }: PagesOptions): Resource<Pages> {
  const board = new StageBoard(Date.now)
  const tables = new ReferenceTables(solutions)
  const follow = { kafka, codec, log, reader: 'pages' }
  const stats = new Follower({ ...follow, topic: 'weir.stats', from: 'latest', accept: (record) => board.accept(record), reset: () => {} })
  const reference = new Follower({ ...follow, topic: REFERENCE_TOPIC, from: 'earliest', accept: (record) => void tables.accept(record), reset: () => tables.clear() })
  for (const follower of [stats, reference]) follower.start()
  const sampling = setInterval(() => board.sample(), 1000)
  const lives: Live[] = []

  const page = (solution: PagedSolution) => async (app: FastifyInstance): Promise<void> => {
    app.addHook('onRequest', async (request) => {
      const client = identify(access, request, 'Basic')
      for (const { source } of solution.indices) mayRead(client, source)
    })
    const snapshots = openSnapshots({ solution, engine, board, tables, admin: kafka.admin, log })
    const live = new Live(() => snapshots.current(), mostViewers)
    lives.push(live)
    await mountFiles(app, solution)
    app.get(`/${solution.name}/snapshot`, async (_, reply) => reply.header('cache-control', 'no-store').type('application/json').send(await snapshots.current()))
    for (const name of Object.keys(solution.tables)) {
      const table = tables.table(name)
      // Snapshots carry the version only.
      app.get(`/${solution.name}/tables/${name}`, (_, reply) =>
        reply.header('cache-control', 'no-store').send({ version: table.version, entries: Object.fromEntries(table.entries) }))
    }
    app.get(`/${solution.name}/live`, (request, reply) => live.admit(request, reply))
  }

  const routes = async (app: FastifyInstance): Promise<void> => {
    for (const solution of solutions) await app.register(page(solution))
    await app.register(async (list) => {
      list.addHook('onRequest', async (request) => void identify(access, request, 'Basic'))
      mountListing(list, solutions)
    })
  }

  return {
    value: { routes, ready: { statistics: () => stats.ready, 'reference tables': () => reference.ready } },
    /** A server waits for the answers under way, and a stream ends only here. */
    stopping: () => lives.forEach((live) => live.end()),
    stop: async () => {
      clearInterval(sampling)
      await Promise.all([stats.stop(), reference.stop()])
    },
  }
}
