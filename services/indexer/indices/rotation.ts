/**
 * Index names by event time (UTC): a record that is redelivered after midnight goes to the same index as
 * before.
 */
import type { IndexDestination } from '@weir/solutions/solution.ts'

export type Rotation = IndexDestination['rotation']

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** The last millisecond of the year 9999: later years neither sort nor parse as four-digit dates. */
const LAST = Date.UTC(10_000, 0) - 1
/** The maximum number of cached names. A replay of years by the hour only recreates them. */
const MAX_NAMES = 1024

/** Whether an index can be named after `time`: a number of ms from 1970 to 9999. */
export const isEventTime = (time: unknown): time is number =>
  typeof time === 'number' && time >= 0 && time <= LAST

/**
 * The suffix of an index name: hour 2026.11.22.05, day 2026.11.22, week 2026.w47 (ISO 8601, with the year
 * that the week belongs to), month 2026.11.
 */
export function indexSuffix(rotation: Rotation, time: number): string {
  const iso = new Date(time).toISOString()
  switch (rotation) {
    case 'hour':
      return iso.slice(0, 13).replaceAll('-', '.').replace('T', '.')
    case 'day':
      return iso.slice(0, 10).replaceAll('-', '.')
    case 'week':
      return isoWeek(time)
    case 'month':
      return iso.slice(0, 7).replace('-', '.')
  }
}

/**
 * Creates a function from event time to name, which caches the names of the days or hours it has met. `time`
 * must pass isEventTime.
 */
export function indexNames({
  prefix,
  rotation,
}: Pick<IndexDestination, 'prefix' | 'rotation'>): (time: number) => string {
  const span = rotation === 'hour' ? HOUR : DAY
  const names = new Map<number, string>()
  return (time) => {
    const slot = Math.floor(time / span)
    const known = names.get(slot)
    if (known !== undefined) return known
    if (names.size >= MAX_NAMES) names.clear()
    const name = `${prefix}-${indexSuffix(rotation, time)}`
    names.set(slot, name)
    return name
  }
}

/**
 * The ISO week. A week belongs to the year of its Thursday (ISO 8601, 2.2.10), so the first days of January
 * may belong to the year before.
 */
function isoWeek(time: number): string {
  const day = Math.floor(time / DAY)
  // 1970-01-01, day 0, was a Thursday.
  const thursday = Math.floor((day + 3) / 7) * 7
  const year = new Date(thursday * DAY).getUTCFullYear()
  const week = Math.floor((thursday - Date.UTC(year, 0) / DAY) / 7) + 1
  return `${String(year).padStart(4, '0')}.w${String(week).padStart(2, '0')}`
}
