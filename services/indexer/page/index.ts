/** The page server: mounts every solution's page, and tells its viewers once a second what the solution and its stages do. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Codec } from '@weir/codec'
import type { Kafka } from '@weir/kafka'
import { clientOf, identify, type Access, type Logger, type Resource } from '@weir/service'
import type { PageDefinition, Solution } from '@weir/solutions'
import { mountFiles } from './files.ts'
import { followTopic } from './follow.ts'
import { Live } from './live.ts'
import { mountListing } from './listing.ts'
import { openSnapshots, type SnapshotSearch } from './snapshot.ts'
import { StageBoard } from './stages.ts'
import { Tables } from './tables.ts'

/** What is left out of a solution here is of no interest to its page. */
export type PagedSolution = Pick<Solution, 'name' | 'title' | 'flows' | 'indices'> & { readonly page: PageDefinition }

export function hasPage<S extends Solution>(solution: S): solution is S & PagedSolution {
  return solution.page !== undefined
}

export interface PagesOptions {
  readonly solutions: readonly PagedSolution[]
  /** Every client that it lets in may look. */
  readonly access: Access
  readonly engine: SnapshotSearch
  readonly kafka: Pick<Kafka, 'read' | 'admin'>
  readonly codec: Pick<Codec, 'reader'>
  readonly log: Logger
  /** The most that watch at once, of each page (200): one more is asked to come back later. */
  readonly mostViewers?: number
}

export interface Pages {
  /** Adds / and /NAME/ of every solution. Give it to openHttp. */
  routes(app: FastifyInstance): Promise<void>
}

const MOST_VIEWERS = 200

/** Begins to follow statistics and reference tables; a broker or a search engine that is away is no error here, the pages say so themselves. */
export function openPages({ solutions, access, engine, kafka, codec, log, mostViewers = MOST_VIEWERS }: PagesOptions): Resource<Pages> {
  const board = new StageBoard(Date.now)
  const tables = new Tables()
  const follow = { kafka, codec, log }
  const stats = followTopic({ ...follow, topic: 'weir.stats', from: 'latest' }, (record) => board.accept(record))
  const reference = followTopic({ ...follow, topic: 'weir.control.reference', from: 'earliest' }, (record) => tables.accept(record))
  const sampling = setInterval(() => board.sample(), 1000)
  const lives: Live[] = []

  const uncached = (reply: FastifyReply): FastifyReply => reply.header('cache-control', 'no-store')
  const json = (reply: FastifyReply): FastifyReply => uncached(reply).type('application/json')

  /**
   * Tells a page whether its key is still valid. A challenge would have the browser ask for a password, so the 401
   * has none.
   */
  const mountSession = (app: FastifyInstance, name: string): void => {
    app.get(`/${name}/session`, (request, reply) => {
      return uncached(reply).code(clientOf(access, request)() ? 204 : 401).send()
    })
  }

  const guarded = async (app: FastifyInstance): Promise<void> => {
    app.addHook('onRequest', async (request) => void identify(access, request, 'Basic'))
    for (const solution of solutions) {
      const snapshots = openSnapshots({ solution, engine, board, tables, admin: kafka.admin, log })
      const live = new Live(() => snapshots.current(), mostViewers)
      lives.push(live)
      await mountFiles(app, solution)
      app.get(`/${solution.name}/snapshot`, async (_, reply) => json(reply).send(await snapshots.current()))
      for (const table of new Set(solution.flows.flatMap((flow) => flow.tables))) {
        app.get(`/${solution.name}/tables/${table}`, (_, reply) => json(reply).send(tables.json(table)))
      }
      // A HEAD would hold a place without ever being sent anything.
      app.get(`/${solution.name}/live`, { exposeHeadRoute: false }, (request, reply) => {
        return live.admit(request, reply, clientOf(access, request))
      })
    }
    mountListing(app, solutions)
  }

  return {
    value: {
      routes: async (app) => {
        for (const { name } of solutions) mountSession(app, name)
        await app.register(guarded)
      },
    },
    /** A server waits for the answers under way, and a stream ends only here. */
    stopping: () => lives.forEach((live) => live.end()),
    stop: async () => {
      clearInterval(sampling)
      await Promise.all([stats.stop(), reference.stop()])
    },
  }
}
