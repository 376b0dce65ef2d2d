/** Splits a stream of bytes into lines, without copying lines that lie within one chunk. */
import { CHUNK_BYTES } from '@weir/service'

const NEWLINE = 0x0a

/**
 * Each call of `line` gets the bytes `[start, end)` of one line, without its newline. They are valid during
 * the call.
 */
export interface LineHandler {
  line(bytes: Buffer, start: number, end: number): void
  /** Called instead of `line` for a line that is longer than allowed. */
  tooLong(): void
  /** True while no further line is accepted. */
  readonly isFull: boolean
}

export class LineSplitter {
  readonly #mostBytes: number
  readonly #handler: LineHandler
  #carried: Buffer[] = []
  #carriedBytes = 0
  /** True while the rest of an overlong line is skipped. */
  #skipping = false

  constructor(mostBytes: number, handler: LineHandler) {
    this.#mostBytes = mostBytes
    this.#handler = handler
  }

  /** Bytes of memory held by the unfinished line. */
  get carriedBytes(): number {
    return this.#carriedBytes + CHUNK_BYTES * this.#carried.length
  }

  /**
   * Splits the chunk from `start` until the handler is full or the chunk ends. Returns the position to
   * continue from.
   */
  push(chunk: Buffer, start: number): number {
    while (!this.#handler.isFull) {
      const end = chunk.indexOf(NEWLINE, start)
      if (end < 0) {
        if (start < chunk.length) this.#carry(chunk.subarray(start))
        return chunk.length
      }
      this.#close(chunk, start, end)
      start = end + 1
    }
    return start
  }

  /** Ends the input: a last line without a newline counts as a line. */
  end(): void {
    if (this.#carriedBytes > 0) this.#close(Buffer.alloc(0), 0, 0)
    this.#skipping = false
  }

  #close(chunk: Buffer, start: number, end: number): void {
    if (this.#skipping) {
      this.#skipping = false
    } else if (this.#carriedBytes + end - start > this.#mostBytes) {
      this.#drop()
      this.#handler.tooLong()
    } else if (this.#carriedBytes === 0) {
      this.#handler.line(chunk, start, end)
    } else {
      const line = Buffer.concat([...this.#carried, chunk.subarray(start, end)])
      this.#drop()
      this.#handler.line(line, 0, line.length)
    }
  }

  #carry(rest: Buffer): void {
    if (this.#skipping) return
    if (this.#carriedBytes + rest.length > this.#mostBytes) {
      this.#drop()
      this.#skipping = true
      this.#handler.tooLong()
      return
    }
    this.#carried.push(rest)
    this.#carriedBytes += rest.length
  }

  #drop(): void {
    this.#carried = []
    this.#carriedBytes = 0
  }
}
