/** Reads items from the view: one, or those of a range of keys. */
import type { TableItem } from '@weir/contracts'
import { decodeKey, type KeyRange, readItem, tablePrefix } from '@weir/items'
import type { StoredItem } from './operations.ts'
import type { RangeOptions, View } from './view.ts'

export interface ReadItem extends StoredItem {
  readonly key: Buffer
  /** The bytes of the item's JSON. */
  readonly bytes: number
}

/** What the view has before an item's JSON: version and time of creation. */
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

  count(range: KeyRange): number {
    return this.#view.count(range)
  }

  /** Yields keys whose table is gone, at most `limit`. */
  *orphans(isKnown: (tableId: string) => boolean, limit: number): Generator<Buffer> {
    // Tables are found one after the other, by a look behind the last key of the one before.
    let [start, left]: [Buffer, number] = [Buffer.of(1), limit]
    for (let first = this.#view.first(start); first !== undefined; first = this.#view.first(start)) {
      const id = tableIdOf(first)
      const range = rangeOfTable(id)
      if (!isKnown(id))
        for (const { key } of this.#view.range(range)) {
          if (left-- <= 0) return
          yield Buffer.from(key)
        }
      start = range.end
    }
  }
}

export const tableIdOf = (key: Buffer): string => decodeKey(key).tableId

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
