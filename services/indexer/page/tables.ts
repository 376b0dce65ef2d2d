/** The reference tables as the compacted topic weir.control.reference has them. */
import type { ReferenceEntry } from '@weir/contracts'
import type { ReferenceTable } from '@weir/solutions'
import type { FollowedRecord } from './follow.ts'

class Table implements ReferenceTable {
  version = 0
  readonly entries = new Map<string, unknown>()
  /** The entries as they were written. */
  readonly texts = new Map<string, string>()
  /** As it was last asked for. */
  json: { readonly version: number, readonly bytes: Buffer } | undefined
}

export class Tables {
  readonly #tables = new Map<string, Table>()

  /** A value sets the entry, a tombstone removes it. Throws for a value that is no JSON. */
  accept({ key, value }: FollowedRecord<ReferenceEntry>): void {
    const slash = key.indexOf('/')
    if (slash < 0) return
    const table = this.table(key.slice(0, slash))
    const id = key.slice(slash + 1)
    if (value === null) {
      table.entries.delete(id)
      table.texts.delete(id)
    } else {
      table.entries.set(id, JSON.parse(value.json))
      table.texts.set(id, value.json)
    }
    table.version++
  }

  /** Empty as long as nothing was read of it. */
  table(name: string): Table {
    let table = this.#tables.get(name)
    if (!table) this.#tables.set(name, table = new Table())
    return table
  }

  /**
   * The whole table for a page, as JSON: snapshots carry its version only. It is made once a version, from the
   * entries' own texts however deep they are nested, and the same bytes serve all who ask.
   */
  json(name: string): Buffer {
    const table = this.table(name)
    const { version, texts } = table
    if (table.json?.version !== version) {
      const entries = Array.from(texts, ([id, text]) => `${JSON.stringify(id)}:${text}`)
      table.json = { version, bytes: Buffer.from(`{"version":${version},"entries":{${entries.join(',')}}}`) }
    }
    return table.json.bytes
  }
}
