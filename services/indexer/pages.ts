/** The pages of solutions over their search indices and reference tables. */
import { type LivePage, openPages, type Pages, type PagesOptions } from '@weir/pages'
import type { Resource } from '@weir/service'
import {
  type IndexPage,
  type PageSearch,
  REFERENCE_TOPIC,
  ReferenceTables,
  type Solution,
} from '@weir/solutions'
import { materialise } from '@weir/tables'
import { indexPattern } from './indices/template.ts'

/** The parts of a solution that its page needs. */
export type PagedSolution = Pick<Solution, 'name' | 'flows' | 'sinks' | 'tables'> & {
  readonly page: IndexPage
}

export function hasPage<S extends Solution>(solution: S): solution is S & PagedSolution {
  return solution.page?.service === 'indexer'
}

/** The part of a search engine that pages use. */
interface SnapshotSearch {
  search(indexPattern: string, body: Readonly<Record<string, unknown>>): Promise<unknown>
}

export interface SolutionPagesOptions extends Omit<PagesOptions, 'pages'> {
  readonly solutions: readonly PagedSolution[]
  readonly engine: SnapshotSearch
}

const NO_ANSWER =
  'The search engine does not answer. Records wait in Kafka and appear here as soon as it is back.'

/**
 * Begins to follow reference tables. A broker or search engine that is away is not an error here: the pages
 * report it themselves.
 */
export function openSolutionPages({ solutions, engine, ...options }: SolutionPagesOptions): Resource<Pages> {
  const { kafka, codec, log } = options
  const tables = new ReferenceTables(solutions)
  const reference = materialise(
    { kafka, codec, log, reader: 'pages', topic: REFERENCE_TOPIC },
    { accept: (record) => void tables.accept(record), clear: () => tables.clear() },
  )
  reference.start()
  const pages = openPages({
    ...options,
    pages: solutions.map((solution) => pageOf(solution, engine, tables)),
  })
  return {
    value: {
      routes: pages.value.routes,
      ready: { ...pages.value.ready, 'reference tables': () => reference.ready },
    },
    stopping: pages.stopping,
    stop: async (drainMs) => {
      await Promise.all([pages.stop(drainMs), reference.stop()])
    },
  }
}

function pageOf(solution: PagedSolution, engine: SnapshotSearch, tables: ReferenceTables): LivePage {
  const { name, flows = [], sinks = [], page } = solution
  const search = searchOf(solution, engine, tables)
  return {
    name,
    folder: page.folder,
    libraries: page.libraries,
    topics: sinks.map(({ source }) => source),
    data: () => page.snapshot(search),
    noData: NO_ANSWER,
    stages: [...flows.map((flow) => `enricher.${flow.name}`), ...sinks.map((sink) => `indexer.${sink.name}`)],
    tables: Object.fromEntries(
      Object.keys(solution.tables ?? {}).map((table) => [table, tables.table(table)]),
    ),
  }
}

/** Restricts a page's searches to the indices of its own solution, by the names of their sinks. */
function searchOf(
  { name: solution, sinks = [] }: PagedSolution,
  engine: SnapshotSearch,
  tables: ReferenceTables,
): PageSearch {
  return {
    search: (index, body) => {
      const sink = sinks.find(({ name }) => name === index)
      if (!sink)
        throw new Error(
          `${solution} has no index "${index}"; its page may search ${sinks.map(({ name }) => name).join(', ')}.`,
        )
      return engine.search(indexPattern(sink.to.index), body)
    },
    table: (name) => tables.table(name),
  }
}
