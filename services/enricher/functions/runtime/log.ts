/**
 * The output of a function: split into lines, bounded in every direction, with its tail kept for LogResult.
 */
import type { Readable } from 'node:stream'

/** The most bytes of a line, as in CloudWatch; the rest of the line is dropped. */
const LINE_BYTES = 256 * 1024
/** The most bytes passed on in a second; the rest is counted and dropped, with one notice. */
const SECOND_BYTES = 1024 * 1024
/** What a line costs besides its bytes, so that a flood of short lines does not become a flood of calls. */
const LINE_COST = 64
/**
 * Bytes that are read in a slice of time. A function that prints faster waits for the next slice, so that it
 * uses up neither the memory nor the time of this process.
 */
const SLICE_BYTES = 2 * 1024 * 1024
const SLICE_MS = 100
/** The most bytes of LogResult. */
export const TAIL_BYTES = 4096

export interface FunctionLog {
  /** Reads lines from standard output or standard error. */
  read(stream: Readable): void
  /** Adds a line from the environment itself; it is not counted. */
  add(line: string): void
  /** Adds a line to the tail only. */
  note(line: string): void
  /** Clears the tail, because an invocation begins. */
  begin(): void
  /**
   * The last 4 KB printed since `begin`, in whole lines if they fit. Adds a notice of what was dropped so
   * far.
   */
  tail(): string
  /** Passes on the text that has no line feed yet. */
  end(): void
}

export function openLog(log: (line: string) => void): FunctionLog {
  let secondEnds = 0
  let secondBytes = 0
  let dropped = 0
  let sliceEnds = 0
  let sliceBytes = 0
  let lines: string[] = []
  let tailLength = 0
  const flushes: (() => void)[] = []

  function note(line: string): void {
    lines.push(line)
    tailLength += line.length + 1
    while (lines.length > 1 && tailLength - lines[0].length - 1 > TAIL_BYTES)
      tailLength -= lines.shift()!.length + 1
  }

  function add(line: string): void {
    note(line.length > TAIL_BYTES ? line.slice(-TAIL_BYTES) : line)
    log(line)
  }

  function say(): void {
    if (dropped === 0) return
    const bytes = dropped
    dropped = 0
    add(
      `${bytes} bytes of log were dropped: the function printed more than ${SECOND_BYTES} bytes in a second, or a line of more than ${LINE_BYTES}.`,
    )
  }

  /** Whether `bytes` more may be passed on in this second. */
  function affords(bytes: number): boolean {
    const now = performance.now()
    if (now >= secondEnds) {
      say()
      secondEnds = now + 1000
      secondBytes = 0
    }
    secondBytes += bytes
    if (secondBytes <= SECOND_BYTES) return true
    dropped += bytes
    return false
  }

  function slow(stream: Readable, bytes: number): void {
    const now = performance.now()
    if (now >= sliceEnds) {
      sliceEnds = now + SLICE_MS
      sliceBytes = 0
    }
    sliceBytes += bytes
    if (sliceBytes < SLICE_BYTES) return
    stream.pause()
    setTimeout(() => stream.resume(), sliceEnds - now)
  }

  function read(stream: Readable): void {
    let parts: Buffer[] = []
    let length = 0
    const flush = (): void => {
      const line = parts.length === 1 ? parts[0] : Buffer.concat(parts)
      parts = []
      length = 0
      if (affords(line.length + LINE_COST)) add(line.toString())
    }
    flushes.push(() => {
      if (length > 0) flush()
    })
    stream.on('data', (chunk: Buffer) => {
      slow(stream, chunk.length)
      if (secondBytes > SECOND_BYTES && performance.now() < secondEnds) {
        // Line feeds are not looked for: in a flood, lines are cut anywhere.
        dropped += chunk.length
        return
      }
      let from = 0
      while (from < chunk.length) {
        const feed = chunk.indexOf(10, from)
        const to = feed < 0 ? chunk.length : feed
        const kept = Math.min(to - from, LINE_BYTES - length)
        if (kept > 0) parts.push(chunk.subarray(from, from + kept))
        dropped += to - from - kept
        length += kept
        if (feed < 0) return
        flush()
        from = feed + 1
      }
    })
    stream.on('error', () => {})
  }

  return {
    read,
    add,
    note,
    begin: () => {
      lines = []
      tailLength = 0
    },
    tail: () => {
      say()
      const text = Buffer.from(lines.map((line) => `${line}\n`).join(''))
      return text.subarray(Math.max(0, text.length - TAIL_BYTES)).toString()
    },
    end: () => {
      for (const flush of flushes) flush()
      say()
    },
  }
}
