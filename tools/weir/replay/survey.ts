/**
 * A first pass over the times in the file, from which the format, the shift and the pace follow. No single
 * row decides any of them.
 */
import { Refused, UsageError } from '../command.ts'
import type { RecordFile } from './file.ts'
import type { Columns, FromColumn } from './mapping.ts'
import { type Fault, faultText, readRows } from './rows.ts'
import { hasZone, numberIn, readTime, type TimeFormat, type TimeReading, unitOf } from './time.ts'

/** Milliseconds since the epoch. */
export interface Window {
  readonly from: number
  readonly to: number
}

export const ALL_TIMES: Window = { from: -Infinity, to: Infinity }

/** Times in milliseconds since the epoch, as they are in the file. */
export interface Survey {
  /** Rows that can be read, with or without a time. */
  readonly rows: number
  readonly reading: TimeReading
  /** Whether any ISO time lacks a zone. */
  readonly zoneless: boolean
  /** The range of event times that are sent. Sentinels such as 0 or the year 9999 are outside it. */
  readonly window: Window
  /** Number of times outside the window. */
  readonly far: number
  /** The first and the last time in the window, and their lines. */
  readonly first: number
  readonly firstLine: number
  readonly last: number
  readonly lastLine: number
  /**
   * The largest step back in time, ms: how far a time is before an earlier row's. 0 if the file is in order
   * of time.
   */
  readonly stepBack: number
}

export interface SurveyOptions {
  readonly file: RecordFile
  readonly columns: Columns
  /** The column with the event time. */
  readonly time: FromColumn
  /** undefined: detected from the times. */
  readonly format: TimeFormat | undefined
  readonly zoneMs: number
  /** Whether to send times far from the others too. */
  readonly allTimes: boolean
  readonly report: (bytesRead: number) => void
  readonly signal: AbortSignal
}

/** Rejects with the signal's reason if the signal comes first. */
export async function survey(options: SurveyOptions): Promise<Survey> {
  const reading = { format: options.format ?? (await recognise(options)), zoneMs: options.zoneMs }
  const sample = new Sample()
  const all = await measure(options, reading, ALL_TIMES, sample)
  const window = options.allTimes ? ALL_TIMES : sample.window()
  return all.first >= window.from && all.last <= window.to ? all : measure(options, reading, window)
}

/** Number of rows that decide the format. */
const VOTERS = 20_000

/**
 * Returns the format that most rows have. A 0 has no unit and often means that there is no time, so it counts
 * only if all times are 0.
 */
async function recognise(options: SurveyOptions): Promise<TimeFormat> {
  const {
    file,
    columns,
    time: { column, factor },
  } = options
  const votes = new Map<TimeFormat, number>()
  const unread = new Unread(options)
  let voters = 0
  for await (const { cells, lines, faults } of readRows(file, columns)) {
    unread.note(faults)
    for (let i = 0; i < cells.length; i++) {
      const cell = cells[i][column]
      const number = numberIn(cell) * factor
      const isIso = !Number.isNaN(readTime(cell, { format: 'iso', zoneMs: 0 }, factor))
      const format = isIso ? 'iso' : Number.isNaN(number) ? undefined : unitOf(number)
      if (format === undefined) unread.see(lines[i], cell)
      else votes.set(format, (votes.get(format) ?? 0) + (number === 0 ? 1e-9 : 1))
      voters++
    }
    options.signal.throwIfAborted()
    if (voters >= VOTERS && votes.size > 0) break
  }
  if (votes.size === 0) throw unread.error()
  return [...votes].reduce((best, one) => (one[1] > best[1] ? one : best))[0]
}

async function measure(
  options: SurveyOptions,
  reading: TimeReading,
  window: Window,
  sample?: Sample,
): Promise<Survey> {
  const {
    file,
    columns,
    time: { column, factor },
    report,
    signal,
  } = options
  const found = {
    rows: 0,
    reading,
    zoneless: false,
    window,
    far: 0,
    first: Infinity,
    firstLine: 0,
    last: -Infinity,
    lastLine: 0,
    stepBack: 0,
  }
  const unread = new Unread(options)
  for await (const { cells, lines, faults, bytesRead } of readRows(file, columns)) {
    unread.note(faults)
    for (let i = 0; i < cells.length; i++) {
      const cell = cells[i][column]
      const time = readTime(cell, reading, factor)
      found.rows++
      if (Number.isNaN(time)) {
        unread.see(lines[i], cell)
        continue
      }
      if (time < window.from || time > window.to) {
        found.far++
        continue
      }
      sample?.add(time)
      if (!found.zoneless && reading.format === 'iso') found.zoneless = !hasZone((cell as string).trim())
      if (time < found.first) {
        found.first = time
        found.firstLine = lines[i]
      }
      if (time >= found.last) {
        found.last = time
        found.lastLine = lines[i]
      } else found.stepBack = Math.max(found.stepBack, found.last - time)
    }
    report(bytesRead)
    signal.throwIfAborted()
  }
  if (found.first > found.last) throw unread.error()
  return found
}

const YEAR_MS = 366 * 86_400_000
const YEAR_2200 = Date.UTC(2200, 0, 1)

/** A bounded sample of the times, evenly spread over the file. */
class Sample {
  static readonly #MOST = 65_536
  #times: number[] = []
  #every = 1
  #seen = 0

  add(time: number): void {
    if (this.#seen++ % this.#every !== 0) return
    this.#times.push(time)
    if (this.#times.length < Sample.#MOST) return
    this.#times = this.#times.filter((_, i) => i % 2 === 0)
    this.#every *= 2
  }

  /**
   * Returns the range of times that belong together: those no further from the median than a year plus twenty
   * times the median distance from it. Zero and times after 2200 are often sentinels, so they do not count if
   * there are others.
   */
  window(): Window {
    const plausible = this.#times.filter((time) => time !== 0 && time < YEAR_2200)
    const times = plausible.length > 0 ? plausible : this.#times
    const middle = median(times)
    const reach = YEAR_MS + 20 * median(times.map((time) => Math.abs(time - middle)))
    return { from: middle - reach, to: middle + reach }
  }
}

const median = (values: readonly number[]): number => Float64Array.from(values).sort()[values.length >> 1]

/** Remembers why no row has a time: the first rows that cannot be read, and the first cell without a time. */
class Unread {
  readonly #options: SurveyOptions
  readonly #faults: Fault[] = []
  #cell: string | undefined

  constructor(options: SurveyOptions) {
    this.#options = options
  }

  note(faults: readonly Fault[]): void {
    if (this.#faults.length === 0) this.#faults.push(...faults.slice(0, 3))
  }

  see(line: number, cell: unknown): void {
    this.#cell ??= `line ${line} has ${cell === undefined || cell === '' ? 'nothing' : JSON.stringify(cell).slice(0, 40)}`
  }

  error(): Error {
    const {
      file: { path },
      columns,
      time: { column },
      format,
    } = this.#options
    if (this.#cell !== undefined) {
      const wanted = `No row has a time${format === undefined ? '' : ` in ${format}`} in column ${columns.names[column]}: ${this.#cell}`
      return new UsageError(`${wanted}; name its column with --map FIELD=COLUMN, or its format with --time.`)
    }
    if (this.#faults.length > 0)
      return new Refused(`${path} does not have a readable row: ${faultText(this.#faults)}.`)
    return new UsageError(`${path} has a header but no rows.`)
  }
}
