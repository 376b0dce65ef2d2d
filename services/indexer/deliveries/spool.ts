/** The records of one object on local disk, until it is delivered. */
import { type FileHandle, open, rm } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import type { RecordBatch } from '@weir/kafka'
import { maxFrameBytes, writeFrame } from './frames.ts'

/** Whether each record ends with a line feed, or is in a frame. */
export type Delimiter = boolean | 'frame'

/** Bytes that are collected in memory before they are written. */
const CHUNK_BYTES = 64 << 10
/** The buffer of a spool grows from twice this, since there may be thousands of them. */
const FIRST_BYTES = 2 << 10
const LINE_FEED = 10

export class Spool {
  readonly path: string
  /** The size of all records, delimiters included. */
  bytes = 0
  records = 0
  /** CRC-32 of the file. */
  crc32 = 0
  readonly #added: (bytes: number) => void
  #file: FileHandle | undefined
  #chunk: Buffer | undefined
  #used = 0

  /** @param added called with the bytes of each record */
  constructor(path: string, added: (bytes: number) => void) {
    this.path = path
    this.#added = added
  }

  /** Adds a record; a null is like an empty one. True if flush() must be called before the next one. */
  add(batch: RecordBatch, i: number, delimiter: Delimiter): boolean {
    const before = this.#used
    if (delimiter === 'frame') {
      this.#reserve(maxFrameBytes(batch, i))
      this.#used = writeFrame(batch, i, this.#chunk!, this.#used)
    } else this.#addValue(batch, i, delimiter)
    const length = this.#used - before
    this.bytes += length
    this.#added(length)
    this.records++
    return this.#used >= CHUNK_BYTES
  }

  #addValue({ bytes, valueStart, valueEnd }: RecordBatch, i: number, delimiter: boolean): void {
    const length = valueStart[i] < 0 ? 0 : valueEnd[i] - valueStart[i]
    this.#reserve(length + 1)
    if (length > 0) bytes.copy(this.#chunk!, this.#used, valueStart[i], valueEnd[i])
    this.#used += length
    if (delimiter) this.#chunk![this.#used++] = LINE_FEED
  }

  /** Writes the records in memory. Rejects with the error of the file system, ENOSPC for instance. */
  async flush(): Promise<void> {
    if (this.#used === 0) return
    this.#file ??= await open(this.path, 'w', 0o600)
    const written = this.#chunk!.subarray(0, this.#used)
    this.crc32 = crc32(written, this.crc32)
    await this.#file.writeFile(written)
    this.#used = 0
    if (this.#chunk!.length > 2 * CHUNK_BYTES) this.#chunk = undefined
  }

  /** Writes the rest and closes the file; no record is added afterwards. */
  async seal(): Promise<void> {
    this.#file ??= await open(this.path, 'w', 0o600)
    await this.flush()
    this.#chunk = undefined
    await this.#file.close()
    this.#file = undefined
  }

  async remove(): Promise<void> {
    this.#chunk = undefined
    await this.#file?.close().catch(() => {})
    this.#file = undefined
    // The folder is removed at the end, with all that is in it.
    await rm(this.path, { force: true }).catch(() => {})
  }

  #reserve(length: number): void {
    const needed = this.#used + length
    if (this.#chunk !== undefined && needed <= this.#chunk.length) return
    const doubled = Math.min(2 * (this.#chunk?.length ?? FIRST_BYTES), 2 * CHUNK_BYTES)
    const larger = Buffer.allocUnsafeSlow(Math.max(doubled, needed))
    this.#chunk?.copy(larger, 0, 0, this.#used)
    this.#chunk = larger
  }
}
