/** Writes times by the patterns of Joda-Time's DateTimeFormat, for parse_time. */
import { DAYS, ERAS, HALVES, MONTHS, shortName } from './names.ts'
import type { Part } from './pattern.ts'
import { offsetText, type Zone } from './zones.ts'

const DAY_MS = 86_400_000

/** A time, and the date and time of day that clocks in its zone show. */
interface Local {
  readonly epochMs: number
  readonly zone: Zone
  readonly offsetMs: number
  /** The clock's time as if it were UTC. */
  readonly date: Date
}

type Field = (local: Local, count: number) => string

const FIELDS: Readonly<Record<string, Field>> = {
  G: ({ date }) => ERAS[date.getUTCFullYear() > 0 ? 1 : 0],
  C: number(({ date }) => Math.trunc(yearOfEra(date) / 100)),
  Y: year(({ date }) => yearOfEra(date)),
  y: year(({ date }) => date.getUTCFullYear()),
  x: year(({ date }) => week(date).year),
  w: number(({ date }) => week(date).number),
  e: number(({ date }) => dayOfWeek(date)),
  E: name(DAYS, ({ date }) => dayOfWeek(date) - 1),
  D: number(({ date }) => dayOfYear(date)),
  M: (local, count) => (count >= 3 ? monthName(local, count) : monthNumber(local, count)),
  d: number(({ date }) => date.getUTCDate()),
  a: ({ date }) => HALVES[date.getUTCHours() < 12 ? 0 : 1],
  K: number(({ date }) => date.getUTCHours() % 12),
  h: number(({ date }) => date.getUTCHours() % 12 || 12),
  H: number(({ date }) => date.getUTCHours()),
  k: number(({ date }) => date.getUTCHours() || 24),
  m: number(({ date }) => date.getUTCMinutes()),
  s: number(({ date }) => date.getUTCSeconds()),
  S: ({ date }, count) =>
    String(date.getUTCMilliseconds()).padStart(3, '0').padEnd(count, '0').slice(0, count),
  z: ({ zone, epochMs }, count) => zone.nameAt(epochMs, count >= 4 ? 'long' : 'short'),
  Z: ({ zone, offsetMs }, count) => (count >= 3 ? zone.id : offsetText(offsetMs, count === 2 ? ':' : '')),
}

const monthName = name(MONTHS, ({ date }) => date.getUTCMonth())
const monthNumber = number(({ date }) => date.getUTCMonth() + 1)

/** Undefined if the pattern has an unknown letter, or if the time is beyond the years that dates have. */
export function formatTime(parts: readonly Part[], epochMs: number, zone: Zone): string | undefined {
  if (Number.isNaN(new Date(epochMs).getTime())) return undefined
  const offsetMs = zone.offsetAt(epochMs)
  const local = { epochMs, zone, offsetMs, date: new Date(epochMs + offsetMs) }
  const texts: string[] = []
  for (const part of parts) {
    if ('text' in part) texts.push(part.text)
    else {
      const field = FIELDS[part.letter]
      if (field === undefined) return undefined
      texts.push(field(local, part.count))
    }
  }
  return texts.join('')
}

function number(read: (local: Local) => number): Field {
  return (local, count) => padded(read(local), count)
}

/** Two letters give the last two digits of the year. */
function year(read: (local: Local) => number): Field {
  return (local, count) => (count === 2 ? padded(Math.abs(read(local)) % 100, 2) : padded(read(local), count))
}

/** Four letters and more give the whole name. */
function name(names: readonly string[], read: (local: Local) => number): Field {
  return (local, count) => (count >= 4 ? names[read(local)] : shortName(names[read(local)]))
}

function padded(value: number, width: number): string {
  return (value < 0 ? '-' : '') + String(Math.abs(value)).padStart(width, '0')
}

function yearOfEra(date: Date): number {
  const number = date.getUTCFullYear()
  return number > 0 ? number : 1 - number
}

function dayOfWeek(date: Date): number {
  return date.getUTCDay() || 7
}

function dayOfYear(date: Date): number {
  return Math.floor((date.getTime() - startOfYear(date.getUTCFullYear())) / DAY_MS) + 1
}

/** The ISO week: weeks begin on Monday, and the first one has the year's first Thursday. */
function week(date: Date): { readonly year: number; readonly number: number } {
  const thursday = new Date(date.getTime() + (4 - dayOfWeek(date)) * DAY_MS)
  return { year: thursday.getUTCFullYear(), number: Math.ceil(dayOfYear(thursday) / 7) }
}

function startOfYear(number: number): number {
  return new Date(0).setUTCFullYear(number, 0, 1)
}
