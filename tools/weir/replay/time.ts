/** Parses times as files write them, into milliseconds since the epoch. */
import { isRawNumber } from '../json.ts'
import { decimal } from '../number.ts'

export const TIME_FORMATS = ['seconds', 'milliseconds', 'microseconds', 'nanoseconds', 'iso'] as const
export type TimeFormat = (typeof TIME_FORMATS)[number]
export type TimeUnit = Exclude<TimeFormat, 'iso'>

/** How to read a column's times. */
export interface TimeReading {
  readonly format: TimeFormat
  /** Offset from UTC of ISO times without a zone, in milliseconds ahead. */
  readonly zoneMs: number
}

const UNIT_MS: Readonly<Record<TimeUnit, number>> = {
  seconds: 1000,
  milliseconds: 1,
  microseconds: 1e-3,
  nanoseconds: 1e-6,
}

/** The largest time that Date can hold, ECMAScript 21.4.1.1. */
export const MAX_TIME_MS = 8.64e15

/**
 * Returns the unit in which a number is a time between 1973 and 5138. Smaller numbers, such as seconds since
 * a start, are seconds.
 */
export function unitOf(value: number): TimeUnit {
  const size = Math.abs(value)
  return size < 1e11 ? 'seconds' : size < 1e14 ? 'milliseconds' : size < 1e17 ? 'microseconds' : 'nanoseconds'
}

/** Returns the format in which a cell is a time, if it is one. A number is first multiplied by `factor`. */
export function formatOf(cell: unknown, factor = 1): TimeFormat {
  const number = numberIn(cell)
  return Number.isNaN(number) ? 'iso' : unitOf(number * factor)
}

/**
 * The first and the last year of telemetry. The bounds are so narrow because of the values that files and
 * devices have for "no time". -1, 0, 9999 and 19000101 are in 1970 if they are seconds. The last second of the
 * year 9999 is in 1978 if it is taken for milliseconds, or for microseconds if it is milliseconds. GPS clocks
 * begin on 6 January 1980. In the future there are 2099, 2100, 2106 (2^32 - 1 s) and 2286 (9,999,999,999 s).
 */
export const TELEMETRY_YEARS = [1981, 2098] as const
const FIRST_TELEMETRY = Date.UTC(TELEMETRY_YEARS[0])
const AFTER_TELEMETRY = Date.UTC(TELEMETRY_YEARS[1] + 1)
/** 0, and 2^31 - 1 s, the last time that fits into 32 bits. */
const NO_TIMES: readonly number[] = [0, (2 ** 31 - 1) * 1000]

/**
 * How much a time, in milliseconds since the epoch, looks like one of telemetry: 2 if it does, 0 if it looks
 * like "no time", 1 if it is of the past or since a start.
 */
export function credibilityOf(time: number): 0 | 1 | 2 {
  if (time >= AFTER_TELEMETRY || NO_TIMES.includes(time)) return 0
  return time >= FIRST_TELEMETRY ? 2 : 1
}

/** Returns the number in a cell of CSV or JSON; NaN for any other cell. */
export function numberIn(cell: unknown): number {
  if (typeof cell === 'number') return cell
  return decimal(typeof cell === 'string' ? cell.trim() : isRawNumber(cell) ? cell.rawJSON : '')
}

/**
 * Returns milliseconds since the epoch; NaN if the cell is not a time of this format. A number is first
 * multiplied by `factor`.
 */
export function readTime(cell: unknown, { format, zoneMs }: TimeReading, factor = 1): number {
  if (format === 'iso') return typeof cell === 'string' && factor === 1 ? isoTime(cell.trim(), zoneMs) : NaN
  const ms = Math.round(numberIn(cell) * factor * UNIT_MS[format])
  return Math.abs(ms) <= MAX_TIME_MS ? ms : NaN
}

/** YYYY-MM-DD, optionally a time of day, then optionally a zone. */
const ISO =
  /^(\d{4}-\d\d-(\d\d))(?:[ T](\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:(Z)|([+-])(\d\d)(?::?(\d\d))?)?)?$/i

/**
 * Returns milliseconds since the epoch; NaN if the text is not an ISO 8601 time, or its day does not exist.
 */
export function isoTime(text: string, zoneMs = 0): number {
  const match = ISO.exec(text)
  if (!match) return NaN
  const [, date, day, minute = '00:00', second = '00', fraction = '', utc, sign, hours, minutes = '00'] =
    match
  const local = Date.parse(`${date}T${minute}:${second}.${fraction.slice(0, 3).padEnd(3, '0')}Z`)
  if (new Date(local).getUTCDate() !== Number(day)) return NaN
  if (sign === undefined) return local - (utc === undefined ? zoneMs : 0)
  if (Number(hours) > 23 || Number(minutes) > 59) return NaN
  return local - (sign === '-' ? -60_000 : 60_000) * (Number(hours) * 60 + Number(minutes))
}

/** Whether an ISO time names its zone. */
export const hasZone = (text: string): boolean => /(?:Z|[+-]\d\d(?::?\d\d)?)$/i.test(text.slice(10))

/**
 * Parses a zone as --zone gives it: Z, or hours and minutes ahead of UTC such as +05:30. Returns NaN for
 * anything else.
 */
export function zoneOffset(text: string): number {
  const utc = Date.UTC(2000, 0, 1)
  return utc - isoTime(`2000-01-01T00:00${text}`, NaN)
}

/** Formats a time for people. */
export const timeText = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z')
