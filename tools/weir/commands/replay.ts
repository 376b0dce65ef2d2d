import { basename } from 'node:path'
import { command, onlyPositionals, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'
import { withField } from '../hub/wire.ts'
import { recordFile } from '../replay/file.ts'
import { readSpeed } from '../replay/pace.ts'
import { replay as run, type Counts, type Plan, type Refusal } from '../replay/replay.ts'
import { TIME_FORMATS, type TimeFormat } from '../replay/time.ts'
import { readSettings } from '../settings.ts'
import { print, untilStopped } from '../terminal/output.ts'
import { Progress } from '../terminal/progress.ts'
import { duration, thousands } from '../terminal/table.ts'

/** Longer than any restart of a hub or broker. */
const PATIENCE = 5 * 60_000
/** Refused records that are shown to people. */
const SHOWN = 20

const usage = `
weir replay FILE [options]

Sends the rows of a file to a topic through the hub. FILE is CSV or NDJSON, plain, gzip or zstd; which it is, is told from its content.
Columns find their fields by name (lat, latitude, lng, track_id, timestamp, …). Times are moved once, so that the last event is now.

  --topic TOPIC          where to (taxi.telemetry)
  --map FIELD=COLUMN     which column gives a field; FIELD=COLUMN*FACTOR converts units. Repeatable
  --set FIELD=VALUE      a constant for every record. Repeatable
  --speed SPEED          1x is real time, 10x ten times that, max as fast as the hub takes it (max)
  --keep-times           leave the times as the file has them
  --time FORMAT          ${TIME_FORMATS.join(', ')}: how times are written, where that is not recognised
  --run NAME             names the run. Record ids are NAME and the line number: repeating a run of that name stores nothing twice
  --json                 one JSON object a line: each refused record, then the summary

Every record's source is replay-RUN, so a run can be counted. A hub that is down is waited for, up to 5 minutes.

Examples
  weir replay vehicles.csv.gz
  weir replay vehicles.csv.gz --speed 10x
  weir replay trips.csv --map deviceId=VendorID --map eventTime=tpep_pickup_datetime --map 'speed=mph*1.609344' --set occupied=true
  weir tail taxi.telemetry --from earliest --count 1000 --json > some.ndjson; weir replay some.ndjson --run again

Exit codes: 0 all stored, 1 some refused, 2 not understood, 4 the hub does not answer.
`

export const replay = command({
  name: 'replay',
  summary: 'Send the rows of a CSV or NDJSON file to a topic',
  usage,
  options: {
    topic: { type: 'string', default: 'taxi.telemetry' },
    map: { type: 'string', multiple: true, default: [] },
    set: { type: 'string', multiple: true, default: [] },
    speed: { type: 'string', default: 'max' },
    'keep-times': { type: 'boolean', default: false },
    time: { type: 'string' },
    run: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
  async run(values, positionals) {
    onlyPositionals(positionals, 1)
    if (positionals[0] === undefined) throw new UsageError('Which file?')
    const speed = readSpeed(values.speed)
    const timeFormat = readTimeFormat(values.time)
    const settings = readSettings()
    const file = await recordFile(positionals[0])
    const counts: Counts = { phase: 'looking through', fraction: 0, stored: 0, refused: 0, open: 0, trouble: undefined }
    const signal = untilStopped()
    const started = performance.now()
    const progress = new Progress(() => ({
      what: counts.phase, records: counts.stored + counts.refused, fraction: Math.min(counts.fraction, 1), note: counts.trouble,
    }))
    let plan: Plan | undefined
    let failure: unknown
    try {
      await run({
        file, speed, timeFormat, signal, topic: values.topic, hub: settings.hub, apiKey: settings.apiKey,
        maps: values.map, sets: values.set, keepTimes: values['keep-times'], run: values.run, patience: PATIENCE,
      }, counts, {
        planned(made) {
          plan = made
          if (!values.json) process.stderr.write(explain(made))
        },
        refused: (refusal) => showRefusal(refusal, counts.refused, values.json),
      })
    } catch (error) {
      if (plan === undefined) {
        if (!signal.aborted) throw error
        await print(values.json ? '' : 'Stopped before the first record.\n')
        return EXIT.refused
      }
      failure = error
    } finally {
      progress.stop()
    }
    await print(summary(plan as Plan, counts, basename(file.path), performance.now() - started, signal.aborted || failure !== undefined, values.json))
    if (failure) throw failure
    return counts.refused > 0 || counts.open > 0 || signal.aborted ? EXIT.refused : EXIT.ok
  },
})

function readTimeFormat(text: string | undefined): TimeFormat | undefined {
  if (text === undefined || (TIME_FORMATS as readonly string[]).includes(text)) return text as TimeFormat | undefined
  throw new UsageError(`--time is "${text}"; it must be one of ${TIME_FORMATS.join(', ')}.`)
}

function explain({ mapping, columns }: Plan): string {
  const pairs = mapping.assignments.map((assignment) => ('constant' in assignment
    ? `${assignment.leaf.name} = ${JSON.stringify(assignment.constant)}`
    : assignment.column < columns.length && columns[assignment.column] === assignment.leaf.name
      ? assignment.leaf.name
      : `${assignment.leaf.name} ← ${columns[assignment.column]}${assignment.factor === 1 ? '' : ` × ${assignment.factor}`}`))
  return `${pairs.join(', ')}\n${mapping.unused.length > 0 ? `not used: ${mapping.unused.join(', ')}\n` : ''}`
}

function showRefusal(refusal: Refusal, nth: number, json: boolean): void {
  if (json) process.stdout.write(`${JSON.stringify(refusal)}\n`)
  else if (nth <= SHOWN) process.stderr.write(`line ${refusal.line}: ${withField(refusal.field, refusal.message)} (${refusal.code})\n`)
  else if (nth === SHOWN + 1) process.stderr.write('more refused records are only counted; --json lists all\n')
}

function summary({ run: name, source }: Plan, { stored, refused, open }: Counts, file: string, ms: number, partial: boolean, json: boolean): string {
  const perSecond = Math.round(stored / ms * 1000)
  if (json) return `${JSON.stringify({ run: name, source, stored, refused, open, complete: !partial && open === 0, seconds: Math.round(ms) / 1000, perSecond })}\n`
  const sentences = [`Stored ${thousands(stored)} records of ${file} in ${duration(ms)} (${thousands(perSecond)}/s), source ${source}.`]
  if (refused > 0) sentences.push(`Refused ${thousands(refused)}.`)
  if (partial) sentences.push(`Not finished: \`weir replay … --run ${name}\` goes through the file again and stores nothing twice.`)
  return `${sentences.join(' ')}\n`
}
