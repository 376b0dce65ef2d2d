/** Words and numbers that several panels use. */
import { time as clock, count, money, seconds, signed, tenths, whole } from './kit/numbers.js'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const day = new Intl.DateTimeFormat('en', { weekday: 'long' })

export const dollars = (cents) => signed(money(cents / 100, 'USD'))

/** +5 %, −3 %, 0 %. */
export function signedPercent(share) {
  const percent = Math.round(share * 100)
  return percent > 0 ? `+${percent} %` : signed(`${percent || 0} %`)
}

/** A price beside the list price: { sign, percent, words }. The sign is empty at the list price. */
export function besideList(toList) {
  const percent = `${Math.abs(Math.round(toList * 100))} %`
  if (toList === 0) return { sign: '', percent: '', words: 'at list price' }
  return toList > 0
    ? { sign: '▲', percent, words: `${percent} above list price` }
    : { sign: '▼', percent, words: `${percent} below list price` }
}

/** Clicks beside the usual ones: 1.4×; a dash if it is not known. */
export const times = (pace) => (pace === null ? '–' : `${pace >= 9.95 ? whole(pace) : tenths(pace)}×`)

/** 1 pair, 2 pairs. */
export const pairs = (units) => (units === 1 ? '1 pair' : `${count(units)} pairs`)

/** A long time in its greatest unit: 3.4 days, 7 hours, 12 min 3 s. */
export function roughly(ms) {
  if (ms >= 100 * DAY_MS) return 'more than 100 days'
  if (ms >= DAY_MS) return `${tenths(ms / DAY_MS)} days`
  return ms >= 2 * HOUR_MS ? `${whole(ms / HOUR_MS)} hours` : seconds(ms)
}

/** A time of day, with the day of the week unless it is within a day. */
export const when = (ms, now) => (Math.abs(ms - now) < DAY_MS ? clock(ms) : `${day.format(ms)} ${clock(ms)}`)
