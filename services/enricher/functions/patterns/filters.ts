/**
 * Filters of event source mappings: which records reach the function. The rules for data that does not fit
 * its pattern are those of Lambda's documentation ("Using event filtering with a Kinesis event source",
 * "Filtering events from Amazon MSK and self-managed Apache Kafka event sources").
 */
import { isUtf8 } from 'node:buffer'
import { setImmediate as turn } from 'node:timers/promises'
import { PatternError } from './errors.ts'
import { type Branch, parsePattern } from './pattern.ts'
import { matchesPlan, type Plan, Planner } from './plan.ts'
import { Work } from './work.ts'

/** Lambda's quota; it is 5 unless more are requested. */
export const MAX_FILTERS = 10

/** The filters as in Lambda's API. Without filters, every record passes. */
export interface FilterCriteria {
  readonly Filters?: readonly { readonly Pattern?: string }[]
}

/** Content of a record: base64 as in Lambda's events, or the bytes themselves if available. */
export type Content = string | Uint8Array

/**
 * An element of Records of a Kinesis event. Patterns see the members of `kinesis` alongside the others, and
 * `data` decoded.
 */
export interface KinesisRecord {
  readonly kinesis: { readonly data: Content; readonly [name: string]: unknown }
  readonly [name: string]: unknown
}

/** An element of records of a Kafka event. */
export interface KafkaRecord {
  readonly key?: Content | null
  readonly value?: Content | null
  readonly [name: string]: unknown
}

/** Tests records against the filters of a mapping. */
export interface RecordFilter<R> {
  /**
   * Whether any of the filters matches. After much work without a break, returns a promise, so that other
   * work of the process comes first. Throws, or rejects with, TooMuchWork if the filters take too long for
   * the record.
   */
  matches(record: R): boolean | Promise<boolean>
}

/**
 * Compiles filters. Returns undefined if there are none: every record passes. Throws a PatternError that
 * names the filter.
 *
 * Kinesis: a pattern with `data` drops records whose data is not a JSON object or array; in such a pattern,
 * `data` must itself be an object. Kafka: a pattern's `key` or `value` is an object (for JSON) or an array
 * (for plain texts); if the content has the other format, or is not valid UTF-8, that part of the pattern is
 * skipped and only its other parts decide. For a record without a key or value, the part is not skipped: the
 * field is absent. JSON here means an object or an array; a bare number or quoted text is a plain text.
 */
export function compileFilters(
  criteria: FilterCriteria | undefined,
  source: 'kinesis',
): RecordFilter<KinesisRecord> | undefined
export function compileFilters(
  criteria: FilterCriteria | undefined,
  source: 'kafka',
): RecordFilter<KafkaRecord> | undefined
export function compileFilters(
  criteria: FilterCriteria | undefined,
  source: 'kinesis' | 'kafka',
): RecordFilter<KinesisRecord> | RecordFilter<KafkaRecord> | undefined {
  const filters = criteria?.Filters ?? []
  if (filters.length === 0) return undefined
  if (filters.length > MAX_FILTERS)
    throw new PatternError(`Filters has ${filters.length} filters; make do with ${MAX_FILTERS}.`)
  const patterns = filters.map(({ Pattern }) => Pattern)
  const branches = patterns.flatMap((pattern, index) => {
    // Equal filters match the same records.
    if (patterns.indexOf(pattern) < index) return []
    try {
      if (typeof pattern !== 'string') throw new PatternError('The pattern is missing; give it as a text.')
      return parsePattern(pattern).map(source === 'kinesis' ? checkedKinesis : (branch) => branch)
    } catch (error) {
      throw new PatternError(`Filters[${index}].Pattern: ${(error as Error).message}`)
    }
  })
  return source === 'kinesis' ? kinesisFilter(branches) : kafkaFilter(branches)
}

/** After this number of steps, which takes some milliseconds, other work of the process comes first. */
const SLICE_STEPS = 1_000_000
/** Steps to parse a character of JSON. */
const STEPS_OF_READING = 3

/** A record as patterns see it, and the work on it. */
interface Subject<Event> {
  readonly event: Event
  readonly work: Work
}

type Alternative<Event> = (event: Event, work: Work) => boolean

/** Tests a record against alternatives, one after the other, with breaks. */
class SlicedFilter<R, Event> implements RecordFilter<R> {
  readonly #alternatives: readonly Alternative<Event>[]
  readonly #read: (record: R, work: Work) => Event
  /** Steps since the last break. */
  #steps = 0

  /** @param read makes the event that the alternatives test */
  constructor(alternatives: readonly Alternative<Event>[], read: (record: R, work: Work) => Event) {
    this.#alternatives = alternatives
    this.#read = read
  }

  matches(record: R): boolean | Promise<boolean> {
    const work = new Work(this.#alternatives.length > 1)
    const event = this.#read(record, work)
    this.#steps += work.steps
    return this.#ask({ event, work }, 0)
  }

  #ask(subject: Subject<Event>, from: number): boolean | Promise<boolean> {
    const { event, work } = subject
    for (let i = from; i < this.#alternatives.length; i++) {
      if (this.#steps > SLICE_STEPS) return this.#askLater(subject, i)
      const before = work.steps
      try {
        if (this.#alternatives[i](event, work)) return true
      } finally {
        this.#steps += work.steps - before
      }
    }
    return false
  }

  async #askLater(subject: Subject<Event>, from: number): Promise<boolean> {
    await turn()
    this.#steps = 0
    return this.#ask(subject, from)
  }
}

function checkedKinesis(branch: Branch): Branch {
  if (formatOf(branch, 'data') === 'plain')
    throw new PatternError(
      'data is an array; Kinesis filters take an object, whose fields are those of the JSON data.',
    )
  return branch
}

function kinesisFilter(branches: readonly Branch[]): RecordFilter<KinesisRecord> {
  const planner = new Planner()
  const needsData = branches.some((branch) => formatOf(branch, 'data') !== undefined)
  const alternatives = branches.map((branch) => {
    const plan = planner.plan(branch.values())
    const asksData = formatOf(branch, 'data') !== undefined
    return (event: { readonly data: unknown }, work: Work): boolean =>
      (!asksData || event.data !== undefined) && matchesPlan(plan, event, work)
  })
  return new SlicedFilter(alternatives, (record, work) => {
    const data = needsData ? json(utf8(record.kinesis.data), work) : undefined
    return { ...record, ...record.kinesis, kinesis: undefined, data }
  })
}

type Format = 'json' | 'plain'
const PARTS = ['key', 'value'] as const

/** A Kafka record as patterns see it. */
interface KafkaEvent {
  readonly key: Read | undefined
  readonly value: Read | undefined
  readonly event: object
}

function kafkaFilter(branches: readonly Branch[]): RecordFilter<KafkaRecord> {
  const planner = new Planner()
  const asks = (part: string): boolean => branches.some((branch) => formatOf(branch, part) !== undefined)
  const needs = { key: asks('key'), value: asks('value') }
  return new SlicedFilter(
    branches.map((branch) => kafkaAlternative(branch, planner)),
    (record, work) => {
      const key = needs.key ? read(record.key, work) : undefined
      const value = needs.value ? read(record.value, work) : undefined
      return { key, value, event: { ...record, key: key?.content, value: value?.content } }
    },
  )
}

function kafkaAlternative(branch: Branch, planner: Planner): Alternative<KafkaEvent> {
  const formats = { key: formatOf(branch, 'key'), value: formatOf(branch, 'value') }
  const named = (formats.key === undefined ? 0 : 1) | (formats.value === undefined ? 0 : 2)
  // The index has bit 1 if the branch names the key and it fits, bit 2 for the value. Undefined: no condition
  // is left, all records match.
  const plans: readonly (Plan | undefined)[] = [0, 1, 2, 3].map((asked) => {
    if ((asked & named) !== asked) return undefined
    const conditions = [...branch.values()].filter(
      ({ path }) => !PARTS.some((part, bit) => path[0] === part && (asked & (1 << bit)) === 0),
    )
    return conditions.length === 0 ? undefined : planner.plan(conditions)
  })
  return ({ key, value, event }, work) => {
    const plan = plans[((fits(formats.key, key) ? 1 : 0) | (fits(formats.value, value) ? 2 : 0)) & named]
    return plan === undefined || matchesPlan(plan, event, work)
  }
}

/** Content as patterns see it; `format` is undefined if it is not valid UTF-8. */
interface Read {
  readonly format: Format | undefined
  readonly content: unknown
}

/** Returns undefined if the record has no such content: then nothing can have another format. */
function read(content: Content | null | undefined, work: Work): Read | undefined {
  if (content === null || content === undefined) return undefined
  const text = utf8(content)
  if (text === undefined) return { format: undefined, content: undefined }
  const parsed = json(text, work)
  return parsed === undefined ? { format: 'plain', content: text } : { format: 'json', content: parsed }
}

const fits = (format: Format | undefined, content: Read | undefined): boolean =>
  content === undefined || content.format === format

/**
 * Returns the format that a branch expects of a part: an object in the pattern means JSON, an array plain
 * text.
 */
function formatOf(branch: Branch, part: string): Format | undefined {
  let format: Format | undefined
  for (const { path } of branch.values()) {
    if (path[0] !== part) continue
    const here = path.length === 1 ? 'plain' : 'json'
    if (format && format !== here)
      throw new PatternError(`${part} is both an object and an array; choose one.`)
    format = here
  }
  return format
}

/** Returns undefined if the content is not valid UTF-8. */
function utf8(content: Content): string | undefined {
  const bytes =
    typeof content === 'string'
      ? Buffer.from(content, 'base64')
      : Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  return isUtf8(bytes) ? bytes.toString() : undefined
}

/** Returns the JSON object or array in a text, or undefined if it is neither. */
function json(text: string | undefined, work: Work): object | undefined {
  if (text === undefined || !/^[\s]*[[{]/.test(text)) return undefined
  work.count(STEPS_OF_READING * text.length)
  try {
    return JSON.parse(text) as object
  } catch {
    return undefined
  }
}
