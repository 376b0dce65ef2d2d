/**
 * Reference tables as they appear in the topic weir.control.reference: every entry has the shape that its
 * solution declares.
 */
import type { ReferenceEntry } from '@weir/contracts'
import type { TopicRecord } from '@weir/topics'
import { read, text } from '@weir/topics/shape.ts'
import type { ReferenceTable, Solution, TableDefinition } from './solution.ts'

export const REFERENCE_TOPIC = 'weir.control.reference'

/** Names of tables and ids of entries. They appear in URLs and in key names. */
export const TABLE_NAME = /^[a-z0-9][a-z0-9._-]{0,127}$/
const entryId = text({ max: 128, pattern: TABLE_NAME, like: 'lower-case letters, digits, ., _ and -' })

/** Thrown for a table that no solution declares. The message names the tables that exist. */
export class UnknownTable extends Error {
  override readonly name = 'UnknownTable'
}

export interface ReferenceChange {
  readonly table: string
  readonly id: string
  /** The record's offset in the topic. */
  readonly offset: number
  /** The entry as it was written; null removes it. */
  readonly json: string | null
}

class Table implements ReferenceTable {
  version = 0
  readonly definition: TableDefinition
  readonly entries = new Map<string, unknown>()

  constructor(definition: TableDefinition) {
    this.definition = definition
  }
}

export class ReferenceTables {
  readonly #tables: ReadonlyMap<string, Table>

  /**
   * Takes the tables of all solutions: a service that follows the topic must also know the tables that it
   * does not use itself.
   */
  constructor(solutions: readonly Pick<Solution, 'tables'>[]) {
    this.#tables = new Map(
      solutions.flatMap(({ tables = {} }) =>
        Object.entries(tables).map(([name, definition]) => [name, new Table(definition)] as const),
      ),
    )
  }

  /** The table names, in alphabetical order. */
  get names(): readonly string[] {
    return [...this.#tables.keys()].sort()
  }

  /** Returns a live view of the table. Throws UnknownTable. */
  table(name: string): ReferenceTable {
    return this.#known(name)
  }

  /** Throws UnknownTable, or a Misfit that says why the entry does not fit. */
  check(table: string, id: string, entry: unknown): void {
    const { definition } = this.#known(table)
    entryId(id, 'id', 'refused')
    read(definition.entry, entry, 'refused')
  }

  /**
   * Takes a record of the topic and returns the change that it makes, or undefined for a table that another
   * version declares. Throws if the entry does not have the declared shape.
   */
  accept({
    key,
    value,
    offset,
  }: Pick<TopicRecord<ReferenceEntry>, 'key' | 'value' | 'offset'>): ReferenceChange | undefined {
    const slash = key.indexOf('/')
    const [name, id] = [key.slice(0, slash), key.slice(slash + 1)]
    if (slash < 1) throw new Error('The key must be TABLE/ID.')
    const table = this.#tables.get(name)
    if (table === undefined) return undefined
    entryId(id, 'id', 'refused')
    if (value === null) table.entries.delete(id)
    else {
      if (value.table !== name || value.id !== id) {
        throw new Error('The entry is stored under the key of another entry.')
      }
      table.entries.set(id, read(table.definition.entry, JSON.parse(value.json), 'ignored'))
    }
    table.version++
    return { table: name, id, offset, json: value?.json ?? null }
  }

  clear(): void {
    for (const table of this.#tables.values()) {
      table.entries.clear()
      table.version++
    }
  }

  #known(name: string): Table {
    const table = this.#tables.get(name)
    if (table === undefined) {
      throw new UnknownTable(
        `There is no reference table ${JSON.stringify(name)}; choose one of ${this.names.join(', ')}.`,
      )
    }
    return table
  }
}
