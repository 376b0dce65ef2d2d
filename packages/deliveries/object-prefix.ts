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
  /** The partition keys of the object's records. */
  readonly keys?: Readonly<Record<string, string>>
}

/** A partition key that a prefix uses: `!{partitionKeyFromQuery:customer}`. */
export interface PrefixKey {
  readonly from: 'query' | 'lambda'
  readonly name: string
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

/** The expressions that have been read. */
interface Found {
  time: boolean
  errorType: boolean
  any: boolean
  readonly keys: PrefixKey[]
}

const EXPRESSIONS =
  '!{timestamp:…}, !{firehose:random-string}, !{firehose:error-output-type}, !{partitionKeyFromQuery:…} and !{partitionKeyFromLambda:…}'
const KEY_SOURCES: Readonly<Record<string, PrefixKey['from']>> = {
  partitionKeyFromQuery: 'query',
  partitionKeyFromLambda: 'lambda',
}

export interface Prefix {
  /** Whether it has expressions. */
  readonly dynamic: boolean
  /** The partition keys that it uses. */
  readonly keys: readonly PrefixKey[]
  /** @param random returns numbers from 0 up to 1 */
  evaluate(values: PrefixValues, random?: () => number): string
}

/**
 * @param kind whether it is the prefix of objects with delivered records, or of those with failed ones
 * @throws a PrefixError
 */
export function parsePrefix(text: string, kind: 'delivered' | 'failed'): Prefix {
  const parts: Part[] = []
  const found: Found = { time: false, errorType: false, any: false, keys: [] }
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
    keys: found.keys,
    evaluate: (values, random = Math.random) => parts.map((part) => part(values, random)).join(''),
  }
}

/** Bytes of an object's name (S3 user guide, "Naming Amazon S3 objects"). */
const MAX_KEY_BYTES = 1024
/** The bytes after an object's prefix, besides the stream's name: -VERSION-2025-11-24-20-00-00-UUID.gz */
const SUFFIX_BYTES = 1 + 10 + 1 + 19 + 1 + 36 + 3
const CONTROL = /\p{Cc}/u

/**
 * Throws a PrefixError if the names of objects cannot begin with the text.
 * @param name the name of the delivery stream
 */
export function requireStart(start: string, name: string, fileExtension: string): void {
  const rest = SUFFIX_BYTES + name.length + fileExtension.length
  if (CONTROL.test(start)) throw new PrefixError('It has control characters.')
  // The name of the object follows, so that the text after the last slash is a part of it.
  if (`${start}x`.split('/').some((segment) => segment === '..' || segment === '.'))
    throw new PrefixError('It has . or .. between slashes, which some stores take for another folder.')
  if (Buffer.byteLength(start) + rest > MAX_KEY_BYTES)
    throw new PrefixError(`The names of its objects would be longer than ${MAX_KEY_BYTES} bytes.`)
}

const literal =
  (text: string): Part =>
  () =>
    text

function expression(name: string, value: string, kind: 'delivered' | 'failed', found: Found): Part {
  found.any = true
  if (Object.hasOwn(KEY_SOURCES, name)) {
    if (kind === 'failed')
      throw new PrefixError(`!{${name}:${value}} is only for the prefix of delivered records.`)
    if (value === '') throw new PrefixError(`!{${name}:} needs the name of a partition key.`)
    found.keys.push({ from: KEY_SOURCES[name], name: value })
    return ({ keys = {} }) => (Object.hasOwn(keys, value) ? keys[value] : '')
  }
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
  throw new PrefixError(`!{${name}:${value}} is not known; there are ${EXPRESSIONS}.`)
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
