/**
 * The catalogue of data: the databases and tables of topics, streams and items, and those that clients of Glue have
 * created, with their partitions. The latter are decisions in the control log weir.control.catalogue.
 */
import type { Codec } from '@weir/codec'
import { type Change, openControlLog, type Scope } from '@weir/control'
import type { Kafka } from '@weir/kafka'
import type { Logger, Resource } from '@weir/service'
import {
  type CrawlerEntry,
  type CrawlerMembers,
  checks,
  type DatabaseEntry,
  idOf,
  membersOf,
  type PartitionEntry,
  type TableEntry,
  type TableMembers,
} from './entries.ts'
import { type Database, type KnownOptions, KnownTables, type Table } from './known-tables.ts'

/** A partition as Glue answers with it. */
export interface Partition {
  readonly Values: readonly string[]
  readonly [member: string]: unknown
}

/** An entry, what Glue answers for it, and the bytes that it counts for. */
interface Held<E, S> {
  readonly entry: E
  readonly shown: S
  readonly bytes: number
}

export interface Catalogue {
  /** Sorted by name. */
  databases(): readonly Database[]
  database(name: string): Database | undefined
  tables(): readonly Table[]
  table(database: string, name: string): Table | undefined
  /** Sorted by values. */
  partitions(database: string, table: string): readonly Partition[]
  partition(database: string, table: string, values: readonly string[]): Partition | undefined
  /** Whether the database is that of a solution or of the platform: clients can change neither it nor its tables. */
  isFixed(database: string): boolean
  readonly entries: CatalogueEntries
  /**
   * Writes what `decide` returns. No other decision comes in between. `decide` may run several times; its errors are
   * thrown here.
   * @param scope the ids that it looks at, if it does not look at others: such decisions share transactions
   */
  change(decide: () => readonly Change[], scope?: Scope): Promise<void>
  /** Resolves when everything that was decided before the call is known here. */
  catchUp(): Promise<void>
  ready(): boolean
}

/** The databases, tables, partitions and crawlers of clients, by their ids. */
export interface CatalogueEntries {
  readonly database: ReadonlyMap<string, Held<DatabaseEntry, Database>>
  readonly table: ReadonlyMap<string, Held<TableEntry, Table>>
  readonly partition: ReadonlyMap<string, Held<PartitionEntry, Partition>>
  readonly crawler: ReadonlyMap<string, Held<CrawlerEntry, CrawlerMembers>>
  /** The bytes of all of them. */
  bytes(): number
}

export interface CatalogueOptions extends KnownOptions {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly log: Logger
}

const TOPIC = 'weir.control.catalogue'
/** The cost of an entry besides its JSON (bytes). */
const ENTRY_BYTES = 400

export async function openCatalogue(options: CatalogueOptions): Promise<Resource<Catalogue>> {
  const { kafka, codec, log } = options
  const known = new KnownTables(options)
  const fixed = new Map(known.databases.map((database) => [database.Name, database]))
  const held = {
    database: new Map<string, Held<DatabaseEntry, Database>>(),
    table: new Map<string, Held<TableEntry, Table>>(),
    partition: new Map<string, Held<PartitionEntry, Partition>>(),
    crawler: new Map<string, Held<CrawlerEntry, CrawlerMembers>>(),
  }
  let bytes = 0
  const control = await openControlLog({
    kafka,
    codec,
    topic: TOPIC,
    checks,
    apply({ kind, id, state }) {
      const entries: Map<string, Held<unknown, unknown>> = held[kind as keyof typeof held]
      bytes -= entries.get(id)?.bytes ?? 0
      if (state === undefined) return void entries.delete(id)
      const size = ENTRY_BYTES + (state as DatabaseEntry).json.length
      bytes += size
      entries.set(id, {
        entry: state,
        shown: shownAs[kind as keyof typeof held](state as never),
        bytes: size,
      })
    },
    log,
  })
  return {
    value: catalogueOf(known, fixed, { ...held, bytes: () => bytes }, control),
    stop: () => control.stop(),
  }
}

function catalogueOf(
  known: KnownTables,
  fixed: ReadonlyMap<string, Database>,
  entries: CatalogueEntries,
  control: Pick<Awaited<ReturnType<typeof openControlLog>>, 'write' | 'catchUp' | 'ready'>,
): Catalogue {
  return {
    entries,
    databases: () =>
      [...fixed.values(), ...[...entries.database.values()].map(({ shown }) => shown)].sort((a, b) =>
        a.Name < b.Name ? -1 : 1,
      ),
    database(name) {
      return fixed.get(name) ?? entries.database.get(idOf(name))?.shown
    },
    tables: () => [...known.tables(), ...[...entries.table.values()].map(({ shown }) => shown)],
    table(database, name) {
      if (fixed.has(database))
        return known.tables().find((table) => table.DatabaseName === database && table.Name === name)
      return entries.table.get(idOf(database, name))?.shown
    },
    partitions: (database, table) =>
      [...entries.partition.values()]
        .filter(({ entry }) => entry.database === database && entry.table === table)
        .map(({ shown }) => shown)
        .sort((a, b) => (partitionKey(a) < partitionKey(b) ? -1 : 1)),
    partition(database, table, values) {
      return entries.partition.get(idOf(database, table, ...values))?.shown
    },
    isFixed: (database) => fixed.has(database),
    change: (decide, scope) => control.write(decide, scope),
    catchUp: () => control.catchUp(),
    ready: () => control.ready(),
  }
}

/** The order of partitions, and the place of one in it. */
export const partitionKey = ({ Values }: Partition): string => JSON.stringify(Values)

const databaseOf = (entry: DatabaseEntry): Database => ({
  ...membersOf('database', entry),
  Name: entry.name,
  CreateTime: new Date(entry.createdAt),
})

const tableOf = (entry: TableEntry): Table => ({
  ...(membersOf('table', entry) as TableMembers),
  Name: entry.name,
  DatabaseName: entry.database,
  CreateTime: new Date(entry.createdAt),
  UpdateTime: new Date(entry.updatedAt),
  VersionId: String(entry.version),
})

const partitionOf = (entry: PartitionEntry): Partition => ({
  ...membersOf('partition', entry),
  Values: entry.values,
  DatabaseName: entry.database,
  TableName: entry.table,
  CreationTime: new Date(entry.createdAt),
})

const shownAs = {
  database: databaseOf,
  table: tableOf,
  partition: partitionOf,
  crawler: (entry: CrawlerEntry): CrawlerMembers => membersOf('crawler', entry),
}
