/** A first reading of the file for its times: what the shift and the pace are computed from. */
import { UsageError } from '../command.ts'
import type { RecordFile } from './file.ts'
import type { Columns, FromColumn } from './mapping.ts'
import { readRows } from './rows.ts'
import { rawTime, recogniseTime, type TimeFormat } from './time.ts'

/** Times in milliseconds since the epoch, as the file has them. */
export interface Survey {
  readonly rows: number
  readonly format: TimeFormat
  readonly first: number
  readonly last: number
  /** The furthest that a time lies before one above it in the file, ms; 0 in a file in order of time. */
  readonly stepBack: number
}

export interface SurveyOptions {
  readonly file: RecordFile
  readonly columns: Columns
  /** Where the event time stands. */
  readonly time: FromColumn
  /** Where --time gives it. */
  readonly format: TimeFormat | undefined
  readonly report: (bytesRead: number) => void
  readonly signal: AbortSignal
}

/** Rejects with the signal's reason where that comes first. */
export async function survey({ file, columns, time: { column, factor }, format: said, report, signal }: SurveyOptions): Promise<Survey> {
  let rows = 0
  let sample: unknown
  let least = Infinity
  let most = -Infinity
  let stepBack = 0
  for await (const { cells, bytesRead } of readRows(file, columns)) {
    for (const row of cells) {
      const raw = rawTime(row[column]) * factor
      rows++
      if (Number.isNaN(raw)) continue
      sample ??= row[column]
      if (raw < least) least = raw
      if (raw > most) most = raw
      else if (most - raw > stepBack) stepBack = most - raw
    }
    report(bytesRead)
    signal.throwIfAborted()
  }
  if (sample === undefined) throw new UsageError(`No row has a time in column ${columns.names[column]}; say which column has it with --map FIELD=COLUMN.`)
  const format = said ?? recogniseTime(sample, most)
  const unit = format === 'seconds' ? 1000 : 1
  return { rows, format, first: least * unit, last: most * unit, stepBack: stepBack * unit }
}
