/**
 * Prefixes of objects, with expressions: `clicks/!{timestamp:yyyy-MM}/` (Firehose developer guide, "Understand custom
 * prefixes for Amazon S3 objects").
 */
import { DateTimeFormatter, Instant, ZonedDateTime, ZoneOffset } from '@js-joda/core'

/** What the expressions of a prefix depend on. */
export interface PrefixValues {
  /** When the oldest record of the object arrived, ms since the epoch. */
  readonly time: number
  /** An IANA time zone. */
  readonly timeZone: string
  /** `processing-failed` and its likes, for objects with failed records. */
  readonly errorType?: string
}

/** A prefix that cannot be used. The message is a sentence. */
export class PrefixError extends Error {
  override readonly name = 'PrefixError'
}

/** Appended to prefixes that have no timestamp of their own. */
const DEFAULT_TIME = 'yyyy/MM/dd/HH/'
const RANDOM_LENGTH = 11
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

type Part = (values: PrefixValues, random: () => number) => string

export interface Prefix {
  /** Whether it has expressions. */
  readonly dynamic: boolean
  /** @param random returns numbers from 0 up to 1 */
  evaluate(values: PrefixValues, random?: () => number): string
}

/**
 * @param kind whether it is the prefix of objects with delivered records, or of those with failed ones
 * @throws a PrefixError
 */
export function parsePrefix(text: string, kind: 'delivered' | 'failed'): Prefix {
  const parts: Part[] = []
  const found = { time: false, errorType: false, any: false }
  let at = 0
  for (const { index, 0: whole, groups } of text.matchAll(
    /!\{(?<name>[^:}]*)(?::(?<value>[^}]*))?(?<end>\}?)/g,
  )) {
    const { name, value = '', end } = groups!
    if (end === '') throw new PrefixError(`The expression ${whole} does not end with }.`)
    parts.push(literal(text.slice(at, index)), expression(name, value, kind, found))
    at = index + whole.length
  }
  parts.push(literal(text.slice(at)))
  if (kind === 'failed' && found.any && !found.errorType)
    throw new PrefixError('A prefix for failed records with expressions needs !{firehose:error-output-type}.')
  if (kind === 'failed' && !found.any) parts.push((values) => `${values.errorType}/`)
  if (!found.time) parts.push(timestamp(DEFAULT_TIME))
  return {
    dynamic: found.any,
    evaluate: (values, random = Math.random) => parts.map((part) => part(values, random)).join(''),
  }
}

const literal =
  (text: string): Part =>
  () =>
    text

function expression(
  name: string,
  value: string,
  kind: 'delivered' | 'failed',
  found: { time: boolean; errorType: boolean; any: boolean },
): Part {
  found.any = true
  if (name === 'timestamp') {
    found.time = true
    return timestamp(value)
  }
  if (name === 'firehose' && value === 'random-string')
    return (_, random) =>
      Array.from({ length: RANDOM_LENGTH }, () => LETTERS[Math.floor(random() * LETTERS.length)]).join('')
  if (name === 'firehose' && value === 'error-output-type') {
    if (kind === 'delivered')
      throw new PrefixError('!{firehose:error-output-type} is only for the prefix of failed records.')
    found.errorType = true
    return ({ errorType = '' }) => errorType
  }
  throw new PrefixError(
    `!{${name}:${value}} is not known; there are !{timestamp:…}, !{firehose:random-string} and !{firehose:error-output-type}.`,
  )
}

function timestamp(pattern: string): Part {
  let formatter: DateTimeFormatter
  if (pattern === '') throw new PrefixError('!{timestamp:} needs a pattern, for example !{timestamp:yyyy}.')
  try {
    formatter = DateTimeFormatter.ofPattern(pattern)
    formatter.format(inZone({ time: 0, timeZone: 'UTC' }))
  } catch (error) {
    throw new PrefixError(`!{timestamp:${pattern}} cannot be used: ${(error as Error).message}`)
  }
  return (values) => formatter.format(inZone(values))
}

/** When the object's time is in its name: 2025-11-24-20-00-00. */
const SUFFIX_TIME = DateTimeFormatter.ofPattern('yyyy-MM-dd-HH-mm-ss')
export const suffixTime = (values: PrefixValues): string => SUFFIX_TIME.format(inZone(values))

/** A format takes a millisecond to make. There are some hundred zones. */
const formats = new Map<string, Intl.DateTimeFormat>()

function inZone({ time, timeZone }: PrefixValues): ZonedDateTime {
  let format = formats.get(timeZone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' })
    formats.set(timeZone, format)
  }
  const offset = format
    .formatToParts(time)
    .find(({ type }) => type === 'timeZoneName')!
    .value.slice('GMT'.length)
  return ZonedDateTime.ofInstant(Instant.ofEpochMilli(time), ZoneOffset.of(offset || 'Z'))
}
