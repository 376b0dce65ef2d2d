/** Makes records of the lines of files. */
import { MAX_RECORD_BYTES } from './batch.ts'
import type { FlowConfig } from './config.ts'
import { type Files, MARK_BYTES, type TailedFile } from './files.ts'

const LINE_FEED = 10
const CHUNK_BYTES = 1 << 20
/** Bytes that are read from a file before the others get their turn. */
const TURN_BYTES = 16 << 20
/** The time without growth after which the last line of a rotated file is complete (ms). */
const LAST_LINE_MS = 1000

/**
 * Called with each record: these bytes of the buffer, which are only valid during the call and until its promise
 * resolves. The position of the file is before the record.
 * @param isCut whether it was too long, so that its end is missing
 */
export type TakeRecord = (
  file: TailedFile,
  buffer: Buffer,
  start: number,
  end: number,
  isCut: boolean,
) => Promise<void> | undefined

export class Lines {
  readonly #flow: FlowConfig
  readonly #files: Files
  readonly #maxRecord: number
  readonly #buffer: Buffer
  /** The offset in the file after the bytes in the buffer, and their end in the buffer. */
  #next = 0
  #used = 0
  /** Where the current line begins in the buffer. The bytes before it, from `floor` on, are those before it in the file. */
  #start = 0
  #floor = 0
  /** Whether only the beginning of the current line is in the buffer. */
  #isLong = false
  /** Where the next record begins: in the buffer, and in the file. */
  #mark = 0
  #position = 0
  /** Lines of a record that may have more. */
  #lines: Buffer[] = []
  #lineBytes = 0

  constructor(flow: FlowConfig, files: Files) {
    this.#flow = flow
    this.#files = files
    this.#maxRecord = MAX_RECORD_BYTES[flow.api] - flow.truncatedEnd.length
    this.#buffer = Buffer.allocUnsafeSlow(MARK_BYTES + this.#maxRecord + CHUNK_BYTES)
  }

  /** Makes records of the lines after the position of the file, and moves the position after the last of them. */
  async read(file: TailedFile, take: TakeRecord): Promise<void> {
    const idleMs = performance.now() - file.grewAt
    const isLeft = file.isRotated && idleMs >= LAST_LINE_MS
    const isQuiet = this.#flow.multiLineStart !== undefined && idleMs >= this.#flow.maxAgeMs
    if (file.size === file.readTo && !isLeft && !isQuiet) return
    file.readTo = file.size
    await this.#files.begin(file)
    this.#begin(file)
    const limit = file.position + TURN_BYTES
    let headers = file.position === 0 ? this.#flow.skipHeaderLines : 0
    while (this.#next < limit || this.#isLong) {
      const from = this.#used
      const count = await this.#files.read(file, this.#buffer, from, this.#next)
      if (count === 0) break
      this.#used += count
      this.#next += count
      for (let end = this.#lineEnd(from); end >= 0; end = this.#lineEnd(end + 1)) {
        const work = headers > 0 ? undefined : this.#line(file, end + 1, take)
        if (headers > 0) headers--
        if (work !== undefined) await work
        if (this.#isLong) this.#floor = this.#start + this.#maxRecord
        this.#isLong = false
        this.#start = end + 1
      }
      this.#compact(file)
    }
    if (this.#next >= limit) file.readTo = 0
    else {
      if (isLeft && (this.#used > this.#start || this.#isLong)) await this.#line(file, this.#used, take)
      if (isLeft) this.#start = this.#used
      if ((isLeft || isQuiet) && this.#lines.length > 0) await this.#record(file, take)
    }
    this.move(file)
    file.longTo = this.#isLong && !isLeft ? this.#next : 0
  }

  /** Moves the position of the file that is being read after the last record that was taken. */
  move(file: TailedFile): void {
    if (this.#position === file.position) return
    const from = Math.max(this.#floor, this.#mark - MARK_BYTES)
    file.moveTo(this.#position, this.#buffer.subarray(from, this.#mark))
  }

  #begin(file: TailedFile): void {
    this.#next = this.#position = file.position
    this.#used = this.#start = this.#floor = this.#mark = 0
    this.#isLong = false
    this.#lines = []
    this.#lineBytes = 0
  }

  #lineEnd(from: number): number {
    const end = this.#buffer.indexOf(LINE_FEED, from)
    return end < this.#used ? end : -1
  }

  /** Takes the line from the start up to `end`. */
  #line(file: TailedFile, end: number, take: TakeRecord): Promise<void> | undefined {
    const { multiLineStart } = this.#flow
    const isCut = this.#isLong || end - this.#start > this.#maxRecord
    const stop = isCut ? this.#start + this.#maxRecord : end
    if (multiLineStart === undefined) {
      const work = take(file, this.#buffer, this.#start, stop, isCut)
      if (work !== undefined) return work.then(() => this.#passTo(end))
      this.#passTo(end)
      return undefined
    }
    const line = Buffer.from(this.#buffer.subarray(this.#start, stop))
    const isFirst = multiLineStart.matcher(line.toString()).find()
    // A record that is too long becomes several.
    const isFull = this.#lineBytes + line.length > this.#maxRecord
    const work = this.#lines.length > 0 && (isFirst || isFull) ? this.#record(file, take) : undefined
    this.#lines.push(line)
    this.#lineBytes += line.length
    return work
  }

  /** Takes the record whose lines end where the current line begins. */
  #record(file: TailedFile, take: TakeRecord): Promise<void> | undefined {
    const record = Buffer.concat(this.#lines)
    this.#lines = []
    this.#lineBytes = 0
    const start = this.#start
    const work = take(file, record, 0, record.length, false)
    if (work !== undefined) return work.then(() => this.#passTo(start))
    this.#passTo(start)
    return undefined
  }

  #passTo(mark: number): void {
    this.#position = this.#next - (this.#used - mark)
    this.#mark = mark
  }

  /** Makes room for the next bytes. Of a line that is too long only the beginning is kept. */
  #compact(file: TailedFile): void {
    this.move(file)
    const keep = Math.max(this.#floor, this.#start - MARK_BYTES)
    this.#buffer.copyWithin(0, keep, this.#used)
    this.#start -= keep
    this.#used -= keep
    this.#floor = 0
    if (this.#used - this.#start <= this.#maxRecord) return
    this.#isLong = true
    this.#used = this.#start + this.#maxRecord
    this.#next = Math.max(this.#next, file.longTo)
  }
}
