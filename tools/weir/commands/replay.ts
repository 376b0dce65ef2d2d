import { basename } from 'node:path'
import { topics } from '@weir/solutions'
import { command, onlyPositionals, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'
import { withField } from '../hub/wire.ts'
import { explain } from '../replay/explain.ts'
import { recordFile } from '../replay/file.ts'
import { readSpeed } from '../replay/pace.ts'
import { type Counts, type Plan, type Refusal, replay as run } from '../replay/replay.ts'
import { TELEMETRY_YEARS, TIME_FORMATS, type TimeFormat, zoneOffset } from '../replay/time.ts'
import { readSettings } from '../settings.ts'
import { print, untilStopped } from '../terminal/output.ts'
import { Progress } from '../terminal/progress.ts'
import { duration, thousands } from '../terminal/table.ts'

/** Longer than any restart of a hub or broker. */
const PATIENCE = 5 * 60_000
/** The most refused records that are shown to people. */
const SHOWN = 20

/** The first topic that accepts records over HTTP. */
const [FIRST_TOPIC] = Object.entries(topics).flatMap(([name, { doors }]) =>
  doors.includes('http') ? [name] : [],
)

const usage = `
weir replay FILE [options]

Sends the rows of a file to a topic through the hub. FILE is CSV or NDJSON, plain or compressed with gzip or
zstd; the content shows which. Columns are matched to fields by name (lat, latitude, lng, track_id,
timestamp, …). All times are shifted by the same amount, so that the last event is now. The command shows
what it detected in the file before it sends the first record.

  --topic TOPIC          the topic to send to (${FIRST_TOPIC})
  --map FIELD=COLUMN     the column for a field; FIELD=COLUMN*FACTOR converts units. Repeatable
  --set FIELD=VALUE      a constant for every record. Repeatable
  --speed SPEED          1x is real time, 10x is ten times faster, max is as fast as the hub allows (max)
  --keep-times           does not shift times
  --time FORMAT          ${TIME_FORMATS.join(', ')} (detected from the rows)
  --zone ZONE            the zone of ISO times without one: Z, +05:30, --zone=-08:00 (Z)
  --all-times            also sends rows whose times are far from the others, such as 0 or the year 9999. If a
                         file has times from ${TELEMETRY_YEARS.join(' to ')}, they alone decide the format and which times are
                         far: what files write for "no time" is nearly always earlier or later
  --delimiter CHARACTER  the separator of CSV cells, or tab (the most frequent of , ; | and tab in the header)
  --run NAME             names the run. Record ids are NAME and the number of the line on which the row
                         begins, so repeating a run stores nothing twice. Use one name for one content of
                         the file and one way of reading its columns
  --json                 prints one JSON object per line: each refused record, then the summary

Numbers are decimal: 12, -0.5, 1.5e3. A blank cell is a missing value. Whole numbers beyond 2^53 are refused,
unless the field is text. Rows that cannot be read are refused one by one, with the line and the reason; so
are rows longer than 1 MiB.

The source of every record is replay-RUN, so the records of a run can be counted. If the hub is down, the
command waits for it, up to 5 minutes.

Examples
  weir replay sales.csv.gz
  weir replay sales.csv.gz --speed 10x
  weir replay sales.csv --map orderId=Number --map eventTime=sold_at --map 'total=cents*0.01' --set channel=shop
  weir tail orders.placed --from earliest --count 1000 --json > some.ndjson; weir replay some.ndjson --topic orders.placed --run again

Exit codes: 0 all stored, 1 some refused, 2 an argument or the file cannot be used, 4 the hub does not answer.
`

export const replay = command({
  name: 'replay',
  summary: 'Send the rows of a CSV or NDJSON file to a topic',
  usage,
  options: {
    topic: { type: 'string', default: FIRST_TOPIC },
    map: { type: 'string', multiple: true, default: [] },
    set: { type: 'string', multiple: true, default: [] },
    speed: { type: 'string', default: 'max' },
    'keep-times': { type: 'boolean', default: false },
    time: { type: 'string' },
    zone: { type: 'string', default: 'Z' },
    'all-times': { type: 'boolean', default: false },
    delimiter: { type: 'string' },
    run: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
  async run(values, positionals) {
    onlyPositionals(positionals, 1)
    if (positionals[0] === undefined) throw new UsageError('Name a file.')
    const speed = readSpeed(values.speed)
    const timeFormat = readTimeFormat(values.time)
    const zoneMs = zoneOffset(values.zone)
    if (Number.isNaN(zoneMs))
      throw new UsageError(
        `--zone is "${values.zone}"; it must be Z, or hours and minutes ahead of UTC such as +05:30.`,
      )
    const settings = readSettings()
    const file = await recordFile(positionals[0], readDelimiter(values.delimiter))
    const counts: Counts = {
      phase: 'looking through',
      fraction: 0,
      stored: 0,
      refused: 0,
      open: 0,
      trouble: undefined,
    }
    const signal = untilStopped()
    const started = performance.now()
    const progress = new Progress(() => ({
      what: counts.phase,
      records: counts.stored + counts.refused,
      fraction: Math.min(counts.fraction, 1),
      note: counts.trouble,
    }))
    let plan: Plan | undefined
    let failure: unknown
    try {
      await run(
        {
          file,
          speed,
          timeFormat,
          zoneMs,
          allTimes: values['all-times'],
          signal,
          topic: values.topic,
          hub: settings.urls['ingest-hub'],
          apiKey: settings.apiKey,
          maps: values.map,
          sets: values.set,
          keepTimes: values['keep-times'],
          run: values.run,
          patience: PATIENCE,
        },
        counts,
        {
          planned(made) {
            plan = made
            process.stderr.write(explain(made))
          },
          refused: (refusal) => showRefusal(refusal, counts.refused, values.json),
        },
      )
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
    await print(
      summary(
        plan as Plan,
        counts,
        basename(file.path),
        performance.now() - started,
        signal.aborted || failure !== undefined,
        values.json,
      ),
    )
    if (failure) throw failure
    return counts.refused > 0 || counts.open > 0 || signal.aborted ? EXIT.refused : EXIT.ok
  },
})

function readTimeFormat(text: string | undefined): TimeFormat | undefined {
  if (text === undefined || (TIME_FORMATS as readonly string[]).includes(text))
    return text as TimeFormat | undefined
  throw new UsageError(`--time is "${text}"; it must be one of ${TIME_FORMATS.join(', ')}.`)
}

function readDelimiter(text: string | undefined): string | undefined {
  if (text === 'tab') return '\t'
  if (text === undefined || (text.length === 1 && !/["\r\n]/.test(text))) return text
  throw new UsageError(`--delimiter is "${text}"; it must be one character, or tab.`)
}

function showRefusal(refusal: Refusal, nth: number, json: boolean): void {
  if (json) process.stdout.write(`${JSON.stringify(refusal)}\n`)
  else if (nth <= SHOWN)
    process.stderr.write(
      `line ${refusal.line}: ${withField(refusal.field, refusal.message)} (${refusal.code})\n`,
    )
  else if (nth === SHOWN + 1)
    process.stderr.write('further refused records are counted but not listed; --json lists all\n')
}

function summary(
  { run: name, source }: Plan,
  { stored, refused, open }: Counts,
  file: string,
  ms: number,
  partial: boolean,
  json: boolean,
): string {
  const perSecond = Math.round((stored / ms) * 1000)
  if (json)
    return `${JSON.stringify({ run: name, source, stored, refused, open, complete: !partial && open === 0, seconds: Math.round(ms) / 1000, perSecond })}\n`
  const sentences = [
    `Stored ${thousands(stored)} records of ${file} in ${duration(ms)} (${thousands(perSecond)}/s), source ${source}.`,
  ]
  if (refused > 0) sentences.push(`Refused ${thousands(refused)}.`)
  if (partial)
    sentences.push(
      `Not finished: \`weir replay … --run ${name}\` goes through the file again and stores nothing twice.`,
    )
  return `${sentences.join(' ')}\n`
}
