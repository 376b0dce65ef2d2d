/** Glue's operations that create, change and delete databases and tables. */
import { type AwsContext, AwsError } from '@weir/aws'
import type { Change } from '@weir/control'
import type { Catalogue } from './catalogue.ts'
import { type DatabaseEntry, idOf, MAX_JSON, type Members, type TableEntry } from './entries.ts'
import { invalid, notFound } from './errors.ts'
import { arnsOf, type CatalogueDeps, requireCatalog, type TableId } from './table-operations.ts'

interface DatabaseChange {
  readonly CatalogId?: string
  readonly DatabaseInput: Members & { readonly Name: string }
}

interface TableChange {
  readonly CatalogId?: string
  readonly DatabaseName: string
  readonly TableInput?: Members & { readonly Name: string }
  /** UpdateTable: leaves the version before this one out. Weir keeps none. */
  readonly SkipArchive?: boolean
}

/** Members of inputs that name things which Weir does not have. */
const NO_TABLES = ['TargetTable', 'FederatedTable', 'ViewDefinition'] as const
const NO_DATABASES = ['TargetDatabase', 'FederatedDatabase', 'CreateTableDefaultPermissions'] as const
/** Names in ARNs, which have / between them. */
const NAME = /^[^/\u0000-\u001f]{1,255}$/
/** The entries of all clients, in the memory of each replica (bytes). */
const MAX_BYTES = 16 << 20

export function changeOperations({ account, catalogue }: CatalogueDeps) {
  const arns = arnsOf(account)

  return {
    async CreateDatabase({ CatalogId: id, DatabaseInput: input }: DatabaseChange, context: AwsContext) {
      requireCatalog(account, id)
      const name = nameOf(input.Name, 'Database')
      context.authorize(arns.database(name))
      const json = textOf(without(input, NO_DATABASES))
      await catalogue.change(() => {
        if (catalogue.database(name) !== undefined) throw exists(`Database ${name} already exists.`)
        requireRoom(catalogue, json.length)
        return [databaseChange({ name, createdAt: Date.now(), json })]
      })
      return {}
    },

    async UpdateDatabase(
      { CatalogId: id, Name, DatabaseInput: input }: DatabaseChange & { readonly Name: string },
      context: AwsContext,
    ) {
      requireCatalog(account, id)
      const name = Name.toLowerCase()
      context.authorize(arns.database(name))
      if (input.Name.toLowerCase() !== name) throw invalid('Databases cannot be renamed.')
      const json = textOf(without(input, NO_DATABASES))
      await catalogue.change(() => {
        const { entry } = created(catalogue, name)
        requireRoom(catalogue, json.length - entry.json.length)
        return [databaseChange({ ...entry, json })]
      })
      return {}
    },

    async DeleteDatabase(
      { CatalogId: id, Name }: { readonly CatalogId?: string; readonly Name: string },
      context: AwsContext,
    ) {
      requireCatalog(account, id)
      const name = Name.toLowerCase()
      context.authorize(arns.database(name))
      await catalogue.change(() => {
        created(catalogue, name)
        return [
          { kind: 'database', id: idOf(name), value: undefined },
          ...removed(catalogue, 'table', ({ database }) => database === name),
          ...removed(catalogue, 'partition', ({ database }) => database === name),
        ]
      })
      return {}
    },

    async CreateTable({ CatalogId: id, DatabaseName, TableInput: input }: TableChange, context: AwsContext) {
      requireCatalog(account, id)
      if (input === undefined) throw invalid('TableInput is required.')
      const database = DatabaseName.toLowerCase()
      const name = nameOf(input.Name, 'Table')
      context.authorize(arns.table(database, name))
      const json = textOf(without(input, NO_TABLES))
      await catalogue.change(() => {
        created(catalogue, database)
        if (catalogue.table(database, name) !== undefined) throw exists(`Table ${name} already exists.`)
        requireRoom(catalogue, json.length)
        const now = Date.now()
        return [tableChange({ database, name, createdAt: now, updatedAt: now, version: 0, json })]
      })
      return {}
    },

    async UpdateTable({ CatalogId: id, DatabaseName, TableInput: input }: TableChange, context: AwsContext) {
      requireCatalog(account, id)
      if (input === undefined) throw invalid('TableInput is required.')
      const [database, name] = [DatabaseName.toLowerCase(), input.Name.toLowerCase()]
      context.authorize(arns.table(database, name))
      const json = textOf(without(input, NO_TABLES))
      await catalogue.change(() => {
        created(catalogue, database)
        const { entry } = createdTable(catalogue, database, name)
        requireRoom(catalogue, json.length - entry.json.length)
        return [tableChange({ ...entry, updatedAt: Date.now(), version: entry.version + 1, json })]
      })
      return {}
    },

    async DeleteTable({ CatalogId: id, DatabaseName, Name }: TableId, context: AwsContext) {
      requireCatalog(account, id)
      const [database, name] = [DatabaseName.toLowerCase(), Name.toLowerCase()]
      context.authorize(arns.table(database, name))
      await catalogue.change(() => tableRemoved(catalogue, database, name))
      return {}
    },

    async BatchDeleteTable(
      input: {
        readonly CatalogId?: string
        readonly DatabaseName: string
        readonly TablesToDelete: readonly string[]
      },
      context: AwsContext,
    ) {
      requireCatalog(account, input.CatalogId)
      const database = input.DatabaseName.toLowerCase()
      const Errors: object[] = []
      for (const TableName of input.TablesToDelete) {
        const name = TableName.toLowerCase()
        try {
          context.authorize(arns.table(database, name))
          await catalogue.change(() => tableRemoved(catalogue, database, name))
        } catch (error) {
          if (!(error instanceof AwsError)) throw error
          Errors.push({ TableName, ErrorDetail: { ErrorCode: error.code, ErrorMessage: error.message } })
        }
      }
      return { Errors }
    },
  }
}

/** The database's entry. Throws for one that is not there, and for one that cannot be changed. */
export function created(catalogue: Catalogue, name: string): { readonly entry: DatabaseEntry } {
  if (catalogue.isFixed(name))
    throw invalid(`The database ${name} follows from what Weir knows, and cannot be changed here.`)
  const found = catalogue.entries.database.get(idOf(name))
  if (found === undefined) throw notFound(`Database ${name} not found.`)
  return found
}

/** The entry of a table that clients may change. */
export function createdTable(
  catalogue: Catalogue,
  database: string,
  name: string,
): { readonly entry: TableEntry } {
  created(catalogue, database)
  const found = catalogue.entries.table.get(idOf(database, name))
  if (found === undefined) throw notFound(`Entity Not Found: Table ${database}.${name} not found.`)
  return found
}

/** Throws unless there is room for these further bytes. */
export function requireRoom(catalogue: Catalogue, bytes: number): void {
  if (catalogue.entries.bytes() + bytes > MAX_BYTES)
    throw new AwsError(
      'ResourceNumberLimitExceededException',
      `Databases, tables and partitions may take ${MAX_BYTES} bytes together; delete some.`,
    )
}

/** Returns the JSON of an input. Times of the last access are not kept. */
export function textOf(input: Members): string {
  const { LastAccessTime, LastAnalyzedTime, ...kept } = input
  const text = JSON.stringify(kept)
  if (text.length > MAX_JSON) throw invalid(`An entry of the catalogue has at most ${MAX_JSON} characters.`)
  return text
}

function tableRemoved(catalogue: Catalogue, database: string, name: string): Change[] {
  createdTable(catalogue, database, name)
  return [
    { kind: 'table', id: idOf(database, name), value: undefined },
    ...removed(catalogue, 'partition', (entry) => entry.database === database && entry.table === name),
  ]
}

function removed<K extends 'table' | 'partition'>(
  catalogue: Catalogue,
  kind: K,
  isGone: (
    entry: (K extends 'table' ? { table?: undefined } : { table: string }) & { database: string },
  ) => boolean,
): Change[] {
  return [...catalogue.entries[kind]]
    .filter(([, { entry }]) => isGone(entry as never))
    .map(([id]) => ({ kind, id, value: undefined }))
}

/** Names are in lower case, as in Glue. */
export function nameOf(given: string, what: string): string {
  if (!NAME.test(given)) throw invalid(`${what} names have no slash and no control characters.`)
  return given.toLowerCase()
}

function without<M extends Members>(input: M, members: readonly string[]): M {
  const found = members.find((member) => input[member] !== undefined)
  if (found !== undefined) throw invalid(`${found} is not supported; leave it out.`)
  return input
}

export const databaseChange = (entry: DatabaseEntry): Change => ({
  kind: 'database',
  id: idOf(entry.name),
  value: entry,
})
export const tableChange = (entry: TableEntry): Change => ({
  kind: 'table',
  id: idOf(entry.database, entry.name),
  value: entry,
})
export const exists = (text: string): AwsError => new AwsError('AlreadyExistsException', text)
