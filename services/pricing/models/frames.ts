/** Frames between the service and the process of a model: a kind and a length of 32 bits each, then the payload. */

export interface Frame {
  readonly kind: number
  readonly payload: Buffer
}

const HEAD_BYTES = 8

export function frame(kind: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + payload.byteLength)
  bytes.writeUInt32LE(kind, 0)
  bytes.writeUInt32LE(payload.byteLength, 4)
  bytes.set(payload, HEAD_BYTES)
  return bytes
}

/** Puts frames together from chunks of a stream. */
export class FrameReader {
  readonly #maxBytes: number
  #chunks: Buffer[] = []
  #bytes = 0
  #wanted = HEAD_BYTES

  /** @param maxBytes of a payload */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Yields the frames that the chunk completes. Throws for a frame that is longer than the bound. */
  *push(chunk: Buffer): Generator<Frame> {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    while (this.#bytes >= this.#wanted) {
      const all = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks)
      this.#chunks = [all]
      const length = all.readUInt32LE(4)
      if (length > this.#maxBytes)
        throw new Error(`A frame has ${length} bytes, and at most ${this.#maxBytes}.`)
      this.#wanted = HEAD_BYTES + length
      if (this.#bytes < this.#wanted) return
      const rest = all.subarray(this.#wanted)
      this.#chunks = [rest]
      this.#bytes = rest.length
      const payload = all.subarray(HEAD_BYTES, this.#wanted)
      this.#wanted = HEAD_BYTES
      yield { kind: all.readUInt32LE(0), payload }
    }
  }
}

/** Returns the numbers of a payload, in memory of their own. */
export function floatsOf(payload: Buffer): Float32Array {
  return new Float32Array(payload.buffer.slice(payload.byteOffset, payload.byteOffset + payload.length))
}

export const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

/** The payload: a JSON of Opening. */
export const OPEN = 1
/** The payload: the model's file. Its answer is DONE or FAILED. */
export const MODEL = 2
/** The payload: rows. The answer is DONE with the predictions, or FAILED. */
export const ROWS = 3
export const DONE = 4
/** The payload: a sentence. */
export const FAILED = 5

/** What the process must know before the model's file. */
export interface Opening {
  readonly input: string
  readonly output: string
  /** The features of a row. */
  readonly width: number
}
