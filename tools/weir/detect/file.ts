/** Runs a detector over a file, and searches settings by its labels. */
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { setImmediate as othersTurn } from 'node:timers/promises'
import type { CheckedSettings, Detector } from '@weir/alerter/detectors/detector.ts'
import { SettingError } from '@weir/alerter/detectors/parameters.ts'
import { type Finding, Series } from '@weir/alerter/detectors/series.ts'
import { type Labelled, tune } from '@weir/alerter/detectors/tuning.ts'
import { UsageError } from '../command.ts'
import { tunedText } from './report.ts'
import type { SeriesFile } from './series-file.ts'

/** Rows between two looks at the clock and the signals. */
const STEP = 2_000

/** How far the work is. */
export interface State {
  what: string
  records: number
  fraction: number
}

/** One detector over one file. */
export class Detection {
  readonly file: SeriesFile
  readonly scores: Float64Array
  readonly found: Finding[] = []
  /** Rows at which a finding was opened. */
  readonly opened: number[] = []
  readonly #series: Series

  constructor(
    file: SeriesFile,
    detector: Detector,
    settings: CheckedSettings,
    names: { sensor: string; unit?: string },
  ) {
    this.file = file
    this.scores = new Float64Array(file.values.length)
    this.#series = new Series(detector, settings, names)
  }

  get ignored(): number {
    return this.#series.ignored
  }

  async run(signal: AbortSignal, state: State): Promise<void> {
    const { times, values } = this.file
    state.what = 'judging'
    for (let row = 0; row < values.length && !signal.aborted; row++) {
      const before = this.found.length
      this.scores[row] = this.#series.feed(times[row], values[row], this.found)
      if (this.found.slice(before).some(({ status }) => status === 'open')) this.opened.push(row)
      if (row % STEP !== 0) continue
      Object.assign(state, { records: row, fraction: row / values.length })
      await othersTurn()
    }
  }
}

export async function writeScores(path: string, { cells }: SeriesFile, scores: Float64Array): Promise<void> {
  const out = createWriteStream(path)
  const written = finished(out)
  out.write('timestamp,value,score\n')
  for (const [row, [time, value]] of cells.entries()) {
    out.write(`${quoted(time)},${quoted(value)},${scores[row].toFixed(6)}\n`)
  }
  out.end()
  await written.catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${path} cannot be written (${error.code}).`)
  })
}

const quoted = (cell: string): string => (/[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)

export async function search(
  files: readonly SeriesFile[],
  detector: Detector,
  given: Record<string, string>,
  signal: AbortSignal,
  state: State,
): Promise<string> {
  const unlabelled = files.find(({ labels }) => !labels?.includes(1))
  if (unlabelled)
    throw new UsageError(`${unlabelled.path} has no labelled rows; --tune needs a column label.`)
  state.what = 'trying'
  try {
    const tuned = await tune(files as readonly Labelled[], detector, given, async (tried) => {
      state.records = tried
      await othersTurn()
      signal.throwIfAborted()
    })
    return tunedText(detector.name, tuned, files)
  } catch (error) {
    if (signal.aborted) throw new UsageError('Stopped before the end of the search.')
    throw error instanceof SettingError ? new UsageError(error.message) : error
  }
}
