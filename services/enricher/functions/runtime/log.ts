/**
 * The output of a function: split into lines, bounded in every direction, with its tail kept for LogResult.
 */
import type { Readable } from 'node:stream'

/** The most bytes of a line, as in CloudWatch; the rest of the line is dropped. */
const LINE_BYTES = 256 * 1024
/** The most bytes passed on in a second; the rest is counted and dropped, with one notice. */
const SECOND_BYTES = 1024 * 1024
/** The cost of a line besides its bytes, so that a flood of short lines does not become a flood of calls. */
const LINE_COST = 64
/**
 * Bytes that are read in a slice of time. A function that prints faster waits for the next slice, so that it
 * uses up neither the memory nor the time of this process.
 */
const SLICE_BYTES = 2 * 1024 * 1024
const SLICE_MS = 100
const LINE_FEED = 10
/** The most bytes of LogResult. */
export const TAIL_BYTES = 4096

export class FunctionLog {
  readonly #log: (line: string) => void
  #secondEnds = 0
  #secondBytes = 0
  #dropped = 0
  #sliceEnds = 0
  #sliceBytes = 0
  #lines: string[] = []
  #tailLength = 0
  readonly #readers: LineReader[] = []

  constructor(log: (line: string) => void) {
    this.#log = log
  }

  /** Reads lines from standard output or standard error. */
  read(stream: Readable): void {
    const reader = new LineReader(
      (line) => {
        if (this.#affords(line.length + LINE_COST)) this.add(line.toString())
      },
      (bytes) => {
        this.#dropped += bytes
      },
    )
    this.#readers.push(reader)
    stream.on('data', (chunk: Buffer) => {
      this.#slow(stream, chunk.length)
      // Line feeds are not looked for in a flood: there, lines are cut anywhere.
      const flood = this.#secondBytes > SECOND_BYTES && performance.now() < this.#secondEnds
      if (flood) this.#dropped += chunk.length
      else reader.read(chunk)
    })
    stream.on('error', () => {})
  }

  /** Adds a line from the environment itself; it is not counted. */
  add(line: string): void {
    this.note(line.length > TAIL_BYTES ? line.slice(-TAIL_BYTES) : line)
    this.#log(line)
  }

  /** Adds a line to the tail only. */
  note(line: string): void {
    const lines = this.#lines
    lines.push(line)
    this.#tailLength += line.length + 1
    while (lines.length > 1 && this.#tailLength - lines[0].length - 1 > TAIL_BYTES)
      this.#tailLength -= lines.shift()!.length + 1
  }

  /** Clears the tail, because an invocation begins. */
  begin(): void {
    this.#lines = []
    this.#tailLength = 0
  }

  /**
   * The last 4 KB printed since `begin`, in whole lines if they fit. Adds a notice of what was dropped so
   * far.
   */
  tail(): string {
    this.#tellDropped()
    const text = Buffer.from(this.#lines.map((line) => `${line}\n`).join(''))
    return text.subarray(Math.max(0, text.length - TAIL_BYTES)).toString()
  }

  /** Passes on the text that has no line feed yet. */
  end(): void {
    for (const reader of this.#readers) reader.end()
    this.#tellDropped()
  }

  #tellDropped(): void {
    if (this.#dropped === 0) return
    const bytes = this.#dropped
    this.#dropped = 0
    this.add(
      `${bytes} bytes of log were dropped: the function printed more than ${SECOND_BYTES} bytes in a second, or a line of more than ${LINE_BYTES}.`,
    )
  }

  /** Whether `bytes` more may be passed on in this second. */
  #affords(bytes: number): boolean {
    const now = performance.now()
    if (now >= this.#secondEnds) {
      this.#tellDropped()
      this.#secondEnds = now + 1000
      this.#secondBytes = 0
    }
    this.#secondBytes += bytes
    if (this.#secondBytes <= SECOND_BYTES) return true
    this.#dropped += bytes
    return false
  }

  #slow(stream: Readable, bytes: number): void {
    const now = performance.now()
    if (now >= this.#sliceEnds) {
      this.#sliceEnds = now + SLICE_MS
      this.#sliceBytes = 0
    }
    this.#sliceBytes += bytes
    if (this.#sliceBytes < SLICE_BYTES) return
    stream.pause()
    setTimeout(() => stream.resume(), this.#sliceEnds - now)
  }
}

/** Cuts chunks into lines of bounded length. */
class LineReader {
  readonly #onLine: (line: Buffer) => void
  readonly #onDropped: (bytes: number) => void
  #parts: Buffer[] = []
  #length = 0

  /** @param onDropped is told how many bytes of a line are too many */
  constructor(onLine: (line: Buffer) => void, onDropped: (bytes: number) => void) {
    this.#onLine = onLine
    this.#onDropped = onDropped
  }

  read(chunk: Buffer): void {
    for (let from = 0; from < chunk.length; ) {
      const feed = chunk.indexOf(LINE_FEED, from)
      const to = feed < 0 ? chunk.length : feed
      const kept = Math.min(to - from, LINE_BYTES - this.#length)
      if (kept > 0) this.#parts.push(chunk.subarray(from, from + kept))
      this.#onDropped(to - from - kept)
      this.#length += kept
      if (feed < 0) return
      this.#flush()
      from = feed + 1
    }
  }

  end(): void {
    if (this.#length > 0) this.#flush()
  }

  #flush(): void {
    const line = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts)
    this.#parts = []
    this.#length = 0
    this.#onLine(line)
  }
}
