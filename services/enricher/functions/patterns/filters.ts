/**
 * Filters of event source mappings: which records reach the function. The rules for data that does not fit its pattern are those of Lambda's documentation
 * ("Using event filtering with a Kinesis event source", "Filtering events from Amazon MSK and self-managed Apache Kafka event sources").
 */
import { isUtf8 } from 'node:buffer'
import { PatternError } from './errors.ts'
import { type Branch, parsePattern } from './pattern.ts'
import { matchesPlan, type Plan, plan } from './plan.ts'

/** Lambda's quota; 5 until one asks for more. */
export const MAX_FILTERS = 10

/** As Lambda's API has it. Without filters every record passes. */
export interface FilterCriteria {
  readonly Filters?: readonly { readonly Pattern?: string }[]
}

/** Content of a record: base64 as in Lambda's events, or the bytes themselves where they are at hand. */
export type Content = string | Uint8Array

/** An element of Records of a Kinesis event. Patterns see the members of `kinesis` beside the others, and `data` decoded. */
export interface KinesisRecord {
  readonly kinesis: { readonly data: Content, readonly [name: string]: unknown }
  readonly [name: string]: unknown
}

/** An element of records of a Kafka event. */
export interface KafkaRecord {
  readonly key?: Content | null
  readonly value?: Content | null
  readonly [name: string]: unknown
}

/**
 * Compiles filters to a test of records: true when any of them matches. Throws a PatternError that names the filter.
 *
 * Kinesis: a pattern with `data` drops records whose data is no JSON object or array; such a pattern must itself be an object.
 * Kafka: a pattern's `key` or `value` is an object (for JSON) or an array (for plain texts); content of the other format, or that is no UTF-8, leaves that
 * part of the pattern unasked, so that only its other parts decide. A record without key or value is asked: it has no such field. JSON here means an object
 * or an array; a bare number or quoted text is a plain text.
 */
export function compileFilters(criteria: FilterCriteria | undefined, source: 'kinesis'): (record: KinesisRecord) => boolean
export function compileFilters(criteria: FilterCriteria | undefined, source: 'kafka'): (record: KafkaRecord) => boolean
export function compileFilters(
  criteria: FilterCriteria | undefined, source: 'kinesis' | 'kafka',
): ((record: KinesisRecord) => boolean) | ((record: KafkaRecord) => boolean) {
  const filters = criteria?.Filters ?? []
  if (filters.length === 0) return () => true
  if (filters.length > MAX_FILTERS) throw new PatternError(`Filters has ${filters.length} filters; make do with ${MAX_FILTERS}.`)
  const branches = filters.flatMap(({ Pattern }, index) => {
    try {
      if (typeof Pattern !== 'string') throw new PatternError('The pattern is missing; give it as a text.')
      return parsePattern(Pattern).map(source === 'kinesis' ? checkedKinesis : (branch) => branch)
    } catch (error) {
      throw new PatternError(`Filters[${index}].Pattern: ${(error as Error).message}`)
    }
  })
  return source === 'kinesis' ? kinesisFilter(branches) : kafkaFilter(branches)
}

function checkedKinesis(branch: Branch): Branch {
  if (formatOf(branch, 'data') === 'plain') throw new PatternError('data is an array; Kinesis filters take an object, whose fields are those of the JSON data.')
  return branch
}

/** An alternative of the filters, and whether it needs the data. */
interface KinesisPlan {
  readonly steps: Plan
  readonly data: boolean
}

function kinesisFilter(branches: readonly Branch[]): (record: KinesisRecord) => boolean {
  const plans: KinesisPlan[] = branches.map((branch) => ({ steps: plan(branch.values()), data: formatOf(branch, 'data') !== undefined }))
  const needsData = plans.some(({ data }) => data)
  return (record) => {
    const data = needsData ? json(utf8(record.kinesis.data)) : undefined
    const event = { ...record, ...record.kinesis, kinesis: undefined, data }
    return plans.some((one) => (!one.data || data !== undefined) && matchesPlan(one.steps, event))
  }
}

type Format = 'json' | 'plain'
type Part = 'key' | 'value'
const PARTS = ['key', 'value'] as const

/** A branch that is asked about fewer parts: its plans by which of the parts fit. */
interface KafkaPlan {
  readonly formats: Readonly<Record<Part, Format | undefined>>
  /** By bits: 1 with the key, 2 with the value. Undefined where nothing is left to ask, which every record satisfies. */
  readonly plans: readonly (Plan | undefined)[]
}

function kafkaFilter(branches: readonly Branch[]): (record: KafkaRecord) => boolean {
  const plans = branches.map(kafkaPlan)
  const needs = { key: plans.some(({ formats }) => formats.key), value: plans.some(({ formats }) => formats.value) }
  return (record) => {
    const key = needs.key ? read(record.key) : undefined
    const value = needs.value ? read(record.value) : undefined
    const event = { ...record, key: key?.content, value: value?.content }
    return plans.some(({ formats, plans: byFit }) => {
      const steps = byFit[(fits(formats.key, key) ? 1 : 0) | (fits(formats.value, value) ? 2 : 0)]
      return steps === undefined || matchesPlan(steps, event)
    })
  }
}

function kafkaPlan(branch: Branch): KafkaPlan {
  const formats = { key: formatOf(branch, 'key'), value: formatOf(branch, 'value') }
  const plans = [0, 1, 2, 3].map((asked) => {
    const conditions = [...branch.values()].filter(({ path }) => !PARTS.some((part, bit) => path[0] === part && (asked & 1 << bit) === 0))
    return conditions.length === 0 ? undefined : plan(conditions)
  })
  return { formats, plans }
}

/** Content as patterns see it; format undefined where it is no UTF-8. */
interface Read {
  readonly format: Format | undefined
  readonly content: unknown
}

/** Undefined where the record has none: then there is nothing that could be of another format. */
function read(content: Content | null | undefined): Read | undefined {
  if (content === null || content === undefined) return undefined
  const text = utf8(content)
  if (text === undefined) return { format: undefined, content: undefined }
  const parsed = json(text)
  return parsed === undefined ? { format: 'plain', content: text } : { format: 'json', content: parsed }
}

const fits = (format: Format | undefined, content: Read | undefined): boolean => content === undefined || content.format === format

/** What a branch expects of a part: an object in the pattern is JSON, an array a plain text. */
function formatOf(branch: Branch, part: string): Format | undefined {
  let format: Format | undefined
  for (const { path } of branch.values()) {
    if (path[0] !== part) continue
    const here = path.length === 1 ? 'plain' : 'json'
    if (format && format !== here) throw new PatternError(`${part} is both an object and an array; choose one.`)
    format = here
  }
  return format
}

/** Undefined for what is no UTF-8. */
function utf8(content: Content): string | undefined {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'base64') : Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  return isUtf8(bytes) ? bytes.toString() : undefined
}

/** The object or array that a text is, or undefined. */
function json(text: string | undefined): object | undefined {
  if (text === undefined || !/^[\s]*[[{]/.test(text)) return undefined
  try {
    return JSON.parse(text) as object
  } catch {
    return undefined
  }
}
