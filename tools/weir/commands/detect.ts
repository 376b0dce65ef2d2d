import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { setImmediate as othersTurn } from 'node:timers/promises'
import type { CheckedSettings, Detector } from '@weir/alerter/detectors/detector.ts'
import { evaluate, stretchesOf } from '@weir/alerter/detectors/evaluation.ts'
import { detectorNamed, detectors } from '@weir/alerter/detectors/index.ts'
import { SettingError, shownDefault, wanted } from '@weir/alerter/detectors/parameters.ts'
import { type Finding, Series } from '@weir/alerter/detectors/series.ts'
import { type Labelled, tune } from '@weir/alerter/detectors/tuning.ts'
import { command, UsageError } from '../command.ts'
import { evaluationText, findingsTable, intervalOf, tunedText } from '../detect/report.ts'
import { readSeriesFile, type SeriesFile } from '../detect/series-file.ts'
import { EXIT } from '../exit.ts'
import { print, untilStopped } from '../terminal/output.ts'
import { Progress } from '../terminal/progress.ts'

const DEFAULT = 'random-cut-forest'
/** Rows between two looks at the clock and the signals. */
const STEP = 2_000

const list = detectors
  .map(({ name, doc, parameters }) => {
    const lines = Object.entries(parameters).map(([key, parameter]) => {
      const range = parameter.type === 'choice' ? parameter.choices.join(', ') : wanted(parameter)
      return `    ${key.padEnd(12)}${parameter.doc} ${range[0].toUpperCase()}${range.slice(1)} (${shownDefault(parameter)}).\n`
    })
    return `  ${name}\n    ${doc}\n${lines.join('')}`
  })
  .join('\n')

const usage = `
weir detect FILE [options]

Finds anomalies in a series: a CSV file with the columns timestamp and value, plain or compressed with gzip or
zstd. Prints one line per deviation. If there is a column label (1 or true where something is wrong), also
prints how many findings are right, how many labelled stretches are found, and how soon. A finding is right if
it begins within a labelled stretch or up to 10 readings after.

  --detector NAME     the detector, see below (${DEFAULT})
  --set NAME=VALUE    a parameter of the detector. Repeatable
  --sensor NAME       the name of the series in the findings (value)
  --unit UNIT         the unit of the values in the findings
  --scores OUT.csv    writes timestamp, value and score of each row. Scores are from 0 to 1; 0.5 is the limit.
                      Rows that do not count have 0: no number, no time, a time that is not after the one
                      before
  --tune              searches good settings by labels. FILE may be several files. The first 60 % of the rows of
                      each file choose the settings, the rest only measures them
  --json              prints one JSON object per line: each finding when it opens and when it is resolved

Examples
  weir detect temperature.csv.gz
  weir detect temperature.csv --detector thresholds --set high=85 --set duration=10s --unit °C
  weir detect labelled-1.csv labelled-2.csv --tune

Detectors and their parameters

${list}
Exit codes: 0 done, 1 stopped, 2 an argument or the file cannot be used.
`

export const detect = command({
  name: 'detect',
  summary: 'Find anomalies in a series of values from a CSV file',
  usage,
  options: {
    detector: { type: 'string', default: DEFAULT },
    set: { type: 'string', multiple: true, default: [] },
    sensor: { type: 'string', default: 'value' },
    unit: { type: 'string' },
    scores: { type: 'string' },
    tune: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
  async run(values, paths) {
    if (paths.length === 0) throw new UsageError('Name a file.')
    if (paths.length > 1 && !values.tune)
      throw new UsageError(`"${paths[1]}" is one file too many; only --tune takes several.`)
    if (values.tune && (values.scores !== undefined || values.json))
      throw new UsageError('--tune goes with neither --scores nor --json.')
    const given = assignments(values.set)
    const { detector, settings } = checked(() => {
      const detector = detectorNamed(values.detector)
      return { detector, settings: detector.settings(given) }
    })
    const signal = untilStopped()
    const state = { what: 'reading', records: 0, fraction: 0 }
    const progress = new Progress(() => state)
    try {
      const files: SeriesFile[] = []
      for (const path of paths) {
        files.push(await readSeriesFile(path, (part) => Object.assign(state, { fraction: part })))
      }
      if (values.tune) {
        const tuned = await search(files, detector, given, signal, state)
        progress.stop()
        await print(tuned)
        return EXIT.ok
      }
      const { sensor, unit } = values
      const work = new Detection(files[0], detector, settings, {
        sensor,
        ...(unit !== undefined && { unit }),
      })
      await work.run(signal, state)
      progress.stop()
      if (values.scores !== undefined) await writeScores(values.scores, files[0], work.scores)
      await show(work, values.json)
      return signal.aborted ? EXIT.refused : EXIT.ok
    } finally {
      progress.stop()
    }
  },
})

function assignments(sets: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    sets.map((text) => {
      const at = text.indexOf('=')
      if (at < 1) throw new UsageError(`--set is "${text}"; write NAME=VALUE.`)
      return [text.slice(0, at), text.slice(at + 1)]
    }),
  )
}

function checked<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof SettingError ? new UsageError(error.message) : error
  }
}

interface State {
  what: string
  records: number
  fraction: number
}

/** One detector over one file. */
class Detection {
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

async function show({ file, found, opened, ignored }: Detection, json: boolean): Promise<void> {
  if (json) {
    for (const one of found) await print(`${JSON.stringify(one)}\n`)
    return
  }
  await print(findingsTable(found))
  if (file.labels)
    await print(`\n${evaluationText(evaluate(stretchesOf(file.labels), opened), intervalOf(file))}.\n`)
  if (ignored > 0)
    process.stderr.write(
      `${ignored} of ${file.values.length} rows do not count: they have no time, no number, or a time that is not after the one before.\n`,
    )
}

async function writeScores(path: string, { cells }: SeriesFile, scores: Float64Array): Promise<void> {
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

async function search(
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
