/** The events of a file in the order in which a replay sends them. */
import { UsageError } from '../command.ts'
import type { Converted } from './convert.ts'
import type { RecordFile } from './file.ts'
import type { Columns } from './mapping.ts'
import { readRows } from './rows.ts'
import type { Survey } from './survey.ts'

/** Takes one event; returns a promise only when it must be waited for. `time` is the file's, ms. */
export type Offer = (key: string, line: number, value: string, time: number) => Promise<void> | undefined

export interface Reading {
  readonly file: RecordFile
  readonly columns: Columns
  readonly convert: (cells: readonly unknown[]) => Converted
  readonly offer: Offer
  readonly refuse: (line: number, field: string | undefined, problem: string) => void
  readonly report: (bytesRead: number) => void
  readonly signal: AbortSignal
}

/** In the order of the file, in bounded memory. */
export async function inFileOrder({
  file,
  columns,
  convert,
  offer,
  refuse,
  report,
  signal,
}: Reading): Promise<void> {
  for await (const { lines, cells, faults, bytesRead } of readRows(file, columns)) {
    for (const { line, problem } of faults) refuse(line, undefined, problem)
    for (let i = 0; i < lines.length; i++) {
      const { json, key, time, field, problem } = convert(cells[i])
      if (json === undefined) {
        refuse(lines[i], field, problem)
        continue
      }
      const wait = offer(key, lines[i], json, time)
      if (wait) await wait
      if (signal.aborted) return
    }
    report(bytesRead)
  }
}

/** Most events that are sorted in memory: about 150 MB. */
export const SORTABLE = 500_000
/** A step back in time up to this is ordinary lateness; such events are sent when their line comes. */
const LATENESS = 5 * 60_000

/**
 * True where a paced replay must sort the file: vehicle by vehicle, say, instead of moment by moment. Throws
 * where it is too large for that.
 */
export function mustSort({ path }: RecordFile, { rows, stepBack }: Survey): boolean {
  if (stepBack === 0) return false
  if (rows <= SORTABLE) return true
  if (stepBack <= LATENESS) return false
  throw new UsageError(
    `${path} is not in order of time and too long to sort here (${rows} rows); sort it by its time column first, or replay it with --speed max.`,
  )
}

/** In the order of event time; events of one time stay in the order of the file. */
export async function inTimeOrder(reading: Reading): Promise<void> {
  const events: { key: string; line: number; value: string; time: number }[] = []
  await inFileOrder({
    ...reading,
    offer: (key, line, value, time) => {
      events.push({ key, line, value, time })
      return undefined
    },
    report: () => {},
  })
  events.sort((a, b) => a.time - b.time)
  for (let i = 0; i < events.length && !reading.signal.aborted; i++) {
    const { key, line, value, time } = events[i]
    const wait = reading.offer(key, line, value, time)
    if (wait) await wait
  }
}
