/**
 * The header blocks of a request's records. Only the id differs, so the rest is laid out once and each id
 * overwrites the previous one.
 */
import { HEADERS } from '@weir/contracts'
import { encodeHeaders } from '@weir/kafka'
import { varintSize, writeVarint } from '@weir/kafka/records/varint.ts'

export const MAX_ID_LENGTH = 128
export const MAX_SOURCE_LENGTH = 128

const ID = Buffer.from(HEADERS.id)

export class RecordHeaders {
  /** Contains the block of the id written last, starting at 0. */
  readonly block: Buffer
  readonly #rest: Buffer
  readonly #lengthAt: number
  #idLength = -1
  #prefix: string | undefined
  #idAt = 0
  #end = 0

  /**
   * @param source the source of the records, in visible ASCII
   * @param traceparent the traceparent of the request, if it has one
   * @param client the name of the API key, if the client may choose the source itself
   */
  constructor(source: string, traceparent: string | undefined, client?: string) {
    const rest = {
      [HEADERS.source]: source,
      ...(traceparent !== undefined && { traceparent }),
      ...(client !== undefined && { [HEADERS.client]: client }),
    }
    const count = Object.keys(rest).length
    this.#rest = encodeHeaders(rest).subarray(varintSize(count))
    this.block = Buffer.allocUnsafe(16 + ID.length + MAX_ID_LENGTH + this.#rest.length)
    let at = writeVarint(this.block, 0, count + 1)
    at = writeVarint(this.block, at, ID.length)
    this.#lengthAt = at + ID.copy(this.block, at)
  }

  /** Writes the block of a record with this id (visible ASCII) to `block`, and returns its end. */
  write(id: string): number {
    this.#prefix = undefined
    if (id.length !== this.#idLength) {
      this.#idLength = id.length
      this.#idAt = writeVarint(this.block, this.#lengthAt, id.length)
      const restAt = this.#idAt + id.length
      this.#end = restAt + this.#rest.copy(this.block, restAt)
    }
    this.block.write(id, this.#idAt, id.length, 'latin1')
    return this.#end
  }

  /**
   * Equivalent to write(`${prefix}-${number}`), but twenty times as fast if the previous number had the same
   * number of digits.
   */
  writeNumbered(prefix: string, number: number): number {
    let digits = 1
    for (let left = number; left >= 10; left = Math.trunc(left / 10)) digits++
    if (prefix !== this.#prefix || prefix.length + 1 + digits !== this.#idLength) {
      this.write(`${prefix}-${number}`)
      this.#prefix = prefix
      return this.#end
    }
    const first = this.#idAt + this.#idLength - digits
    for (let at = first + digits - 1, left = number; at >= first; at--, left = Math.trunc(left / 10))
      this.block[at] = 48 + (left % 10)
    return this.#end
  }
}
