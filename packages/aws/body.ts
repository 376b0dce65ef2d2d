/** Bodies in one piece: AWS answers in its own words to bodies of any type. */
import { type BodyChunks, sharedBuffer } from '@weir/service'

/** A body as it came, in pieces. */
export class Body {
  readonly length: number
  #chunks: readonly Buffer[]

  constructor({ chunks, length }: BodyChunks) {
    this.#chunks = chunks
    this.length = length
  }

  /** In one piece of its own, and forgotten here. */
  own(): Buffer {
    const chunks = this.#chunks
    this.#chunks = []
    return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, this.length)
  }

  /**
   * In one piece that all bodies share, and forgotten here: valid until the caller yields. Nearly all that a
   * large request allocates is its body, and most of what collecting that costs goes with the copy.
   */
  shared(): Buffer {
    const chunks = this.#chunks
    this.#chunks = []
    if (chunks.length === 1) return chunks[0]
    const whole = sharedBuffer(this.length)
    let at = 0
    for (const chunk of chunks) at += chunk.copy(whole, at)
    return whole.subarray(0, at)
  }
}
