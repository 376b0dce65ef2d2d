/** Glue's operations that read databases, tables and partitions. */
import { type Account, type AwsContext, glueArn } from '@weir/aws'
import { fits } from '@weir/aws/rights.ts'
import type { Catalogue } from './catalogue.ts'
import { invalid, notFound } from './errors.ts'
import type { Database, Table } from './known-tables.ts'
import { type PageInput, page } from './schema-operations.ts'

export interface CatalogueDeps {
  readonly account: Account
  readonly catalogue: Catalogue
}

interface InCatalog {
  readonly CatalogId?: string
}

export interface TableId extends InCatalog {
  readonly DatabaseName: string
  readonly Name: string
}

export interface PartitionsOf extends InCatalog {
  readonly DatabaseName: string
  readonly TableName: string
}

interface SearchInput extends InCatalog, PageInput {
  readonly SearchText?: string
  readonly Filters?: readonly unknown[]
  readonly SortCriteria?: readonly unknown[]
}

/** The separator of the parts of keys of pages; names of Glue do not have it. */
const SEPARATOR = '\u0000'

export function tableOperations({ account, catalogue }: CatalogueDeps) {
  const arns = arnsOf(account)
  const databaseName = (given: string): string => storedName(catalogue, given)
  const shown = <T extends Database | Table>(found: T): T => ({ ...found, CatalogId: account.accountId })

  const tablesIn = (given: string, context: AwsContext): readonly Table[] => {
    const name = databaseName(given)
    const database = catalogue.database(name)
    if (database === undefined) throw notFound(`Database ${name} not found.`)
    return catalogue
      .tables()
      .filter((table) => table.DatabaseName === name && context.may(arns.table(name, table.Name)))
      .sort((a, b) => (a.Name < b.Name ? -1 : 1))
  }

  return {
    async GetDatabases(
      { CatalogId: id, MaxResults: max, NextToken: token }: InCatalog & PageInput,
      context: AwsContext,
    ) {
      requireCatalog(account, id)
      await catalogue.catchUp()
      const all = catalogue.databases().filter(({ Name }) => context.may(arns.database(Name)))
      const { items, next } = page(all, ({ Name }) => Name, 'databases', { max, token })
      return { DatabaseList: items.map(shown), NextToken: next }
    },

    async GetDatabase({ CatalogId: id, Name }: InCatalog & { readonly Name: string }, context: AwsContext) {
      requireCatalog(account, id)
      const name = databaseName(Name)
      context.authorize(arns.database(name))
      await catalogue.catchUp()
      const database = catalogue.database(name)
      if (database === undefined) throw notFound(`Database ${Name} not found.`)
      return { Database: shown(database) }
    },

    async GetTables(
      input: InCatalog & PageInput & { readonly DatabaseName: string; readonly Expression?: string },
      context: AwsContext,
    ) {
      const {
        CatalogId: id,
        DatabaseName: name,
        Expression: expression,
        MaxResults: max,
        NextToken: token,
      } = input
      requireCatalog(account, id)
      await catalogue.catchUp()
      const all = tablesIn(name, context).filter((table) => matches(expression, table.Name))
      const { items, next } = page(all, ({ Name }) => Name, 'tables', { max, token })
      return { TableList: items.map(shown), NextToken: next }
    },

    async GetTable({ CatalogId: id, DatabaseName, Name }: TableId, context: AwsContext) {
      requireCatalog(account, id)
      await catalogue.catchUp()
      return { Table: shown(tableNamed(account, catalogue, { DatabaseName, Name }, context)) }
    },

    async SearchTables(input: SearchInput, context: AwsContext) {
      const { CatalogId: id, SearchText: text = '', MaxResults: max, NextToken: token } = input
      requireCatalog(account, id)
      if (input.Filters?.length || input.SortCriteria?.length)
        throw invalid('SearchTables finds tables by SearchText only; leave Filters and SortCriteria out.')
      await catalogue.catchUp()
      const wanted = text.toLowerCase().replace(/^"(.*)"$/, '$1')
      const key = ({ DatabaseName, Name }: Table): string => `${DatabaseName}${SEPARATOR}${Name}`
      const all = catalogue
        .tables()
        .filter(({ DatabaseName, Name }) => context.may(arns.table(DatabaseName, Name)))
        .filter((table) => textsOf(table).some((one) => one.toLowerCase().includes(wanted)))
        .sort((a, b) => (key(a) < key(b) ? -1 : 1))
      const { items, next } = page(all, key, 'found-tables', { max, token })
      return { TableList: items.map(shown), NextToken: next }
    },
  }
}

/** Throws unless the table exists and the client may do the operation on it. */
export function tableNamed(
  account: Account,
  catalogue: Catalogue,
  id: Pick<TableId, 'DatabaseName' | 'Name'>,
  context: AwsContext,
): Table {
  const database = storedName(catalogue, id.DatabaseName)
  const name = storedName(catalogue, id.DatabaseName, id.Name)
  context.authorize(arnsOf(account).table(database, name))
  const table = catalogue.table(database, name)
  if (table === undefined)
    throw notFound(
      catalogue.database(database) === undefined
        ? `Database ${database} not found.`
        : `Entity Not Found: Table ${database}.${name} not found.`,
    )
  return table
}

/**
 * Returns the name of a database, or of a table in it, as it is stored: in lower case, as in Glue, but as it is if Weir
 * knows it, since tables of items differ by the case of their names.
 */
export const storedName = (catalogue: Catalogue, database: string, name = database): string =>
  catalogue.isFixed(database) ? name : name.toLowerCase()

export const arnsOf = (account: Account) => ({
  database: (name: string): string => glueArn(account, `database/${name}`),
  table: (database: string, name: string): string => glueArn(account, `table/${database}/${name}`),
})

/** Throws for the catalogue of another account. */
export function requireCatalog({ accountId }: Account, id: string | undefined): void {
  if (id !== undefined && id !== accountId)
    throw notFound(`There is one catalogue, that of the account ${accountId}.`)
}

/** Whether the name fits a pattern of Hive: `*` or `.*` for any characters, `|` between alternatives. */
const matches = (expression: string | undefined, name: string): boolean =>
  expression === undefined ||
  expression.split('|').some((pattern) => fits(pattern.replaceAll('.*', '*'), name))

const textsOf = ({
  Name,
  DatabaseName,
  Description = '',
  Owner = '',
  StorageDescriptor = {},
}: Table): string[] => [
  Name,
  DatabaseName,
  Description,
  Owner,
  ...((StorageDescriptor.Columns ?? []) as readonly { readonly Name: string }[]).map((column) => column.Name),
]
