/** Reads the events of a file in the order in which a replay sends them. */
import { UsageError } from '../command.ts'
import type { Converted } from './convert.ts'
import type { RecordFile } from './file.ts'
import type { Columns } from './mapping.ts'
import { readRows } from './rows.ts'
import type { Survey } from './survey.ts'

/** Takes one event; returns a promise only if the caller must wait for it. `time` is the file's time, ms. */
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

/** Reads events in the order of the file, in bounded memory. */
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

/** The most events that are sorted in memory: about 150 MB. */
export const SORTABLE = 500_000
/**
 * A step back in time of up to this length is ordinary lateness; such events are sent when their line comes.
 */
const LATENESS = 5 * 60_000

/**
 * Returns true if a paced replay must sort the file because it is not in order of time, but, for example,
 * vehicle by vehicle. Throws if the file is too large to sort.
 */
export function mustSort({ path }: RecordFile, { rows, stepBack }: Survey): boolean {
  if (stepBack === 0) return false
  if (rows <= SORTABLE) return true
  if (stepBack <= LATENESS) return false
  throw new UsageError(
    `${path} is not ordered by time and is too long to sort here (${rows} rows); sort it by its time column first, or replay it with --speed max.`,
  )
}

/** Reads events in order of event time; events with the same time stay in the order of the file. */
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
