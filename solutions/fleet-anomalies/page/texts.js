/** Words and numbers that several panels use. */
import { tenths } from './kit/numbers.js'

const clock = new Intl.DateTimeFormat('en', { timeStyle: 'medium', hour12: false })

export const at = (ms) => clock.format(ms)

/** −12.3; a dash if there is no value. */
export const degrees = (value) => (value === null ? '–' : signed(tenths(value)))

/** −12.3 °C; a dash if there is no value. */
export const celsius = (value) => (value === null ? '–' : `${degrees(value)} °C`)

/** The normal band of a sensor in words. */
export function bandText({ low, high }) {
  const text = (value) => signed(String(value))
  if (low !== null && high !== null) return `normal from ${text(low)} to ${text(high)} °C`
  if (high !== null) return `normal up to ${text(high)} °C`
  if (low !== null) return `normal from ${text(low)} °C on`
  return 'no normal band is known for this cargo'
}

export function seconds(ms) {
  const whole = Math.max(0, Math.round(ms / 1000))
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** A sentence that begins with a capital letter. */
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1)

/** With a minus sign, which is as wide as a digit. */
const signed = (number) => number.replace('-', '−')
