/** Crawls of tables of items: infers columns from a sample of items, and writes tables of the catalogue. */
import { randomUUID } from 'node:crypto'
import { AwsError } from '@weir/aws'
import { infer } from '@weir/catalogue/infer.ts'
import { parseSchema, type RecordNode } from '@weir/contracts/avro.ts'
import type { Change } from '@weir/control'
import type { Logger } from '@weir/service'
import { toPlain } from '../tables/plain-items.ts'
import { rangeOfTable } from '../tables/reading.ts'
import type { Tables } from '../tables/tables.ts'
import type { Catalogue } from './catalogue.ts'
import { created, databaseChange, requireRoom, tableChange, textOf } from './change-operations.ts'
import { type CrawlerEntry, type CrawlerMembers, idOf, type Members } from './entries.ts'
import { notFound } from './errors.ts'
import { columnsOf } from './hive-types.ts'

/** The items of a sample, in the order of their keys. */
const MAX_ITEMS = 2000
const MAX_BYTES = 8 << 20
/** A crawl takes milliseconds. One that takes longer was on a replica that has died. */
const MAX_RUN_MS = 30_000
const MAX_ERROR = 500

export class Crawls {
  readonly #catalogue: Catalogue
  readonly #tables: Pick<Tables, 'definitions' | 'reading'>
  readonly #log: Logger

  constructor(catalogue: Catalogue, tables: Pick<Tables, 'definitions' | 'reading'>, log: Logger) {
    this.#catalogue = catalogue
    this.#tables = tables
    this.#log = log
  }

  /** Resolves when the crawl runs. Rejects with CrawlerRunningException while another one does, on any replica. */
  async start(name: string): Promise<void> {
    const run = { id: randomUUID(), startedAt: Date.now() }
    await this.#catalogue.change(() => {
      const { entry } = crawlerNamed(this.#catalogue, name)
      if (runOf(entry) !== null)
        throw new AwsError('CrawlerRunningException', `Crawler with name ${name} has already started`)
      return [crawlerChange({ ...entry, run })]
    })
    this.#run(name, run).catch((error: unknown) => {
      this.#log.error({ err: error, crawler: name }, 'a crawl could not be finished')
    })
  }

  async stop(name: string): Promise<void> {
    await this.#catalogue.change(() => {
      const { entry } = crawlerNamed(this.#catalogue, name)
      const run = runOf(entry)
      if (run === null)
        throw new AwsError('CrawlerNotRunningException', `Crawler with name ${name} is not running`)
      return [ended(entry, run.startedAt, 'CANCELLED')]
    })
  }

  async #run(name: string, run: NonNullable<CrawlerEntry['run']>): Promise<void> {
    const isOurs = ({ entry }: { readonly entry: CrawlerEntry }): boolean => entry.run?.id === run.id
    try {
      const inputs = this.#inputs(crawlerNamed(this.#catalogue, name).shown)
      await this.#catalogue.change(() => {
        const found = crawlerNamed(this.#catalogue, name)
        if (!isOurs(found)) return []
        const { DatabaseName: database } = found.shown
        const tables = this.#written(database!.toLowerCase(), inputs)
        return [...tables, ended(found.entry, run.startedAt, 'SUCCEEDED')]
      })
    } catch (error) {
      if (!(error instanceof AwsError)) this.#log.error({ err: error, crawler: name }, 'a crawl failed')
      await this.#catalogue.change(() => {
        const found = this.#catalogue.entries.crawler.get(idOf(name))
        if (found === undefined || !isOurs(found)) return []
        return [ended(found.entry, run.startedAt, 'FAILED', (error as Error).message.slice(0, MAX_ERROR))]
      })
    }
  }

  /** The inputs of the crawler's tables. */
  #inputs({ TablePrefix: prefix = '', Targets: { DynamoDBTargets: targets = [] } }: CrawlerMembers) {
    return targets.map(({ Path: path = '' }): Members & { readonly Name: string } => {
      const table = this.#tables.definitions.byName.get(path)
      if (table === undefined) throw notFound(`There is no table of items ${path}.`)
      const { items, count } = this.#sample(table.id)
      const { schema, conflicts } = infer(items, path)
      return {
        Name: `${prefix}${path}`.toLowerCase(),
        TableType: 'EXTERNAL_TABLE',
        PartitionKeys: [],
        Parameters: {
          classification: 'dynamodb',
          typeOfData: 'table',
          hashKey: table.partitionKey.name,
          ...(table.sortKey !== null && { rangeKey: table.sortKey.name }),
          recordCount: String(count),
          sampled: String(items.length),
          ...(conflicts.length > 0 && { conflicts: conflicts.join('\n') }),
        },
        StorageDescriptor: {
          Columns: columnsOf(parseSchema(schema) as RecordNode),
          Location: `dynamodb://${path}`,
        },
      }
    })
  }

  #sample(tableId: string): { readonly items: readonly unknown[]; readonly count: number } {
    const items: unknown[] = []
    let bytes = 0
    for (const found of this.#tables.reading.range(rangeOfTable(tableId))) {
      bytes += found.bytes
      items.push(toPlain(found.item))
      if (items.length >= MAX_ITEMS || bytes >= MAX_BYTES) break
    }
    return { items, count: this.#tables.reading.count(tableId) }
  }

  /** Creates the tables, and the database if it is not there; changes tables that are. */
  #written(database: string, inputs: readonly (Members & { readonly Name: string })[]): Change[] {
    const now = Date.now()
    const isNew = this.#catalogue.database(database) === undefined
    if (!isNew) created(this.#catalogue, database)
    let added = 0
    const tables = inputs.map((input) => {
      const json = textOf(input)
      const before = this.#catalogue.entries.table.get(idOf(database, input.Name))?.entry
      added += json.length - (before?.json.length ?? 0)
      return tableChange({
        database,
        name: input.Name,
        createdAt: before?.createdAt ?? now,
        updatedAt: now,
        version: before === undefined ? 0 : before.version + 1,
        json,
      })
    })
    const json = JSON.stringify({ Name: database })
    requireRoom(this.#catalogue, added)
    return isNew ? [databaseChange({ name: database, createdAt: now, json }), ...tables] : tables
  }
}

/** The crawl that is running; null if none is, or if its replica has died. */
export const runOf = ({ run }: CrawlerEntry): CrawlerEntry['run'] =>
  run !== null && Date.now() - run.startedAt < MAX_RUN_MS ? run : null

export function crawlerNamed(catalogue: Catalogue, name: string) {
  const found = catalogue.entries.crawler.get(idOf(name))
  if (found === undefined) throw notFound(`Crawler with name ${name} does not exist`)
  return found
}

export const crawlerChange = (entry: CrawlerEntry): Change => ({
  kind: 'crawler',
  id: idOf(entry.name),
  value: entry,
})

function ended(
  entry: CrawlerEntry,
  startedAt: number,
  status: NonNullable<CrawlerEntry['last']>['status'],
  error: string | null = null,
): Change {
  return crawlerChange({ ...entry, run: null, last: { status, startedAt, error } })
}
