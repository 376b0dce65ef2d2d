/**
 * One bulk request under assembly: NDJSON written once into one buffer, with the place of every document, so
 * that what must be repeated is repeated byte for byte.
 */
import type { Settlement } from './settlement.ts'

/** `{"create":{"_index":"NAME","_id":` … `}}`, without the id. Why create: docs/decisions/0004. */
export const actionOf = (index: string): string => `{"create":{"_index":${JSON.stringify(index)},"_id":`
const ACTION_END = '}}\n'
const NEWLINE = 10

export class Bulk {
  /** Documents in it. */
  count = 0
  /** Whose they are: document i is record `records[i]` of the batch of `owners[i]`. */
  readonly owners: Settlement[] = []
  readonly records: Int32Array
  /** When it was last sent, on the clock of performance.now(). */
  sentAt = 0
  readonly #bytes: Buffer
  /** Document i begins at `starts[i]` and ends at `starts[i + 1]`. */
  readonly #starts: Int32Array

  constructor(bytes: number, documents: number) {
    this.#bytes = Buffer.allocUnsafeSlow(bytes)
    this.#starts = new Int32Array(documents + 1)
    this.records = new Int32Array(documents)
  }

  get length(): number {
    return this.#starts[this.count]
  }

  get capacity(): number {
    return this.#bytes.length
  }

  /** False, and nothing is added, where it does not fit. `id` and `document` are JSON. */
  add(action: string, id: string, document: string, owner: Settlement, record: number): boolean {
    const bytes = this.#bytes
    const { count } = this
    let at = this.#starts[count]
    // A UTF-16 unit takes at most three bytes; only near the end is it worth counting them.
    if (
      count === this.records.length ||
      (at + 3 * (action.length + id.length + document.length) + 8 > bytes.length &&
        at + lineBytes(action, id, document) > bytes.length)
    )
      return false
    at += bytes.write(action, at)
    at += bytes.write(id, at)
    at += bytes.write(ACTION_END, at)
    at += bytes.write(document, at)
    bytes[at++] = NEWLINE
    this.owners[count] = owner
    this.records[count] = record
    this.#starts[++this.count] = at
    return true
  }

  body(): Buffer {
    return this.#bytes.subarray(0, this.length)
  }

  /** The index that document i is for. */
  indexOf(i: number): string {
    const start = this.#starts[i]
    return JSON.parse(this.#bytes.toString('utf8', start, this.#bytes.indexOf(NEWLINE, start))).create._index
  }

  /** Keeps the documents of those places (ascending), in order. */
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
      // Writes at or below what was just read: the places ahead still hold.
      starts[kept + 1] = at
    }
    this.count = places.length
    this.owners.length = places.length
  }

  /** Moves the upper half into `other`, which is empty and at least as large. */
  splitInto(other: Bulk): void {
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

/** Bytes of a document's two lines. */
export const lineBytes = (action: string, id: string, document: string): number =>
  Buffer.byteLength(action) + Buffer.byteLength(id) + ACTION_END.length + Buffer.byteLength(document) + 1
