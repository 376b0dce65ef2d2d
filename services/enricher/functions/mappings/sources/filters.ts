/**
 * Filters of event source mappings: which records reach the function. The rules for data that does not fit
 * its pattern depend on the source, and are those of Lambda's documentation ("Using event filtering with a
 * Kinesis event source", "Filtering events from Amazon MSK and self-managed Apache Kafka event sources").
 */
import { isUtf8 } from 'node:buffer'
import { type Branch, PatternError, parsePattern, type Work } from '@weir/patterns'

/** Lambda's quota; it is 5 unless more are requested. */
export const MAX_FILTERS = 10

/** The filters as in Lambda's API. Without filters, every record passes. */
export interface FilterCriteria {
  readonly Filters?: readonly { readonly Pattern?: string }[]
}

/** Content of a record: base64 as in Lambda's events, or the bytes themselves if available. */
export type Content = string | Uint8Array

/** Tests records against the filters of a mapping. */
export interface RecordFilter<R> {
  /**
   * Whether any of the filters matches. After much work without a break, returns a promise, so that other
   * work of the process comes first. Throws, or rejects with, TooMuchWork if the filters take too long for
   * the record.
   */
  matches(record: R): boolean | Promise<boolean>
}

/** How the patterns of one kind of source see its records. */
export interface FilterDialect<R> {
  /** Throws a PatternError if the branch asks for what no record of the source has. */
  check?(branch: Branch): void
  compile(branches: readonly Branch[]): RecordFilter<R>
}

/**
 * Compiles filters. Returns undefined if there are none: every record passes. Throws a PatternError that
 * names the filter.
 */
export function compileFilters<R>(
  criteria: FilterCriteria | undefined,
  dialect: FilterDialect<R>,
): RecordFilter<R> | undefined {
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
      const parsed = parsePattern(pattern)
      for (const branch of parsed) dialect.check?.(branch)
      return parsed
    } catch (error) {
      throw new PatternError(`Filters[${index}].Pattern: ${(error as Error).message}`)
    }
  })
  return dialect.compile(branches)
}

/** Steps to parse a character of JSON. */
const STEPS_OF_READING = 3

export type Format = 'json' | 'plain'

/**
 * Returns the format that a branch expects of a part: an object in the pattern means JSON, an array plain
 * text.
 */
export function formatOf(branch: Branch, part: string): Format | undefined {
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
export function textOf(content: Content): string | undefined {
  const bytes =
    typeof content === 'string'
      ? Buffer.from(content, 'base64')
      : Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  return isUtf8(bytes) ? bytes.toString() : undefined
}

/** Returns the JSON object or array in a text, or undefined if it is neither. */
export function jsonOf(text: string | undefined, work: Work): object | undefined {
  if (text === undefined || !/^[\s]*[[{]/.test(text)) return undefined
  work.count(STEPS_OF_READING * text.length)
  try {
    return JSON.parse(text) as object
  } catch {
    return undefined
  }
}
