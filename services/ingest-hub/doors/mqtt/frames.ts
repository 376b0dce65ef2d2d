/** Cuts a stream of bytes into packets (MQTT 5, section 2.1), before anything of them is parsed. */
import { REASON, Refusal } from './reasons.ts'

/** A type byte, and a length of at most four bytes. */
const MAX_HEADER_BYTES = 5
const NOTHING = Buffer.alloc(0)

export class Frames {
  /**
   * The packet that was found last is `bytes[start, end)`, until the next one is looked for. A view for each
   * packet would cost more than finding it.
   */
  bytes: Buffer = NOTHING
  start = 0
  end = 0
  #chunk: Buffer = NOTHING
  #at = 0
  /** A packet whose rest has not arrived, allocated whole once its length is known. */
  #partial: Buffer | undefined
  #filled = 0

  /** Bytes kept for a packet that has not arrived whole. */
  get partialBytes(): number {
    return this.#partial?.length ?? 0
  }

  /** The first byte of the next packet; undefined if it has not arrived, or was looked at. */
  get type(): number | undefined {
    return this.#partial === undefined ? this.#chunk[this.#at] : undefined
  }

  push(chunk: Buffer): void {
    const rest = this.#chunk.subarray(this.#at)
    this.#chunk = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    this.#at = 0
  }

  /**
   * Finds the next packet. Returns false while a part of it is still to come.
   * @throws Refusal if it is longer than `maxBytes`, or its length is malformed
   */
  next(maxBytes: number): boolean {
    this.bytes = NOTHING
    if (this.#partial !== undefined) return this.#completed(this.#partial)
    const chunk = this.#chunk
    const start = this.#at
    const total = this.#totalAt(chunk, start)
    if (total === undefined) return false
    if (total > maxBytes)
      throw new Refusal(REASON.packetTooLarge, `A packet may have at most ${maxBytes} bytes here.`)
    if (chunk.length - start >= total) {
      this.#at = start + total
      return this.#found(chunk, start, this.#at)
    }
    this.#partial = Buffer.allocUnsafeSlow(total)
    this.#filled = 0
    return this.#completed(this.#partial)
  }

  #completed(partial: Buffer): boolean {
    const copied = this.#chunk.copy(partial, this.#filled, this.#at)
    this.#filled += copied
    this.#at += copied
    if (this.#filled < partial.length) return false
    this.#partial = undefined
    return this.#found(partial, 0, partial.length)
  }

  #found(bytes: Buffer, start: number, end: number): true {
    this.bytes = bytes
    this.start = start
    this.end = end
    return true
  }

  /** The length of the packet with its header; undefined if the header has not arrived whole. */
  #totalAt(chunk: Buffer, start: number): number | undefined {
    let length = 0
    for (let i = 1; i < MAX_HEADER_BYTES; i++) {
      if (start + i >= chunk.length) return undefined
      const byte = chunk[start + i]
      length += (byte & 0x7f) * 128 ** (i - 1)
      if (byte < 0x80) return 1 + i + length
    }
    throw new Refusal(REASON.malformedPacket, 'The length of a packet may have at most four bytes.')
  }
}
