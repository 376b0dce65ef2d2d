/**
 * The two headers that a sink looks at, found in one pass over a record's header block and without a view of
 * either.
 */
import { isUtf8 } from 'node:buffer'
import { readVarint, varint } from '@weir/kafka/records/varint.ts'

const ID = Buffer.from('weir-id')
const SOURCE = Buffer.from('weir-source')

export class RecordHeaders {
  #bytes: Buffer = Buffer.alloc(0)
  #idStart = 0
  #idEnd = 0
  #sourceStart = 0
  #sourceEnd = 0
  /** Few sources send many records: the last one's text is kept. */
  #lastSource = Buffer.alloc(0)
  #lastSourceText = ''

  /** Looks into the block at `start`. What the getters say holds until the next call. */
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

  /** Bytes of weir-id; 0 where there is none, or an empty one. */
  get idLength(): number {
    return this.#idEnd - this.#idStart
  }

  /** undefined where weir-id is not UTF-8: replaced bytes could make two ids one. */
  get id(): string | undefined {
    const id = this.#bytes.toString('utf8', this.#idStart, this.#idEnd)
    return id.includes('\ufffd') && !isUtf8(this.#bytes.subarray(this.#idStart, this.#idEnd)) ? undefined : id
  }

  /** weir-source; "unknown" where there is none. */
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
  // From the end: the names of tracing and of Weir begin alike.
  for (let i = length - 1; i >= 0; i--) {
    if (bytes[start + i] !== name[i]) return false
  }
  return true
}
