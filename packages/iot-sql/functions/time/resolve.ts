/** Makes a time of the fields of a date and a time of day, as Java's formatter resolves them. */
import type { Fields } from './reader.ts'
import type { Zone } from './zones.ts'

const DAY_MS = 86_400_000
/** Java takes years of two digits for those from 2000 to 2099. */
const CENTURY = 2000

/**
 * Milliseconds since the epoch. Undefined if there is no whole date, or a field is out of its range. A day
 * after the end of its month is the month's last day, as in Java.
 */
export function resolve({ numbers, zone }: Fields): number | undefined {
  const days = dateOf(numbers)
  const time = timeOf(numbers)
  if (days === undefined || time === undefined) return undefined
  const weekday = numbers.get('E')
  if (weekday !== undefined && (new Date(days).getUTCDay() || 7) !== weekday) return undefined
  return zone === undefined ? days + time : utcOf(days + time, zone)
}

/** The beginning of the day, as if it were in UTC. */
function dateOf(numbers: ReadonlyMap<string, number>): number | undefined {
  const year = yearOf(numbers)
  if (year === undefined || Math.abs(year) > 200_000) return undefined
  const ofYear = numbers.get('D')
  if (ofYear !== undefined) {
    const start = dateMs(year, 0, 1)
    const length = (dateMs(year + 1, 0, 1) - start) / DAY_MS
    return ofYear >= 1 && ofYear <= length ? start + (ofYear - 1) * DAY_MS : undefined
  }
  const month = numbers.get('M')
  const day = numbers.get('d')
  if (month === undefined || day === undefined || month < 1 || month > 12 || day < 1 || day > 31)
    return undefined
  const last = (dateMs(year, month, 1) - dateMs(year, month - 1, 1)) / DAY_MS
  return dateMs(year, month - 1, Math.min(day, last))
}

function yearOf(numbers: ReadonlyMap<string, number>): number | undefined {
  const short = numbers.get('short year')
  if (short !== undefined) return CENTURY + short
  const ofEra = numbers.get('y')
  if (ofEra === undefined) return numbers.get('u')
  return numbers.get('G') === 0 ? 1 - ofEra : ofEra
}

/** Milliseconds since midnight. */
function timeOf(numbers: ReadonlyMap<string, number>): number | undefined {
  const ofDay = numbers.get('A')
  if (ofDay !== undefined) return ofDay < DAY_MS ? ofDay : undefined
  const hour = hourOf(numbers)
  const minute = numbers.get('m') ?? 0
  const second = numbers.get('s') ?? 0
  if (hour === undefined || minute > 59 || second > 59) return undefined
  return hour * 3_600_000 + minute * 60_000 + second * 1000 + (numbers.get('S') ?? 0)
}

function hourOf(numbers: ReadonlyMap<string, number>): number | undefined {
  const ofDay = numbers.get('H')
  if (ofDay !== undefined) return ofDay <= 23 ? ofDay : undefined
  const clock = numbers.get('k')
  if (clock !== undefined) return clock >= 1 && clock <= 24 ? clock % 24 : undefined
  const half = numbers.get('a')
  const clockOfHalf = numbers.get('h')
  const ofHalf = clockOfHalf === undefined ? numbers.get('K') : clockOfHalf === 0 ? 12 : clockOfHalf % 12
  if (ofHalf === undefined) return 0
  if (half === undefined || ofHalf > 11 || (clockOfHalf ?? 1) > 12) return undefined
  return half * 12 + ofHalf
}

/**
 * The time at which clocks in the zone show a local time. If they show it twice, it is the first time; if they
 * skip it, the time is later by what they skip, as in Java.
 */
function utcOf(localMs: number, zone: Zone): number {
  const before = zone.offsetAt(localMs - DAY_MS)
  const after = zone.offsetAt(localMs + DAY_MS)
  const first = localMs - before
  if (before === after || zone.offsetAt(first) === before) return first
  return zone.offsetAt(localMs - after) === after ? localMs - after : first
}

const dateMs = (year: number, month: number, day: number): number =>
  new Date(0).setUTCFullYear(year, month, day)
