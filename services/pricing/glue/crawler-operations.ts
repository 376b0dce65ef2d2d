/** Glue's operations on crawlers, whose targets are tables of items. */
import { type AwsContext, AwsError, glueArn, tableArn } from '@weir/aws'
import { exists, nameOf, requireRoom, textOf } from './change-operations.ts'
import { type Crawls, crawlerChange, crawlerNamed, runOf } from './crawls.ts'
import { type CrawlerEntry, type CrawlerMembers, idOf } from './entries.ts'
import { invalid } from './errors.ts'
import { type PageInput, page } from './schema-operations.ts'
import { arnsOf, type CatalogueDeps, requireCatalog } from './table-operations.ts'

export interface CrawlerDeps extends CatalogueDeps {
  readonly crawls: Crawls
}

interface Named {
  readonly Name: string
}

type CreateCrawlerInput = CrawlerMembers & Named & { readonly CatalogId?: string; readonly Schedule?: string }

/** The tables of items that one crawler reads. */
const MAX_TARGETS = 20

export function crawlerOperations({ account, catalogue, crawls }: CrawlerDeps) {
  const arnOf = (name: string): string => glueArn(account, `crawler/${name}`)

  /** Throws unless the client may read the tables of items and write the tables of the catalogue. */
  const authorizeTargets = (input: CreateCrawlerInput, context: AwsContext): void => {
    const { DynamoDBTargets: targets = [], ...others } = input.Targets
    if (targets.length === 0 || Object.values(others).some((other) => (other as unknown[]).length > 0))
      throw invalid('Crawlers have DynamoDBTargets here: the names of tables of items.')
    if (targets.length > MAX_TARGETS) throw invalid(`A crawler has at most ${MAX_TARGETS} targets.`)
    if (input.Schedule) throw invalid('Crawlers are started by StartCrawler only; leave Schedule out.')
    if (input.DatabaseName === undefined) throw invalid('DatabaseName is required.')
    const database = nameOf(input.DatabaseName, 'Database')
    if (catalogue.isFixed(database))
      throw invalid(`The database ${database} follows from what Weir knows; crawl into another one.`)
    context.authorize(arnsOf(account).database(database))
    for (const { Path: path } of targets) {
      if (path === undefined) throw invalid('Each of DynamoDBTargets needs its Path.')
      const table = nameOf(`${input.TablePrefix ?? ''}${path}`, 'Table')
      context.authorize(tableArn(account, path))
      context.authorize(arnsOf(account).table(database, table))
    }
  }

  const shown = ({
    entry,
    shown: members,
  }: {
    readonly entry: CrawlerEntry
    readonly shown: CrawlerMembers
  }) => {
    const { Tags, ...rest } = members
    const run = runOf(entry)
    const lapsed = entry.run !== null && run === null
    const last = lapsed
      ? { status: 'FAILED', startedAt: entry.run.startedAt, error: 'It was broken off.' }
      : entry.last
    return {
      ...rest,
      State: run === null ? 'READY' : 'RUNNING',
      CrawlElapsedTime: run === null ? 0 : Date.now() - run.startedAt,
      CreationTime: new Date(entry.createdAt),
      LastUpdated: new Date(entry.createdAt),
      Version: entry.version,
      ...(last !== null && {
        LastCrawl: {
          Status: last.status,
          StartTime: new Date(last.startedAt),
          ...(last.error !== null && { ErrorMessage: last.error }),
        },
      }),
    }
  }

  const listed = async (
    list: string,
    { MaxResults: max, NextToken: token }: PageInput,
    context: AwsContext,
  ) => {
    await catalogue.catchUp()
    const all = [...catalogue.entries.crawler.values()]
      .filter(({ entry }) => context.may(arnOf(entry.name)))
      .sort((a, b) => (a.entry.name < b.entry.name ? -1 : 1))
    return page(all, ({ entry }) => entry.name, list, { max, token })
  }

  return {
    async CreateCrawler(input: CreateCrawlerInput, context: AwsContext) {
      requireCatalog(account, input.CatalogId)
      const { Name: name } = input
      context.authorize(arnOf(name))
      authorizeTargets(input, context)
      const json = textOf(input)
      await catalogue.change(() => {
        if (catalogue.entries.crawler.has(idOf(name)))
          throw exists(`Crawler with name ${name} already exists`)
        requireRoom(catalogue, json.length)
        return [crawlerChange({ name, createdAt: Date.now(), version: 1, json, run: null, last: null })]
      })
      return {}
    },

    async GetCrawler({ Name }: Named, context: AwsContext) {
      context.authorize(arnOf(Name))
      await catalogue.catchUp()
      return { Crawler: shown(crawlerNamed(catalogue, Name)) }
    },

    async GetCrawlers(input: PageInput, context: AwsContext) {
      const { items, next } = await listed('crawlers', input, context)
      return { Crawlers: items.map(shown), NextToken: next }
    },

    async ListCrawlers(input: PageInput, context: AwsContext) {
      const { items, next } = await listed('crawler-names', input, context)
      return { CrawlerNames: items.map(({ entry }) => entry.name), NextToken: next }
    },

    async StartCrawler({ Name }: Named, context: AwsContext) {
      context.authorize(arnOf(Name))
      await crawls.start(Name)
      return {}
    },

    async StopCrawler({ Name }: Named, context: AwsContext) {
      context.authorize(arnOf(Name))
      await crawls.stop(Name)
      return {}
    },

    async DeleteCrawler({ Name }: Named, context: AwsContext) {
      context.authorize(arnOf(Name))
      await catalogue.change(() => {
        if (runOf(crawlerNamed(catalogue, Name).entry) !== null)
          throw new AwsError('CrawlerRunningException', `Crawler with name ${Name} is running`)
        return [{ kind: 'crawler', id: idOf(Name), value: undefined }]
      })
      return {}
    },
  }
}
