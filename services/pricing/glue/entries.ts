/** The entries of weir.control.catalogue, and their checks before they are applied. */
import { createHash } from 'node:crypto'
import { glueModel } from '@weir/aws'
import { compile } from '@weir/aws/validate.ts'
import type { CheckState } from '@weir/control'
import { integer, list, nullable, object, oneOf, read, type ShapedBy, text } from '@weir/topics/shape.ts'
import type { Column } from './hive-types.ts'

/** The longest JSON of an entry, as long as fits into a record with room for the rest. */
export const MAX_JSON = 256 << 10
const MAX_NAME = 255
const MAX_VALUE = 1024
/** Glue's limit is that of the partition keys, which are columns of a table. */
const MAX_VALUES = 100

const name = text({ max: MAX_NAME })
const time = integer({ min: 0, max: 8.64e15 })
const json = text({ max: MAX_JSON })

const database = object({ name, createdAt: time, json })
const table = object({
  database: name,
  name,
  createdAt: time,
  updatedAt: time,
  version: integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  json,
})
const partition = object({
  database: name,
  table: name,
  values: list(text({ min: 0, max: MAX_VALUE }), { max: MAX_VALUES }),
  createdAt: time,
  json,
})

const crawler = object({
  name,
  createdAt: time,
  version: integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  json,
  /** The crawl that is running. It has lapsed if it takes too long: its replica has died. */
  run: nullable(object({ id: text({ max: 36 }), startedAt: time })),
  last: nullable(
    object({
      status: oneOf('SUCCEEDED', 'CANCELLED', 'FAILED'),
      startedAt: time,
      error: nullable(text({ max: 2048 })),
    }),
  ),
})

export type DatabaseEntry = ShapedBy<typeof database>
export type TableEntry = ShapedBy<typeof table>
export type PartitionEntry = ShapedBy<typeof partition>
export type CrawlerEntry = ShapedBy<typeof crawler>

/** Members of an input, as Glue's model has them. */
export type Members = Readonly<Record<string, unknown>>
export type TableMembers = Members & {
  readonly PartitionKeys?: readonly Column[]
  readonly StorageDescriptor?: Members
}
export type CrawlerMembers = Members & {
  readonly DatabaseName?: string
  readonly TablePrefix?: string
  readonly Targets: { readonly DynamoDBTargets?: readonly { readonly Path?: string }[] }
}

/** The id of an entry: names may be longer than ids. */
export const idOf = (...names: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(names)).digest('hex')

const checkOf = {
  database: compile<Members>(glueModel, 'DatabaseInput'),
  table: compile<TableMembers>(glueModel, 'TableInput'),
  partition: compile<Members>(glueModel, 'PartitionInput'),
  crawler: compile<CrawlerMembers>(glueModel, 'CreateCrawlerRequest'),
}

/** Returns the members of an entry's input. Throws if Glue's model does not allow them. */
export const membersOf = <K extends keyof typeof checkOf>(
  kind: K,
  entry: { readonly json: string },
): ReturnType<(typeof checkOf)[K]> => checkOf[kind](JSON.parse(entry.json)) as never

export const checks = {
  database(state, id) {
    const entry = read(database, state, 'ignored')
    requireId(id, entry.name)
    membersOf('database', entry)
  },
  table(state, id) {
    const entry = read(table, state, 'ignored')
    requireId(id, entry.database, entry.name)
    membersOf('table', entry)
  },
  partition(state, id) {
    const entry = read(partition, state, 'ignored')
    requireId(id, entry.database, entry.table, ...entry.values)
    membersOf('partition', entry)
  },
  crawler(state, id) {
    const entry = read(crawler, state, 'ignored')
    requireId(id, entry.name)
    membersOf('crawler', entry)
  },
} satisfies Record<string, CheckState>

function requireId(id: string, ...names: readonly string[]): void {
  if (idOf(...names) !== id) throw new Error('The entry is stored under the id of another one.')
}
