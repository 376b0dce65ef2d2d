/** One replay: reads, converts, paces, sends, counts. */
import { Door } from '../hub/door.ts'
import { topicContract } from './contract.ts'
import { columnOf, converter } from './convert.ts'
import { inFileOrder, inTimeOrder, mustSort, type Reading } from './events.ts'
import { checkContent, contentHash, type RecordFile } from './file.ts'
import { Lanes } from './lanes.ts'
import { type Mapping, planMapping } from './mapping.ts'
import { checkLength, Pace, runLength, shiftToNow } from './pace.ts'
import { readColumns } from './rows.ts'
import { freshRunId, rememberRun } from './run-memory.ts'
import { ALL_TIMES, type Survey, survey } from './survey.ts'
import type { TimeFormat } from './time.ts'

export interface ReplayOptions {
  readonly file: RecordFile
  readonly topic: string
  readonly hub: string
  readonly apiKey: string | undefined
  readonly maps: readonly string[]
  readonly sets: readonly string[]
  /** undefined: detected from the times. */
  readonly timeFormat: TimeFormat | undefined
  /** Offset from UTC of ISO times without a zone, in milliseconds ahead. */
  readonly zoneMs: number
  /** Whether to send times far from the others too. */
  readonly allTimes: boolean
  readonly keepTimes: boolean
  /** Ratio of event time to real time; Infinity: full speed. */
  readonly speed: number
  /** The run's name; undefined: a fresh name. */
  readonly run: string | undefined
  /** The longest time without progress before giving up, ms. */
  readonly patience: number
  readonly signal: AbortSignal
}

export interface Refusal {
  readonly line: number
  readonly field: string | undefined
  readonly code: string
  readonly message: string
}

/** Live counts of a replay. */
export interface Counts {
  phase: 'looking through' | 'sending'
  /** Finished share of the phase, 0 to 1. */
  fraction: number
  stored: number
  refused: number
  /** Number of records with an unknown outcome, sent or not: the run was stopped or given up. */
  open: number
  /** Why the hub takes no records at the moment. */
  trouble: string | undefined
}

export interface Plan {
  readonly file: RecordFile
  readonly mapping: Mapping
  readonly columns: readonly string[]
  readonly survey: Survey | undefined
  /** Milliseconds added to every time. */
  readonly shift: number
  /** Duration of the run at its speed, ms; undefined if it is not paced. */
  readonly length: number | undefined
  readonly run: string
  readonly source: string
}

export interface Listener {
  planned(plan: Plan): void
  refused(refusal: Refusal): void
}

/** The most requests in flight; keys are spread over the same number of lanes. */
const LANES = 8
/** Records per request. */
const BATCH = 500
/**
 * The most records waiting in memory: about 10 MB, and enough for all lanes to work on a file that is sorted
 * by key.
 */
const CAPACITY = 32_000

/**
 * Resolves when the file was sent or the signal came; rejects with the signal's reason if it came before the
 * first record. Rejects with Unreachable or Refused; the counts are valid then too.
 */
export async function replay(options: ReplayOptions, counts: Counts, listener: Listener): Promise<void> {
  const { file, signal, speed } = options
  const report = (bytesRead: number): void => {
    counts.fraction = bytesRead / file.size
  }
  const { plan, contract, columns, remembered } = await prepare(options, report)
  const { mapping, survey: times, run, shift } = plan
  listener.planned(plan)

  const pace = times && Number.isFinite(speed) ? new Pace(times, speed) : undefined
  const clock =
    pace &&
    setInterval(() => {
      counts.fraction = pace.passed(performance.now())
    }, 100)
  // Progress counts sent records, not read ones, because reading runs ahead.
  const finished = (): void => {
    if (times && !pace) counts.fraction = (counts.stored + counts.refused) / times.rows
  }
  const refuse = (line: number, field: string | undefined, message: string, code = 'unreadable'): void => {
    counts.refused++
    finished()
    listener.refused({ line, field, code, message })
  }
  const door = new Door(
    {
      url: options.hub,
      apiKey: options.apiKey,
      topic: options.topic,
      source: plan.source,
      patience: options.patience,
      signal,
      onRetry: (reason) => {
        counts.trouble = reason
      },
    },
    LANES,
  )
  const lanes = new Lanes({
    lanes: LANES,
    batch: BATCH,
    capacity: CAPACITY,
    send: (records) => door.deliver(records),
    settled(lines, { stored, refused, open }) {
      counts.stored += stored
      counts.open += open.length
      finished()
      if (stored > 0) counts.trouble = undefined
      for (const { index, field, message, code } of refused) refuse(lines[index], field, message, code)
    },
  })
  const reading: Reading = {
    file,
    columns,
    signal,
    refuse,
    report: times ? () => {} : report,
    convert: converter({
      mapping,
      key: contract.key,
      time: contract.time,
      shift,
      window: times?.window ?? ALL_TIMES,
      reading: times?.reading ?? { format: options.timeFormat ?? 'iso', zoneMs: options.zoneMs },
    }),
    offer(key, line, value, time) {
      const early = pace !== undefined && pace.wait(time, performance.now()) > 0
      if (!early && !lanes.full) {
        lanes.add(key, `${run}-${line}`, value, line)
        return undefined
      }
      return offerLater(key, line, value, time)
    },
  }
  const offerLater = async (key: string, line: number, value: string, time: number): Promise<void> => {
    if (pace) lanes.flush()
    await pace?.until(time, signal)
    await lanes.room()
    if (!signal.aborted) lanes.add(key, `${run}-${line}`, value, line)
  }

  counts.phase = 'sending'
  counts.fraction = 0
  let complete = false
  try {
    await (pace && times && mustSort(file, times) ? inTimeOrder : inFileOrder)(reading)
    await lanes.end()
    if (!signal.aborted) await checkContent(file, remembered.content, signal)
    complete = !signal.aborted
  } finally {
    clearInterval(clock)
    await lanes.end().catch(() => {}) // Records in flight when reading fails still count.
    door.close()
    if (options.run === undefined && !complete) await rememberRun(run, { ...remembered, shift })
  }
}

/** Surveys the file and decides how to read it. */
async function prepare(options: ReplayOptions, report: (bytesRead: number) => void) {
  const { file, topic, timeFormat, zoneMs, allTimes, keepTimes, speed, signal } = options
  const contract = topicContract(topic)
  const columns = await readColumns(
    file,
    contract.leaves.map((leaf) => leaf.name),
  )
  const mapping = planMapping(contract, columns, options.maps, options.sets)
  const time = columnOf(mapping, contract.time)
  const times =
    time && (await survey({ file, columns, time, format: timeFormat, zoneMs, allTimes, report, signal }))
  if (times && speed !== Infinity) checkLength(times, speed)
  const remembered = {
    shift: times && !keepTimes ? shiftToNow(times, speed, Date.now()) : 0,
    content: await contentHash(file, signal),
    reading: JSON.stringify([
      topic,
      keepTimes,
      file.delimiter,
      times?.reading,
      mapping.assignments.map((one) => [
        one.leaf.name,
        ...('constant' in one ? ['=', one.constant] : [columns.names[one.column], one.factor]),
      ]),
    ]),
  }
  const { id, shift } =
    options.run === undefined
      ? { id: freshRunId(new Date()), shift: remembered.shift }
      : await rememberRun(options.run, remembered)
  const plan: Plan = {
    file,
    mapping,
    columns: columns.names,
    survey: times,
    shift,
    length: times && speed !== Infinity ? runLength(times, speed) : undefined,
    run: id,
    source: `replay-${id}`,
  }
  return { plan, contract, columns, remembered }
}
