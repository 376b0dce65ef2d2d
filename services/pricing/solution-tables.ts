/** The tables of items that solutions declare: created if they do not exist, and seeded while they are empty. */
import { randomBytes } from 'node:crypto'
import type { Codec } from '@weir/codec'
import { encodeKey, type Item, keyOfItem, readItem, toJson } from '@weir/items'
import type { Kafka } from '@weir/kafka'
import { ITEM_STREAMS_SINCE_MS, type ItemTableDefinition, type Solution, topics } from '@weir/solutions'
import { schemaOf, type Table } from './tables/entries.ts'
import { fromPlain } from './tables/plain-items.ts'
import { openRows, type Rows } from './tables/rows.ts'
import type { Tables } from './tables/tables.ts'

/** Returns the tables of the solutions by name. Throws for two with the same name. */
export function itemTablesOf(solutions: readonly Solution[]): ReadonlyMap<string, ItemTableDefinition> {
  const found = new Map<string, ItemTableDefinition>()
  for (const [name, definition] of solutions.flatMap(({ itemTables = {} }) => Object.entries(itemTables))) {
    if (found.has(name)) throw new Error(`Two solutions have a table of items named ${name}; rename one.`)
    found.set(name, definition)
  }
  return found
}

/** Resolves to the rows of the tables that have some, by the table's name. */
export async function openRowsOf(
  definitions: ReadonlyMap<string, ItemTableDefinition>,
  resources: { readonly kafka: Kafka; readonly codec: Codec },
): Promise<ReadonlyMap<string, Rows>> {
  const opened = await Promise.all(
    [...definitions].flatMap(([name, { key, rows }]) => {
      if (rows === undefined) return []
      if (topics[rows].key !== key)
        throw new Error(`The key of ${rows} must be ${key}, the key of the table ${name}.`)
      return [openRows(resources, rows).then((opened) => [name, opened] as const)]
    }),
  )
  return new Map(opened)
}

/** Resolves when all tables exist and none of those with a seed is empty. */
export async function ensureTables(
  definitions: ReadonlyMap<string, ItemTableDefinition>,
  tables: Tables,
): Promise<void> {
  for (const [name, { key, seed = [] }] of definitions) {
    await tables.definitions.change(name, (existing) => existing ?? newTable(name, key))
    const table = tables.definitions.byName.get(name)!
    if (table.sortKey !== null || table.partitionKey.name !== key || table.partitionKey.type !== 'S')
      throw new Error(
        `There is a table ${name} with another key than ${key} (S), which a solution needs; delete it or leave the solution out.`,
      )
    if (seed.length === 0 || tables.reading.count(table.id) > 0) continue
    await Promise.all(seed.map((item) => putNew(tables, table, readItem(fromPlain(item)))))
  }
}

/** Another replica may seed at the same time. */
async function putNew(tables: Tables, table: Table, item: Item): Promise<void> {
  const key = keyOfItem(schemaOf(table), item)
  const input = JSON.stringify({ Item: toJson(item) })
  const { code, message } = await tables.write(table, key, { operation: 'put', input, expected: '' })
  if (code !== null && code !== 'WrongRevision')
    throw new Error(`The table ${table.name} cannot be seeded with ${encodeKey(table.id, key)}: ${message}`)
}

const newTable = (name: string, key: string): Table => ({
  name,
  id: randomBytes(8).toString('hex'),
  createdAt: Date.now(),
  partitionKey: { name: key, type: 'S' },
  sortKey: null,
  stream: { view: 'NEW_AND_OLD_IMAGES', enabledAt: ITEM_STREAMS_SINCE_MS },
  expiry: null,
  isProtected: false,
})
