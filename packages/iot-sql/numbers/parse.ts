/** Reads numbers from text. */
import { make, makeInt, type Numeric } from './decimal.ts'

/** Digits that are kept of a long number before it is rounded to 34. */
const KEPT_DIGITS = 40
/** No number of that many characters without an exponent has more than 15 digits. */
const SHORT_LENGTH = 15
/** Exponents with more digits are out of every range. */
const MAX_EXPONENT_DIGITS = 9

/** Numbers in strings, from the guide's table of conversions: ^-?\d+(\.\d+)?((?i)E-?\d+)?$ */
const IN_STRING = /^-?\d+(?:\.\d+)?(?:e-?\d+)?$/i

/**
 * Reads a number in JSON's notation. Undefined if it is larger than 9.99E999.
 *
 * @param keep whether 10.0 stays a Decimal, as in SQL version 2015-10-08
 */
export function parseNumber(text: string, keep: boolean): Numeric | undefined {
  const end = text.search(/e/i)
  if (end < 0 && text.length <= SHORT_LENGTH) {
    const number = Number(text)
    if (!keep || !Number.isInteger(number) || !text.includes('.')) return number
  }
  const mantissa = end < 0 ? text : text.slice(0, end)
  const power = end < 0 ? '0' : text.slice(end + 1)
  const point = mantissa.indexOf('.')
  const places = point < 0 ? 0 : mantissa.length - point - 1
  const negative = mantissa.startsWith('-')
  const digits = mantissa.replace(/[-.]/g, '').replace(/^0+(?=.)/, '')
  // The last digit kept is never zero if a digit was left out, so that the number is not taken for a tie.
  const left = digits.length - KEPT_DIGITS
  const kept =
    left <= 0 ? digits : `${digits.slice(0, KEPT_DIGITS)}${/[1-9]/.test(digits.slice(KEPT_DIGITS)) ? 1 : 0}`
  const coefficient = BigInt(kept) * (negative ? -1n : 1n)
  const exponent = Number(power) - places + (left <= 0 ? 0 : left - 1)
  if (power.replace(/^[-+]?0*/, '').length > MAX_EXPONENT_DIGITS)
    return coefficient === 0n || power.startsWith('-') ? 0 : undefined
  return exponent === 0 && point < 0 ? makeInt(coefficient) : make(coefficient, exponent, keep)
}

/** Reads a number from a string by AWS's rule. Undefined if the string is not such a number. */
export function numberIn(text: string, keep: boolean): Numeric | undefined {
  return IN_STRING.test(text) ? parseNumber(text, keep) : undefined
}
