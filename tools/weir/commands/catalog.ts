import { command, onlyPositionals, UsageError, wholeNumber } from '../command.ts'
import { type Crawled, crawl, crawlFile } from '../crawl/crawl.ts'
import { newestOf } from '../crawl/sample.ts'
import { EXIT } from '../exit.ts'
import { existingTopic, withCodec, withKafka } from '../kafka.ts'
import { hint } from '../nearest.ts'
import { readSettings } from '../settings.ts'
import { print, printJson } from '../terminal/output.ts'
import { duration, styled, table } from '../terminal/table.ts'
import { type CatalogApi, type CatalogTable, openCatalogApi } from './catalog-api.ts'
import { readSigning } from './functions-api.ts'

const usage = `
weir catalog [list [TEXT]] | show TABLE | crawl TOPIC | crawl --file FILE

The catalogue of data: topics, streams, tables of items, and tables that clients of Glue have created, with their
columns and owners. list and show ask pricing by Glue's API, signed with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.

list      shows the tables, or those with a text in their names, columns, owners or descriptions
show      shows one table: its columns, partitions and parameters; for a topic, when its newest record came. TABLE is a
          name, or DATABASE/NAME
crawl     reads the newest values of a topic, or the first rows of a file, and proposes a contract that fits all of
          them (an .avsc). It says where their types disagree. Values may be JSON, lines of CSV, or Avro with a schema
          of the registry; files CSV with a header or NDJSON, also gzip and zstd

  --file FILE  crawl: reads a file instead of a topic
  --sample N   crawl: how many values at most, up to 10,000 (1,000)
  --json       prints JSON

Examples
  weir catalog list truck
  weir catalog show fleet.readings
  weir catalog crawl orders > orders.avsc
  weir catalog crawl --file trips.csv.gz --sample 10000

Exit code 1: there is no such table, or nothing can be said about the values.
`

const ACTIONS = ['list', 'show', 'crawl']
const MAX_SAMPLE = 10_000

export const catalog = command({
  name: 'catalog',
  summary: 'Show what data there is, and infer the schema of a topic',
  usage,
  options: {
    file: { type: 'string' },
    sample: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
  async run({ file, sample, json }, [action = 'list', name, ...rest]) {
    if (!ACTIONS.includes(action))
      throw new UsageError(`There is no \`weir catalog ${action}\`.${hint(action, ACTIONS)}`)
    onlyPositionals(rest, 0)
    const count = wholeNumber('--sample', sample, 1000, 1, MAX_SAMPLE)
    if (action === 'crawl') {
      if (file !== undefined) onlyPositionals(name === undefined ? [] : [name], 0)
      return shownCrawl(await (file === undefined ? crawlTopic(name, count) : crawlFile(file, count)), json)
    }
    const api = openCatalogApi(readSettings().urls.pricing, readSigning())
    if (action === 'list') return list(await api.search(name ?? ''), json)
    if (name === undefined) throw new UsageError('Name a table: `weir catalog show TABLE`.')
    return show(api, name, json)
  },
})

async function list(tables: readonly CatalogTable[], json: boolean): Promise<number> {
  if (json) await printJson(tables)
  else
    await print(
      table(
        ['DATABASE', 'TABLE', 'KIND', 'FORMAT', 'OWNER', 'COLUMNS'],
        tables.map(({ DatabaseName, Name, Owner, Parameters = {}, StorageDescriptor = {} }) => [
          DatabaseName,
          Name,
          Parameters.typeOfData ?? 'file',
          Parameters.classification,
          Owner,
          StorageDescriptor.Columns?.length,
        ]),
      ),
    )
  return EXIT.ok
}

async function show(api: CatalogApi, wanted: string, json: boolean): Promise<number> {
  const text = wanted.slice(wanted.indexOf('/') + 1)
  const found = (await api.search(text)).filter(({ DatabaseName, Name }) =>
    wanted.includes('/') ? `${DatabaseName}/${Name}` === wanted : Name === wanted,
  )
  if (found.length !== 1) {
    process.stderr.write(
      found.length === 0
        ? `There is no table ${wanted}; \`weir catalog list\` shows those that there are.\n`
        : `There are several tables ${wanted}: ${found.map((one) => `${one.DatabaseName}/${one.Name}`).join(', ')}; name one of them.\n`,
    )
    return EXIT.refused
  }
  const [one] = found
  const partitions = one.PartitionKeys?.length ? await api.partitions(one) : []
  const newestAt = one.Parameters?.typeOfData === 'kafka' ? await newestRecordAt(one.Name) : undefined
  if (json) {
    await printJson({ ...one, partitions, newestRecordAt: newestAt ?? null })
    return EXIT.ok
  }
  const { sample, ...parameters } = one.Parameters ?? {}
  const columns = [...(one.StorageDescriptor?.Columns ?? []), ...(one.PartitionKeys ?? [])]
  await print(
    [
      `${styled('bold', `${one.DatabaseName}/${one.Name}`)}\n${one.Description ?? ''}\n${one.StorageDescriptor?.Location ?? ''}\n`,
      table(
        ['COLUMN', 'TYPE', 'MEANING'],
        columns.map(({ Name, Type, Comment }) => [Name, Type, Comment]),
      ),
      table(['PARAMETER', 'VALUE'], Object.entries(parameters)),
      ...(partitions.length > 0
        ? [
            table(
              ['PARTITION'],
              partitions.map((values) => [values.join('/')]),
            ),
          ]
        : []),
      ...(newestAt === undefined ? [] : [`The newest record came ${duration(Date.now() - newestAt)} ago.\n`]),
      ...(sample === undefined ? [] : [`Sample: ${sample}\n`]),
    ].join('\n'),
  )
  return EXIT.ok
}

/** Undefined if the topic has no record, or is not there. */
const newestRecordAt = (topic: string): Promise<number | undefined> =>
  withKafka(async (kafka) => {
    const exists = (await kafka.admin.topics()).some(({ name }) => name === topic)
    return exists ? (await newestOf(kafka, topic, 100)).newestAt : undefined
  })

const crawlTopic = (wanted: string | undefined, count: number): Promise<Crawled> =>
  withKafka((kafka) =>
    withCodec(async (codec) => {
      const topic = await existingTopic(kafka, wanted)
      const { values } = await newestOf(kafka, topic, count)
      return crawl(topic, values, { codec, registryUrl: readSettings().registry })
    }),
  )

async function shownCrawl(crawled: Crawled, json: boolean): Promise<number> {
  await (json ? printJson(crawled) : propose(crawled))
  return crawled.schema === undefined ? EXIT.refused : EXIT.ok
}

/** The contract goes to the output, and everything else to people. */
async function propose({ source, sampled, formats, conflicts, schema }: Crawled): Promise<void> {
  const counts = Object.entries(formats).map(([format, times]) => `${times} ${format}`)
  process.stderr.write(
    `${sampled} values of ${source}${counts.length > 0 ? `: ${counts.join(', ')}` : ''}.\n`,
  )
  for (const conflict of conflicts) process.stderr.write(`${conflict}\n`)
  if (schema !== undefined) await print(`${JSON.stringify(schema, null, 2)}\n`)
  else process.stderr.write('Nothing can be said about them: they are neither JSON, CSV nor Avro.\n')
}
