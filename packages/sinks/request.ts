/**
 * One request being assembled: items that are written once into one buffer, with the position of every item,
 * so that repeated items are sent byte for byte.
 */
import type { Settlement } from './settlement.ts'

/** Lays an item out in a request. Callers may reuse one item for all records. */
export interface Layout<Item> {
  /** The length of the item in bytes. */
  bytes(item: Item): number
  /** At least as much as bytes(), and cheaper. */
  maxBytes(item: Item): number
  /** Writes the item at `at`, and returns its end. */
  write(item: Item, into: Buffer, at: number): number
}

export class Request<Item> {
  /** The number of items. */
  count = 0
  /** The owners of the items: item i is record `records[i]` of the batch of `owners[i]`. */
  readonly owners: Settlement[] = []
  readonly records: Int32Array
  /** When the request was last sent, on the clock of performance.now(). */
  sentAt = 0
  readonly #layout: Layout<Item>
  readonly #bytes: Buffer
  /** Item i begins at `starts[i]` and ends at `starts[i + 1]`. */
  readonly #starts: Int32Array

  constructor(layout: Layout<Item>, bytes: number, items: number) {
    this.#layout = layout
    this.#bytes = Buffer.allocUnsafeSlow(bytes)
    this.#starts = new Int32Array(items + 1)
    this.records = new Int32Array(items)
  }

  get length(): number {
    return this.#starts[this.count]
  }

  get capacity(): number {
    return this.#bytes.length
  }

  /** Returns false, and adds nothing, if the item does not fit. */
  add(item: Item, owner: Settlement, record: number): boolean {
    const layout = this.#layout
    const bytes = this.#bytes
    const { count } = this
    const at = this.#starts[count]
    // Counting the bytes exactly is only worthwhile near the end.
    if (
      count === this.records.length ||
      (at + layout.maxBytes(item) > bytes.length && at + layout.bytes(item) > bytes.length)
    )
      return false
    this.owners[count] = owner
    this.records[count] = record
    this.#starts[++this.count] = layout.write(item, bytes, at)
    return true
  }

  body(): Buffer {
    return this.#bytes.subarray(0, this.length)
  }

  /** The bytes of item i; valid until the request changes. */
  item(i: number): Buffer {
    return this.#bytes.subarray(this.#starts[i], this.#starts[i + 1])
  }

  /** Keeps only the items at `places`, which are ascending, in order. */
  keep(places: readonly number[]): void {
    const starts = this.#starts
    let at = 0
    for (let kept = 0; kept < places.length; kept++) {
      const place = places[kept]
      const end = starts[place + 1]
      this.#bytes.copyWithin(at, starts[place], end)
      at += end - starts[place]
      this.owners[kept] = this.owners[place]
      this.records[kept] = this.records[place]
      // Writes at or below the entry that was just read, so the entries ahead are still valid.
      starts[kept + 1] = at
    }
    this.count = places.length
    this.owners.length = places.length
  }

  /** Moves the upper half into `other`, which is empty and at least as large. */
  splitInto(other: Request<Item>): void {
    const half = this.count >> 1
    const from = this.#starts[half]
    this.#bytes.copy(other.#bytes, 0, from, this.length)
    for (let i = half; i < this.count; i++) {
      other.owners[i - half] = this.owners[i]
      other.records[i - half] = this.records[i]
      other.#starts[i - half + 1] = this.#starts[i + 1] - from
    }
    other.count = this.count - half
    this.count = half
    this.owners.length = half
  }

  clear(): void {
    this.count = 0
    this.owners.length = 0
  }
}
