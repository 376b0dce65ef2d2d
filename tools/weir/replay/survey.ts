/**
 * A first pass over the times in the file, from which the format, the shift and the pace follow. No single
 * row decides any of them.
 */
import { UsageError } from '../command.ts'
import type { RecordFile } from './file.ts'
import type { Columns, FromColumn } from './mapping.ts'
import { type Fault, faultText, readRows } from './rows.ts'
import { credibilityOf, formatOf, hasZone, readTime, type TimeFormat, type TimeReading } from './time.ts'

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
  const { format: given, zoneMs, allTimes } = options
  const all = await look(options, given === undefined ? formatOf : () => given, ALL_TIMES)
  const format = mostCredible(all.times, options)
  const times = all.times.get(format)!
  const window = allTimes ? ALL_TIMES : times.window()
  const isAll = all.times.size === 1 && times.first >= window.from && times.last <= window.to
  const { rows, far, times: sent } = isAll ? all : await look(options, () => format, window)
  const { zoneless, first, firstLine, last, lastLine, stepBack } = sent.get(format)!
  const reading = { format, zoneMs }
  return { rows, reading, zoneless, window, far, first, firstLine, last, lastLine, stepBack }
}

/** Times by their format. A format without a time is not a key. */
type TimesByFormat = ReadonlyMap<TimeFormat, Times>

/**
 * Returns the format of the most times, among the times that are most credible: however many rows have a
 * sentinel such as -1 or the year 9999, a few rows with real times decide. Throws if two formats are equal.
 */
function mostCredible(
  times: TimesByFormat,
  { columns, time: { column } }: Pick<SurveyOptions, 'columns' | 'time'>,
): TimeFormat {
  const credibility = Math.max(...[...times.values()].map((one) => one.credibility))
  const [[format, most], ...others] = [...times]
    .filter(([, one]) => one.credibility === credibility)
    .sort(([, a], [, b]) => b.votes - a.votes)
  const equal = others.find(([, { votes }]) => votes === most.votes)
  if (equal === undefined) return format
  const [first, second] = [[format, most] as const, equal].map(
    ([name, { voteLine }]) => `${name === 'iso' ? 'ISO 8601' : name} (line ${voteLine})`,
  )
  throw new UsageError(
    `Column ${columns.names[column]} has as many times in ${first} as in ${second}; name the right format with --time.`,
  )
}

interface Look {
  readonly rows: number
  /** Number of times outside the window. */
  readonly far: number
  /** The times within the window; there is at least one. */
  readonly times: TimesByFormat
}

async function look(
  options: SurveyOptions,
  formatOf: (cell: unknown, factor: number) => TimeFormat,
  window: Window,
): Promise<Look> {
  const {
    file,
    columns,
    time: { column, factor },
    zoneMs,
    report,
    signal,
  } = options
  const times = new Map<TimeFormat, Times>()
  let rows = 0
  let far = 0
  const unread = new Unread(options)
  for await (const { cells, lines, faults, bytesRead } of readRows(file, columns)) {
    unread.note(faults)
    for (let i = 0; i < cells.length; i++) {
      const cell = cells[i][column]
      const format = formatOf(cell, factor)
      const time = readTime(cell, { format, zoneMs }, factor)
      rows++
      if (Number.isNaN(time)) {
        unread.see(lines[i], cell)
        continue
      }
      if (time < window.from || time > window.to) {
        far++
        continue
      }
      let found = times.get(format)
      if (found === undefined) times.set(format, (found = new Times()))
      found.add(time, lines[i], format === 'iso' && !hasZone((cell as string).trim()))
    }
    report(bytesRead)
    signal.throwIfAborted()
  }
  if (times.size === 0) throw unread.error()
  return { rows, far, times }
}

const YEAR_MS = 366 * 86_400_000

/** The times of one format, in the order of the file. */
class Times {
  zoneless = false
  first = Infinity
  firstLine = 0
  last = -Infinity
  lastLine = 0
  stepBack = 0
  /** Samples by credibility. */
  readonly #samples = [new Sample(), new Sample(), new Sample()] as const

  add(time: number, line: number, zoneless: boolean): void {
    this.#samples[credibilityOf(time)].add(time, line)
    this.zoneless ||= zoneless
    if (time < this.first) {
      this.first = time
      this.firstLine = line
    }
    if (time >= this.last) {
      this.last = time
      this.lastLine = line
    } else this.stepBack = Math.max(this.stepBack, this.last - time)
  }

  /** The highest credibility that any time has. */
  get credibility(): number {
    return this.#samples.findLastIndex((sample) => sample.seen > 0)
  }

  /** Number of times with that credibility. */
  get votes(): number {
    return this.#samples[this.credibility].seen
  }

  /** The line of the first of them. */
  get voteLine(): number {
    return this.#samples[this.credibility].firstLine
  }

  /**
   * Returns the range of the times that belong together: from the median of the most credible times on, as far
   * as the next time is no further away than a year plus twenty times the median distance from that median.
   */
  window(): Window {
    const { credibility } = this
    const { times } = this.#samples[credibility]
    const middle = median(times)
    const reach = YEAR_MS + 20 * median(times.map((time) => Math.abs(time - middle)))
    // An archive may go on from the years of telemetry into those before, but not into what means "no time".
    const related = this.#samples.slice(Math.min(credibility, 1)).flatMap((sample) => sample.times)
    const sorted = Float64Array.from(related).sort()
    let from = sorted.indexOf(middle)
    let to = from
    while (sorted[from] - sorted[from - 1] <= reach) from--
    while (sorted[to + 1] - sorted[to] <= reach) to++
    return { from: sorted[from] - reach, to: sorted[to] + reach }
  }
}

/** A bounded sample of times, evenly spread over the file. */
class Sample {
  static readonly #MOST = 65_536
  times: number[] = []
  /** Number of times that it was taken from, and the line of the first of them. */
  seen = 0
  firstLine = 0
  #every = 1

  add(time: number, line: number): void {
    if (this.seen === 0) this.firstLine = line
    if (this.seen++ % this.#every !== 0) return
    this.times.push(time)
    if (this.times.length < Sample.#MOST) return
    this.times = this.times.filter((_, i) => i % 2 === 0)
    this.#every *= 2
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
      return new UsageError(`${path} does not have a readable row: ${faultText(this.#faults)}.`)
    return new UsageError(`${path} has a header but no rows.`)
  }
}
