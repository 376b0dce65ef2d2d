/** Reads items from the view: one, or those of a range of keys. */
import type { TableItem } from '@weir/contracts'
import { type KeyRange, readItem, tablePrefix } from '@weir/items'
import type { StoredItem } from './operations.ts'
import { type RangeOptions, tableIdOf, type View } from './view.ts'

export interface ReadItem extends StoredItem {
  readonly key: Buffer
  /** The bytes of the item's JSON. */
  readonly bytes: number
}

/** The view keeps an item's version and time of creation before its JSON. */
const HEAD_BYTES = 16

/** Returns an item as the view keeps it. */
export function valueOf(item: TableItem | null): Buffer | null {
  if (item === null) return null
  const length = Buffer.byteLength(item.json)
  const value = Buffer.allocUnsafe(HEAD_BYTES + length)
  value.writeDoubleBE(item.version, 0)
  value.writeDoubleBE(item.createdAt, 8)
  value.write(item.json, HEAD_BYTES)
  return value
}

export class Reading {
  readonly #view: View

  constructor(view: View) {
    this.#view = view
  }

  get(key: Buffer): ReadItem | undefined {
    const value = this.#view.get(key)
    return value && read(key, value)
  }

  /** Yields items in the order of their keys. Only until the caller waits for something else. */
  *range(range: KeyRange, options?: RangeOptions): Generator<ReadItem> {
    for (const { key, value } of this.#view.range(range, options)) yield read(key, value)
  }

  /** Returns how many items a table has. */
  count(tableId: string): number {
    return this.#view.count(tableId)
  }

  /** Returns the ids of the tables that have items. */
  tables(): string[] {
    const ids: string[] = []
    // Each is found by a look behind the last key of the one before.
    let first = this.#view.first(Buffer.of(1))
    while (first !== undefined) {
      const id = tableIdOf(first)
      ids.push(id)
      first = this.#view.first(rangeOfTable(id).end)
    }
    return ids
  }

  /** Returns the keys of a table's first items. */
  keys(tableId: string, limit: number): Buffer[] {
    const found: Buffer[] = []
    for (const { key } of this.#view.range(rangeOfTable(tableId))) {
      if (found.length >= limit) break
      found.push(Buffer.from(key))
    }
    return found
  }
}

/** All items of a table. */
export function rangeOfTable(id: string): KeyRange {
  const start = tablePrefix(id)
  const end: Buffer = Buffer.from(start)
  // The last byte is a digit.
  end[end.length - 1]++
  return { start, end }
}

const read = (key: Buffer, value: Buffer): ReadItem => ({
  key,
  bytes: value.length - HEAD_BYTES,
  item: readItem(JSON.parse(value.toString('utf8', HEAD_BYTES))),
  version: value.readDoubleBE(0),
  createdAt: value.readDoubleBE(8),
})
