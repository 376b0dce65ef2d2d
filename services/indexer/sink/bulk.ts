/**
 * One bulk request being assembled: NDJSON that is written once into one buffer, with the position of every
 * document, so that repeated documents are sent byte for byte.
 */
import type { Settlement } from './settlement.ts'

/**
 * `{"create":{"_index":"NAME","_id":` … `}}`, without the id. docs/decisions/0004 explains why it is create.
 */
export const actionOf = (index: string): string => `{"create":{"_index":${JSON.stringify(index)},"_id":`
const ACTION_END = '}}\n'
const NEWLINE = 10

export class Bulk {
  /** The number of documents. */
  count = 0
  /** The owners of the documents: document i is record `records[i]` of the batch of `owners[i]`. */
  readonly owners: Settlement[] = []
  readonly records: Int32Array
  /** When the request was last sent, on the clock of performance.now(). */
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

  /** Returns false, and adds nothing, if the document does not fit. `id` and `document` are JSON. */
  add(action: string, id: string, document: string, owner: Settlement, record: number): boolean {
    const bytes = this.#bytes
    const { count } = this
    let at = this.#starts[count]
    // A UTF-16 code unit takes at most three bytes; counting them exactly is only worthwhile near the end.
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

  /** Keeps only the documents at `places`, which are ascending, in order. */
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

/** The length of a document's two lines in bytes. */
export const lineBytes = (action: string, id: string, document: string): number =>
  Buffer.byteLength(action) + Buffer.byteLength(id) + ACTION_END.length + Buffer.byteLength(document) + 1
