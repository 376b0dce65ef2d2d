/**
 * The databases and tables that Weir derives: one database for each solution, with its topics, streams and tables of
 * items, and one for the platform's. They cannot be changed through Glue.
 */
import { type AvroSchema, parseSchema, type RecordNode } from '@weir/contracts/avro.ts'
import { readSample, schemaOf } from '@weir/contracts/load.ts'
import type { Topic, TopicTable } from '@weir/contracts/topics.ts'
import type { Solution } from '@weir/solutions'
import type { Table as ItemTable } from '../tables/entries.ts'
import { type Column, columnsOf } from './hive-types.ts'
import { REGISTRY } from './schema-names.ts'

/** A database as Glue answers with it. */
export interface Database {
  readonly Name: string
  readonly Description?: string
  readonly CreateTime?: Date
  readonly [member: string]: unknown
}

/** A table as Glue answers with it. */
export interface Table {
  readonly Name: string
  readonly DatabaseName: string
  readonly Description?: string
  readonly Owner?: string
  readonly PartitionKeys?: readonly Column[]
  readonly StorageDescriptor?: Readonly<Record<string, unknown>>
  readonly [member: string]: unknown
}

export interface KnownOptions {
  readonly solutions: readonly Solution[]
  /** Every topic. */
  readonly topics: TopicTable
  /** The tables of items, by name, as they are now. */
  readonly itemTables: ReadonlyMap<string, ItemTable>
}

/** The database with the platform's topics, and with the tables of items that are not a solution's. */
const PLATFORM = 'weir'
const SERDES = {
  avro: 'org.apache.hadoop.hive.serde2.avro.AvroSerDe',
  json: 'org.openx.data.jsonserde.JsonSerDe',
} as const
const ITEM_TYPES = { S: 'string', N: 'decimal(38,18)', B: 'binary' } as const

export class KnownTables {
  readonly databases: readonly Database[]
  readonly #fixed: readonly Table[]
  readonly #ownerOf: ReadonlyMap<string, string>
  readonly #rowsOf: ReadonlyMap<string, Topic>
  readonly #itemTables: ReadonlyMap<string, ItemTable>

  constructor({ solutions, topics, itemTables }: KnownOptions) {
    this.#itemTables = itemTables
    const owned = new Set(solutions.flatMap((solution) => Object.keys(solution.topics ?? {})))
    const platform = Object.entries(topics).filter(([name]) => name.startsWith('weir.') && !owned.has(name))
    this.databases = [
      ...solutions.map(({ name, title = name }) => ({ Name: name, Description: `${title}, a solution` })),
      { Name: PLATFORM, Description: "Weir's own topics, and tables of items without a solution" },
    ].sort((a, b) => (a.Name < b.Name ? -1 : 1))
    this.#fixed = [
      ...solutions.flatMap((solution) => [
        ...Object.entries(solution.topics ?? {}).map(([name, topic]) =>
          topicTable(solution.name, name, topic),
        ),
        ...(solution.streams ?? []).map(({ name }) => streamTable(solution.name, name)),
      ]),
      ...platform.map(([name, topic]) => topicTable(PLATFORM, name, topic)),
    ]
    const items = solutions.flatMap(({ name, itemTables: own = {} }) =>
      Object.entries(own).map(([table, { rows }]) => ({ name, table, rows })),
    )
    this.#ownerOf = new Map(items.map(({ name, table }) => [table, name]))
    this.#rowsOf = new Map(
      items.flatMap(({ table, rows }) => (rows === undefined ? [] : [[table, topics[rows]!] as const])),
    )
  }

  tables(): readonly Table[] {
    const items = [...this.#itemTables.values()].map((table) =>
      itemTable(this.#ownerOf.get(table.name) ?? PLATFORM, table, this.#rowsOf.get(table.name)),
    )
    return [...this.#fixed, ...items]
  }
}

/** A topic whose values have a contract. Its partitions are Kafka's, and not those of Hive. */
function topicTable(database: string, name: string, topic: Topic): Table {
  return {
    ...table(database, name, topic.doc),
    StorageDescriptor: {
      ...storage(recordColumns(topic), `kafka://${name}`, 'avro'),
      SchemaReference: { SchemaId: { RegistryName: REGISTRY, SchemaName: name } },
    },
    Parameters: {
      classification: 'avro',
      typeOfData: 'kafka',
      topicName: name,
      partitions: String(topic.partitions),
      retention: topic.retentionHours === 'compact' ? 'compact' : `${topic.retentionHours} h`,
      ...(topic.key !== null && { key: topic.key }),
      writers: topic.writers.join(','),
      sample: JSON.stringify(readSample(topic.value)),
    },
  }
}

/** A stream has the records that its producers send, whatever they are. */
function streamTable(database: string, name: string): Table {
  const data = { Name: 'data', Type: 'binary' }
  return {
    ...table(database, name, 'A stream'),
    StorageDescriptor: storage([data], `kinesis://${name}`, 'json'),
    Parameters: { classification: 'unknown', typeOfData: 'kinesis', streamName: name },
  }
}

/** A table of items has the columns of its rows, or its keys if it has no rows. */
function itemTable(database: string, item: ItemTable, rows: Topic | undefined): Table {
  const { name, createdAt, partitionKey, sortKey } = item
  const keys = [partitionKey, ...(sortKey === null ? [] : [sortKey])]
  const columns =
    rows === undefined
      ? keys.map((key) => ({ Name: key.name, Type: ITEM_TYPES[key.type] }))
      : recordColumns(rows)
  return {
    ...table(database, name, rows?.doc ?? 'A table of items'),
    CreateTime: new Date(createdAt),
    StorageDescriptor: storage(columns, `dynamodb://${name}`, 'json'),
    Parameters: {
      classification: 'dynamodb',
      typeOfData: 'table',
      hashKey: partitionKey.name,
      ...(sortKey !== null && { rangeKey: sortKey.name }),
    },
  }
}

const table = (database: string, name: string, doc: string) => ({
  Name: name,
  DatabaseName: database,
  Description: doc.slice(0, 2048),
  Owner: database,
  PartitionKeys: [],
  TableType: 'EXTERNAL_TABLE',
})

const storage = (Columns: readonly Column[], Location: string, format: keyof typeof SERDES) => ({
  Columns,
  Location,
  SerdeInfo: { SerializationLibrary: SERDES[format] },
})

const recordColumns = (topic: Topic): Column[] =>
  columnsOf(parseSchema(schemaOf(topic) as AvroSchema) as RecordNode)
