/** Words and numbers that several panels use. */
import { signed, tenths } from './kit/numbers.js'

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

/** A sentence that begins with a capital letter. */
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1)
