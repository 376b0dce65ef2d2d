/**
 * The snapshot of a page: what its solution shows, and what the solution's stages do. Computed once for all
 * that ask within a second.
 */
import type { Admin } from '@weir/kafka'
import type { Logger } from '@weir/service'
import type { PageSearch, ReferenceTables } from '@weir/solutions'
import type { PagedSolution } from './index.ts'
import { type StageBoard, type StageHistory, type StageNow, silent } from './stages.ts'

/** The part of a search engine that pages use. */
export interface SnapshotSearch {
  search(indexPattern: string, body: Readonly<Record<string, unknown>>): Promise<unknown>
}

export interface Snapshot {
  /** Milliseconds since the epoch, by this server's clock. */
  readonly time: number
  /** What the solution's `snapshot` gave; null where it failed. */
  readonly data: unknown
  /** Why there is no data, in a sentence for people. */
  readonly trouble: string | null
  readonly stages: readonly (StageNow & { readonly history: StageHistory })[]
}

export interface Snapshots {
  /** As JSON; all who ask within a second get the same bytes. Never rejects. */
  current(): Promise<Buffer>
}

interface Options {
  readonly solution: PagedSolution
  readonly engine: SnapshotSearch
  readonly board: StageBoard
  readonly tables: ReferenceTables
  readonly admin: Pick<Admin, 'lag'>
  readonly log: Logger
}

const FRESH_MS = 900
/**
 * Each viewer gets that much a second at most. A solution bounds what it shows; this is for one that does
 * not.
 */
const MAX_DATA_BYTES = 2 << 20
/** Stages of the hub's doors that are shown, beside those of the solution. */
const MAX_DOORS = 20
const PATIENCE_MS = 5000
interface Shown {
  /** The solution's data. */
  readonly json: string
  readonly trouble: string | null
}

const NO_ANSWER =
  'The search engine does not answer. What is sent meanwhile waits in Kafka and appears here as soon as it is back.'
/** A consumer lag costs the broker some requests; it changes slowly enough. */
const LAG_FRESH_MS = 5000

export function openSnapshots({ solution, engine, board, tables, admin, log }: Options): Snapshots {
  const search = searchOf(solution, engine, tables)
  const waiting = lagReader(admin)
  const expected = [
    ...solution.flows.map(({ name }) => `enricher.${name}`),
    ...solution.indices.map(({ name }) => `indexer.${name}`),
  ]
  let latest = { time: 0, json: Promise.resolve<Buffer>(Buffer.alloc(0)) }
  let underWay = false
  let failing = false

  const data = async (): Promise<Shown> => {
    try {
      const json = JSON.stringify(await within(PATIENCE_MS, solution.page.snapshot(search))) ?? 'null'
      failing = false
      const bytes = Buffer.byteLength(json)
      if (bytes <= MAX_DATA_BYTES) return { json, trouble: null }
      return nothing(
        `There is more to show than a page may send each second (${bytes} of ${MAX_DATA_BYTES} bytes).`,
      )
    } catch (error) {
      if (!failing) log.warn({ err: error, page: solution.name }, 'the page cannot show its data')
      failing = true
      return nothing(NO_ANSWER)
    }
  }

  const stages = (): Snapshot['stages'] => {
    const all = board.stages()
    const doors = all.filter(({ stage }) => stage.startsWith('ingest-hub.')).slice(0, MAX_DOORS)
    const reporting = [...doors, ...all.filter(({ stage }) => expected.includes(stage))]
    const absent = expected
      .filter((name) => !reporting.some(({ stage }) => stage === name))
      .map((name) => ({ ...silent(name), lag: waiting(name) }))
    return [...reporting, ...absent].map((stage) => ({ ...stage, history: board.history(stage.stage) }))
  }

  const make = async (): Promise<Buffer> => {
    underWay = true
    const found = await data()
    underWay = false
    const rest: Omit<Snapshot, 'data'> = { time: Date.now(), trouble: found.trouble, stages: stages() }
    return Buffer.from(`{"data":${found.json},${JSON.stringify(rest).slice(1)}`)
  }

  return {
    current: () => {
      const time = Date.now()
      if (!underWay && time - latest.time > FRESH_MS) latest = { time, json: make() }
      return latest.json
    },
  }
}

const nothing = (trouble: string): Shown => ({ json: 'null', trouble })

/** What a page may search: the indices of its own solution, by the names of their definitions. */
function searchOf(solution: PagedSolution, engine: SnapshotSearch, tables: ReferenceTables): PageSearch {
  return {
    search: (index, body) => {
      const definition = solution.indices.find(({ name }) => name === index)
      if (!definition)
        throw new Error(
          `${solution.name} has no index "${index}"; its page may search ${solution.indices.map(({ name }) => name).join(', ')}.`,
        )
      return engine.search(`${definition.prefix}-*`, body)
    },
    table: (name) => tables.table(name),
  }
}

/**
 * The lag of a stage's consumer group as the broker knows it, for stages that do not report themselves: as
 * last heard, 0 before that. Asking happens beside the snapshot, which does not wait for a broker that is
 * away.
 */
function lagReader(admin: Pick<Admin, 'lag'>): (stage: string) => number {
  const known = new Map<string, { askedAt: number; lag: number }>()
  return (stage) => {
    let entry = known.get(stage)
    if (!entry) known.set(stage, (entry = { askedAt: 0, lag: 0 }))
    if (Date.now() - entry.askedAt > LAG_FRESH_MS) {
      entry.askedAt = Date.now()
      admin.lag(stage).then(
        (partitions) => {
          entry.lag = partitions.reduce((total, { lag }) => total + lag, 0)
        },
        () => {}, // The broker is away or has no such group: what was known stays.
      )
    }
    return entry.lag
  }
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
