/**
 * Inflates gzip and zstd to the last byte. Reads all members and frames, no matter how the bytes are split
 * into chunks. Truncated data, or data followed by other bytes, is an error. Node's own decoders end without
 * one when they want no more of a chunk.
 */
import { constants, createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib'

export type Compression = 'gzip' | 'zstd'

export interface InflateOptions {
  /** Bytes of each inflated chunk. */
  readonly chunkBytes?: number
  /** The largest window that a zstd frame may ask for, as a power of two. */
  readonly zstdWindowLog?: number
  /** The most zstd frames. Each costs about 30 µs, however little it holds. */
  readonly maxFrames?: number
}

/** The message is a clause about the data: "is cut off". */
export class InflateError extends Error {
  override readonly name = 'InflateError'
}

/**
 * Yields the inflated bytes of `source`, and reads `source` no faster than they are taken. Throws the
 * source's errors and InflateError.
 */
export async function* inflated(
  source: AsyncIterable<Buffer>,
  compression: Compression,
  options: InflateOptions = {},
): AsyncGenerator<Buffer, void> {
  const inflater = open(compression, options)
  let feedError: unknown
  const feeding = feed(source, inflater, compression, options.maxFrames ?? Infinity)
  feeding.catch((error) => {
    feedError = error
    inflater.destroy(error)
  })
  try {
    for await (const chunk of inflater) yield chunk
    await feeding
  } catch (error) {
    throw error === feedError ? error : decoderError(compression, error as NodeJS.ErrnoException)
  } finally {
    inflater.destroy()
  }
}

function open(
  compression: Compression,
  { chunkBytes: chunkSize, zstdWindowLog }: InflateOptions,
): Gunzip | ZstdDecompress {
  if (compression === 'gzip') return createGunzip({ chunkSize })
  const params = zstdWindowLog === undefined ? {} : { [constants.ZSTD_d_windowLogMax]: zstdWindowLog }
  return createZstdDecompress({ chunkSize, params })
}

function decoderError(compression: Compression, { code, message }: NodeJS.ErrnoException): InflateError {
  return new InflateError(code === 'Z_BUF_ERROR' ? 'is cut off' : `is not valid ${compression} (${message})`)
}

/**
 * Writes the source into the inflater and checks that it consumes all of every piece. Returns early if the
 * inflater is destroyed.
 */
async function feed(
  source: AsyncIterable<Buffer>,
  inflater: Gunzip | ZstdDecompress,
  compression: Compression,
  maxFrames: number,
): Promise<void> {
  const frames = compression === 'zstd' ? new FrameEnds() : undefined
  let given = 0
  let wake = (): void => {}
  inflater.once('close', () => wake()) // Node never calls back a write that waits for the reader of a destroyed stream.
  for await (const chunk of source) {
    const ends = frames?.endsIn(chunk) ?? [chunk.length]
    if (frames && frames.count > maxFrames) throw new InflateError(`has more than ${maxFrames} zstd frames`)
    let from = 0
    for (const to of ends) {
      await new Promise<void>((resolve) => {
        wake = resolve
        inflater.write(chunk.subarray(from, to), wake)
      })
      if (inflater.destroyed) return
      given += to - from
      from = to
      if (inflater.bytesWritten !== given)
        throw new InflateError(`has other bytes after its ${compression} data`)
    }
  }
  inflater.end()
}

const FRAME_MAGIC = 0xfd2fb528
/** The last four bits may have any value. */
const SKIPPABLE_MAGIC = 0x184d2a50

/** Whether the number, read as little-endian, begins a zstd frame or a skippable frame. */
export const isZstdMagic = (magic: number): boolean =>
  magic === FRAME_MAGIC || magic - (magic & 15) === SKIPPABLE_MAGIC

/** The width of the next number in bytes, by its kind. */
const WIDTH = { magic: 4, size: 4, descriptor: 1, block: 3, end: 0 } as const

/**
 * Finds where zstd frames end from their headers alone (RFC 8878, section 3.1), across chunks. The decoder
 * checks everything else.
 */
class FrameEnds {
  /** Frames that have begun, including skippable ones. */
  count = 0
  #next: keyof typeof WIDTH = 'magic'
  /** Bytes to skip before that number. */
  #skip = 0
  #number = 0
  #bytes = 0
  #checksum = 0

  /**
   * Splits the chunk into pieces that each belong to one frame, and returns their ends. Throws InflateError
   * for bytes that do not begin a frame, so that nothing of their chunk is inflated.
   */
  endsIn(chunk: Buffer): number[] {
    const ends: number[] = []
    for (let at = 0; at < chunk.length; ) ends.push((at = this.#end(chunk, at)))
    return ends
  }

  /** The index in `chunk` after the frame's last byte, or the chunk's length if the frame continues. */
  #end(chunk: Buffer, from: number): number {
    let at = from
    while (true) {
      const skipped = Math.min(this.#skip, chunk.length - at)
      this.#skip -= skipped
      at += skipped
      if (this.#skip > 0) return at
      if (this.#next === 'end') {
        this.#next = 'magic'
        return at
      }
      for (; this.#bytes < WIDTH[this.#next]; this.#bytes++) {
        if (at === chunk.length) return at
        this.#number += chunk[at++] * 2 ** (8 * this.#bytes)
      }
      this.#read(this.#number)
      this.#number = this.#bytes = 0
    }
  }

  #read(number: number): void {
    switch (this.#next) {
      case 'magic':
        if (!isZstdMagic(number))
          throw new InflateError(this.count > 0 ? 'has other bytes after its zstd data' : 'is not valid zstd')
        this.count++
        this.#next = number === FRAME_MAGIC ? 'descriptor' : 'size'
        return
      case 'size':
        this.#skip = number
        this.#next = 'end'
        return
      case 'descriptor': {
        const single = (number >> 5) & 1
        const dictionaryId = [0, 1, 2, 4][number & 3]
        const contentSize = [single, 2, 4, 8][number >> 6]
        this.#skip = (single ? 0 : 1) + dictionaryId + contentSize
        this.#checksum = number & 4
        this.#next = 'block'
        return
      }
      case 'block': {
        const isLast = number & 1
        const isRun = ((number >> 1) & 3) === 1
        this.#skip = (isRun ? 1 : number >> 3) + (isLast ? this.#checksum : 0)
        if (isLast) this.#next = 'end'
      }
    }
  }
}
