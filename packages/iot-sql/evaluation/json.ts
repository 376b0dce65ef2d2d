/** Reads JSON with bounds, and with all digits of its numbers. */
import { parseNumber } from '../numbers/parse.ts'
import type { Value } from '../values/value.ts'

/** Levels of objects and arrays. The documents of AWS's device shadows have at most eight. */
export const MAX_JSON_DEPTH = 128

/** A number with at most that many digits is the number that JSON.parse makes of it. */
const SHORT_DIGITS = 15

/** A text that is too short to be nested too deeply: a level takes two characters. */
const SHORT_LENGTH = 2 * MAX_JSON_DEPTH
const QUOTE = 0x22
const POINT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const LOWER_E = 0x65
const BACKSLASH = 0x5c

/** How JSON.parse must read the numbers of a text. */
interface Numbers {
  /** Some number has many digits or an exponent. */
  readonly long: boolean
  /** Some number ends with .0, so that it is a Decimal in SQL version 2015-10-08. */
  readonly whole: boolean
}

const PLAIN: Numbers = { long: false, whole: false }

/** JSON.parse passes the text of a number to its reviver (ECMAScript 2026; TypeScript does not know it yet). */
const JSON_WITH_SOURCE = JSON as {
  parse(
    text: string,
    revive: (name: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown
}

/** A text that is not JSON, is nested too deeply, or has a number larger than 9.99E999. */
export const NOT_JSON = Symbol('not JSON')

/** @param keep whether 10.0 stays a Decimal, as in SQL version 2015-10-08 */
export function parseJson(text: string, keep: boolean): Value | typeof NOT_JSON {
  const numbers = text.length <= SHORT_LENGTH && !mayNeedCare(text) ? PLAIN : scan(text)
  if (numbers === undefined) return NOT_JSON
  try {
    if (!numbers.long && !(keep && numbers.whole)) return JSON.parse(text)
    return JSON_WITH_SOURCE.parse(text, (_name, value, { source }) => {
      if (typeof value !== 'number' || source === undefined) return value
      const number = parseNumber(source, keep)
      if (number === undefined) throw new RangeError('The number is too large.')
      return number
    }) as Value
  } catch {
    return NOT_JSON
  }
}

/**
 * Whether a number may have many digits, an exponent, or an end with .0. Strings are not told apart from
 * numbers, so some of them count as well.
 */
function mayNeedCare(text: string): boolean {
  let digits = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= ZERO && code <= NINE) {
      if (++digits > SHORT_DIGITS) return true
    } else if (code === POINT) {
      if (text.charCodeAt(i + 1) === ZERO) return true
    } else {
      if (digits > 0 && (code | 0x20) === LOWER_E) return true
      digits = 0
    }
  }
  return false
}

/** Looks for nesting and for numbers that need care. Undefined if the nesting is too deep. */
function scan(text: string): Numbers | undefined {
  let depth = 0
  let digits = 0
  let long = false
  let whole = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= ZERO && code <= NINE) {
      if (++digits > SHORT_DIGITS) long = true
      continue
    }
    if (code === POINT && digits > 0) {
      if (text.charCodeAt(i + 1) === ZERO) whole = true
      continue
    }
    if ((code | 0x20) === LOWER_E && digits > 0) long = true
    digits = 0
    if (code === QUOTE) i = endOfString(text, i + 1)
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > MAX_JSON_DEPTH) return undefined
    } else if (code === 0x7d || code === 0x5d) depth--
  }
  return { long, whole }
}

function endOfString(text: string, from: number): number {
  let end = text.indexOf('"', from)
  while (end >= 0) {
    let escapes = end
    while (text.charCodeAt(escapes - 1) === BACKSLASH && escapes > from) escapes--
    if ((end - escapes) % 2 === 0) return end
    end = text.indexOf('"', end + 1)
  }
  return text.length
}
