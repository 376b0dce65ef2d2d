import { evaluate, stretchesOf } from '@weir/alerter/detectors/evaluation.ts'
import { detectorNamed, detectors } from '@weir/alerter/detectors/index.ts'
import { SettingError, shownDefault, wanted } from '@weir/alerter/detectors/parameters.ts'
import { command, UsageError } from '../command.ts'
import { Detection, type State, search, writeScores } from '../detect/file.ts'
import { evaluationText, findingsTable, intervalOf } from '../detect/report.ts'
import { readSeriesFile, type SeriesFile } from '../detect/series-file.ts'
import type { TopicResult } from '../detect/topic.ts'
import { EXIT } from '../exit.ts'
import { readFilters } from '../tail/filter.ts'
import { print, untilStopped } from '../terminal/output.ts'
import { Progress } from '../terminal/progress.ts'

const DEFAULT = 'random-cut-forest'

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
weir detect --topic TOPIC --field PATH [options]

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

Instead of a file, all records that a topic has now, each key a series of its own:
  --topic TOPIC       a topic with a contract
  --field PATH        the field with the value, such as engine.temperature
  --key PATH          the field that tells series apart (the key of the record)
  --time PATH         the field with the time, in milliseconds since the epoch (the time of arrival)
  --filter FIELD=VALUE  only records whose field has that value. Repeatable

Examples
  weir detect temperature.csv.gz
  weir detect temperature.csv --detector thresholds --set high=85 --set duration=10s --unit °C
  weir detect labelled-1.csv labelled-2.csv --tune
  weir detect --topic taxi.telemetry --field speed --time eventTime --detector robust-baseline

Detectors and their parameters

${list}
Exit codes: 0 done, 1 stopped, 2 an argument or the file cannot be used, 4 Kafka does not answer.
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
    topic: { type: 'string' },
    field: { type: 'string' },
    key: { type: 'string' },
    time: { type: 'string' },
    filter: { type: 'string', multiple: true, default: [] },
  },
  async run(values, paths) {
    const { topic, field } = values
    if (topic === undefined) refuseTopicOptions(values)
    else if (paths.length > 0) throw new UsageError('Name a file or a topic, not both.')
    else if (field === undefined) throw new UsageError('--field is missing; name the field with the value.')
    else if (values.tune || values.scores !== undefined)
      throw new UsageError('--topic goes with neither --scores nor --tune.')
    else if (values.sensor !== 'value')
      throw new UsageError('--topic names the series by their keys, so it takes no --sensor.')
    if (paths.length === 0 && topic === undefined) throw new UsageError('Name a file.')
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
    const state: State = { what: 'reading', records: 0, fraction: 0 }
    const progress = new Progress(() => state)
    try {
      if (topic !== undefined) {
        // Kafka clients take half a second to load.
        const { detectInTopic } = await import('../detect/topic.ts')
        const options = { ...values, topic, field: field!, filters: readFilters(values.filter) }
        const result = await detectInTopic(options, detector, settings, signal, state)
        progress.stop()
        await showTopic(result, values.json)
        return signal.aborted ? EXIT.refused : EXIT.ok
      }
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

function refuseTopicOptions(values: Readonly<Record<string, unknown>>): void {
  for (const name of ['field', 'key', 'time'])
    if (values[name] !== undefined) throw new UsageError(`--${name} goes with --topic only.`)
}

async function showTopic({ found, records, series, ignored }: TopicResult, json: boolean): Promise<void> {
  if (json) for (const one of found) await print(`${JSON.stringify(one)}\n`)
  else await print(findingsTable(found))
  process.stderr.write(
    `${records} records of ${series} series; ${ignored} do not count: they have no value, no time, or a time that is not after the one before.\n`,
  )
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
