/** Cuts a stream of bytes into packets (MQTT 5, section 2.1), before anything of them is parsed. */
import { REASON, Refusal } from './reasons.ts'

/** A type byte, and a length of at most four bytes. */
const MAX_HEADER_BYTES = 5
const NOTHING = Buffer.alloc(0)

export class Frames {
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
   * Returns the next packet, valid as long as its chunk; undefined if it has not arrived whole.
   * @throws Refusal if it is longer than `maxBytes`, or its length is malformed
   */
  next(maxBytes: number): Buffer | undefined {
    if (this.#partial !== undefined) return this.#completed(this.#partial)
    const chunk = this.#chunk
    const start = this.#at
    const total = this.#totalAt(chunk, start)
    if (total === undefined) return undefined
    if (total > maxBytes)
      throw new Refusal(REASON.packetTooLarge, `A packet may have at most ${maxBytes} bytes here.`)
    if (chunk.length - start >= total) {
      this.#at = start + total
      return chunk.subarray(start, this.#at)
    }
    this.#partial = Buffer.allocUnsafeSlow(total)
    this.#filled = 0
    return this.#completed(this.#partial)
  }

  #completed(partial: Buffer): Buffer | undefined {
    const copied = this.#chunk.copy(partial, this.#filled, this.#at)
    this.#filled += copied
    this.#at += copied
    if (this.#filled < partial.length) return undefined
    this.#partial = undefined
    return partial
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
