/** Numbers as people read them. */

const integers = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
const decimals = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 })
const clock = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hour12: false })
const exactClock = new Intl.DateTimeFormat('en', { timeStyle: 'medium', hour12: false })
const MINUTE = 60_000

export const whole = (value) => integers.format(value)
export const tenths = (value) => decimals.format(value)
/** Formats 1234 as 1,234; from a hundred thousand on, as 123K. */
export const count = (value) => (value >= 100_000 ? short : integers).format(value)
/** Formats a rate; rates below ten show tenths. */
export const rate = (value) => (value > 0 && value < 10 ? tenths(value) : count(value))
/** An amount in the viewer's own notation; `currency` is its ISO 4217 code. */
export const money = (amount, currency) =>
  new Intl.NumberFormat(undefined, { style: 'currency', currency }).format(amount)
export const time = (ms) => clock.format(ms)
/** A time of day with its seconds. */
export const at = (ms) => exactClock.format(ms)
/** −12.3, with a minus sign, which is as wide as a digit. */
export const signed = (number) => number.replace('-', '−')
export const percent = (part, all) => `${all > 0 ? Math.round((100 * part) / all) : 0} %`

/** A latency and its unit: [value, unit]. */
export function latency(ms) {
  if (ms === null) return ['–', '']
  if (ms >= 10_000) return [whole(ms / 1000), 's']
  if (ms >= 1000) return [tenths(ms / 1000), 's']
  return [ms < 10 ? tenths(ms) : whole(ms), 'ms']
}

/** How long ago, in words. */
export function ago(ms) {
  if (ms < MINUTE) return 'less than a minute ago'
  const minutes = Math.round(ms / MINUTE)
  return minutes === 1 ? 'a minute ago' : `${minutes} minutes ago`
}

/** A length of time: 12 s, 3 min 12 s, 2 h 3 min. */
export function seconds(ms) {
  const whole = Math.max(0, Math.round(ms / 1000))
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** 37.98° N, 23.73° E */
export function degrees(lon, lat) {
  const part = (value, positive, negative) =>
    `${Math.abs(value).toFixed(2)}° ${value >= 0 ? positive : negative}`
  return `${part(lat, 'N', 'S')}, ${part(lon, 'E', 'W')}`
}
