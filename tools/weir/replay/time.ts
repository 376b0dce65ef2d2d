/** Times as files write them, in milliseconds since the epoch. */

export const TIME_FORMATS = ['seconds', 'milliseconds', 'iso'] as const
export type TimeFormat = (typeof TIME_FORMATS)[number]

/** Numbers below are seconds: as seconds it is the year 5138, as milliseconds March 1973. */
const SECONDS_BELOW = 1e11

/** YYYY-MM-DD, optionally a time of day, optionally a zone. Without a zone it is UTC. */
const ISO = /^\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(Z|[+-]\d\d:?\d\d)?$/

/** The format of a column, told from its first value and its largest number. */
export const recogniseTime = (first: unknown, largest: number): TimeFormat => (isNumber(first) ? (largest < SECONDS_BELOW ? 'seconds' : 'milliseconds') : 'iso')

/** The number that a cell holds before its unit is known: as written, or milliseconds where it is ISO. NaN where it is no time. */
export function rawTime(cell: unknown): number {
  if (typeof cell === 'number') return cell
  if (typeof cell !== 'string' || cell === '') return NaN
  return isNumber(cell) ? Number(cell) : isoTime(cell)
}

/** Milliseconds since the epoch; NaN where the cell is no time of that format. */
export function readTime(cell: unknown, format: TimeFormat): number {
  if (format === 'iso') return typeof cell === 'string' ? isoTime(cell) : NaN
  const value = typeof cell === 'string' && cell !== '' ? Number(cell) : typeof cell === 'number' ? cell : NaN
  return format === 'seconds' ? Math.round(value * 1000) : Math.round(value)
}

function isoTime(text: string): number {
  const match = ISO.exec(text)
  if (!match) return NaN
  const joined = text.length > 10 && text[10] === ' ' ? `${text.slice(0, 10)}T${text.slice(11)}` : text
  return Date.parse(match[1] || text.length === 10 ? joined : `${joined}Z`)
}

const isNumber = (cell: unknown): boolean => typeof cell === 'number' || (typeof cell === 'string' && cell !== '' && Number.isFinite(Number(cell)))
