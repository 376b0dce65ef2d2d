/** Reads a labelled or unlabelled series from a CSV file: timestamp, value, and perhaps label. */
import { Refused, UsageError } from '../command.ts'
import { decimal } from '../number.ts'
import { CsvReader } from '../replay/csv.ts'
import { openFile, type RecordFile, recordFile, unreadable } from '../replay/file.ts'
import { formatOf, readTime } from '../replay/time.ts'

/** A year of readings every ten seconds is 3,153,600. */
const MAX_ROWS = 4_000_000
const FIRST_ROWS = 1024

const NAMES = {
  time: ['timestamp', 'time', 'ts', 'date', 'datetime', 'eventtime', 'event_time'],
  value: ['value', 'reading', 'y'],
  label: ['label', 'anomaly', 'is_anomaly', 'isanomaly'],
} as const

export interface SeriesFile {
  readonly path: string
  /** Milliseconds since the epoch; NaN if the cell is no time. */
  readonly times: Float64Array
  /** NaN if the cell is no number. */
  readonly values: Float64Array
  /** 1 if the row is labelled; undefined if the file has no column of labels. */
  readonly labels: Uint8Array | undefined
  /** The cells of time and value as they are in the file. */
  readonly cells: readonly (readonly [time: string, value: string])[]
  /** Rows whose time or value cannot be read, and lines that are no rows. */
  readonly unreadable: number
}

interface Columns {
  readonly time: number
  readonly value: number
  readonly label: number
}

/** @param onRead called with the part of the file that has been read, from 0 to 1 */
export async function readSeriesFile(path: string, onRead: (part: number) => void): Promise<SeriesFile> {
  const file = await recordFile(path)
  if (file.format !== 'csv') throw new UsageError(`${path} is not CSV; its first line must name the columns.`)
  const rows = new Rows(file)
  const reader = new CsvReader(file.delimiter, rows)
  const { text, bytesRead, close } = openFile(file)
  try {
    for await (const chunk of text) {
      reader.push(chunk)
      onRead(bytesRead() / file.size)
    }
    reader.end()
  } catch (error) {
    throw unreadable(file, error)
  } finally {
    close()
  }
  return rows.finish()
}

class Rows {
  readonly #file: RecordFile
  #columns: Columns | undefined
  #format: ReturnType<typeof formatOf> | undefined
  #times = new Float64Array(FIRST_ROWS)
  #values = new Float64Array(FIRST_ROWS)
  #labels = new Uint8Array(FIRST_ROWS)
  readonly #cells: (readonly [string, string])[] = []
  #unreadable = 0

  constructor(file: RecordFile) {
    this.#file = file
  }

  row(_line: number, cells: string[]): void {
    if (this.#columns === undefined) {
      this.#columns = columnsOf(cells, this.#file.path)
      return
    }
    const at = this.#cells.length
    if (at === MAX_ROWS) throw new Refused(`${this.#file.path} has more than ${MAX_ROWS} rows; split it.`)
    if (at === this.#values.length) this.#grow()
    const { time, value, label } = this.#columns
    const when = cells[time].trim()
    this.#format ??= formatOf(when)
    this.#times[at] = readTime(when, { format: this.#format, zoneMs: 0 })
    this.#values[at] = decimal(cells[value].trim())
    this.#labels[at] = label >= 0 && isLabelled(cells[label]) ? 1 : 0
    if (Number.isNaN(this.#times[at] + this.#values[at])) this.#unreadable++
    this.#cells.push([cells[time], cells[value]])
  }

  fault(): void {
    this.#unreadable++
  }

  finish(): SeriesFile {
    const count = this.#cells.length
    const { path } = this.#file
    if (count === 0) throw new UsageError(`${path} has no rows.`)
    const times = this.#times.subarray(0, count)
    if (times.every(Number.isNaN))
      throw new UsageError(
        `${path} has no times in its column of timestamps; write them like 2026-11-30T12:00:00Z or as a number.`,
      )
    return {
      path,
      times,
      values: this.#values.subarray(0, count),
      labels: this.#columns!.label < 0 ? undefined : this.#labels.subarray(0, count),
      cells: this.#cells,
      unreadable: this.#unreadable,
    }
  }

  #grow(): void {
    const size = Math.min(this.#values.length * 2, MAX_ROWS)
    const [times, values] = [new Float64Array(size), new Float64Array(size)]
    const labels = new Uint8Array(size)
    times.set(this.#times)
    values.set(this.#values)
    labels.set(this.#labels)
    this.#times = times
    this.#values = values
    this.#labels = labels
  }
}

/** Columns are found by name; else time and value are the first two. */
function columnsOf(header: readonly string[], path: string): Columns {
  const names = header.map((name) => name.trim().toLowerCase())
  if (names.length < 2)
    throw new UsageError(`${path} has one column; it needs timestamp and value, and may have label.`)
  if (!Number.isNaN(decimal(names[1])))
    throw new UsageError(`${path} has no header; its first line must name the columns: timestamp,value.`)
  const find = (kind: keyof typeof NAMES): number =>
    names.findIndex((name) => (NAMES[kind] as readonly string[]).includes(name))
  const time = Math.max(0, find('time'))
  const named = find('value')
  return { time, value: named >= 0 ? named : time === 1 ? 0 : 1, label: find('label') }
}

const isLabelled = (cell: string): boolean => /^(true|yes)$/i.test(cell.trim()) || decimal(cell.trim()) > 0
