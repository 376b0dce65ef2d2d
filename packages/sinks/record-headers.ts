/**
 * The two headers that a sink reads, found in one pass over a record's header block, without creating a view
 * of either.
 */
import { isUtf8 } from 'node:buffer'
import { HEADERS } from '@weir/contracts'
import { readVarint, varint } from '@weir/kafka/records/varint.ts'

const ID = Buffer.from(HEADERS.id)
const SOURCE = Buffer.from(HEADERS.source)

export class RecordHeaders {
  #bytes: Buffer = Buffer.alloc(0)
  #idStart = 0
  #idEnd = 0
  #sourceStart = 0
  #sourceEnd = 0
  /** The text of the last source is cached, because a few sources send many records. */
  #lastSource = Buffer.alloc(0)
  #lastSourceText = ''

  /** Reads the block at `start`. The values of the getters are valid until the next call. */
  read(bytes: Buffer, start: number): void {
    this.#bytes = bytes
    this.#idStart = this.#idEnd = this.#sourceStart = this.#sourceEnd = 0
    let count = readVarint(bytes, start)
    let at = varint.next
    while (count-- > 0) {
      const nameLength = readVarint(bytes, at)
      const nameStart = varint.next
      const valueLength = readVarint(bytes, nameStart + nameLength)
      const valueStart = varint.next
      at = valueStart + Math.max(valueLength, 0)
      // The first of several wins.
      if (this.#idEnd === 0 && isName(bytes, nameStart, nameLength, ID)) {
        this.#idStart = valueStart
        this.#idEnd = at
      } else if (this.#sourceEnd === 0 && isName(bytes, nameStart, nameLength, SOURCE)) {
        this.#sourceStart = valueStart
        this.#sourceEnd = at
      }
    }
  }

  /** The length of weir-id in bytes; 0 if it is missing or empty. */
  get idLength(): number {
    return this.#idEnd - this.#idStart
  }

  /** Undefined if weir-id is not UTF-8: replaced bytes could make two ids equal. */
  get id(): string | undefined {
    const id = this.#bytes.toString('utf8', this.#idStart, this.#idEnd)
    return id.includes('\ufffd') && !isUtf8(this.#bytes.subarray(this.#idStart, this.#idEnd)) ? undefined : id
  }

  /** weir-source, or "unknown" if it is missing. */
  get source(): string {
    if (this.#sourceEnd === this.#sourceStart) return 'unknown'
    if (
      this.#bytes.compare(
        this.#lastSource,
        0,
        this.#lastSource.length,
        this.#sourceStart,
        this.#sourceEnd,
      ) !== 0
    ) {
      this.#lastSource = Buffer.from(this.#bytes.subarray(this.#sourceStart, this.#sourceEnd))
      this.#lastSourceText = this.#lastSource.toString()
    }
    return this.#lastSourceText
  }
}

function isName(bytes: Buffer, start: number, length: number, name: Buffer): boolean {
  if (length !== name.length) return false
  // Compares from the end, because the names of tracing and of Weir begin alike.
  for (let i = length - 1; i >= 0; i--) {
    if (bytes[start + i] !== name[i]) return false
  }
  return true
}
