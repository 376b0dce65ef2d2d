/** The guide's conversions between types, for values of another type than an operator or a function expects. */
import type { Evaluation } from '../evaluation/evaluation.ts'
import { toDouble } from '../numbers/arithmetic.ts'
import { Decimal, type Numeric } from '../numbers/decimal.ts'
import { numberIn } from '../numbers/parse.ts'
import { toWhole } from '../numbers/rounding.ts'
import type { Value } from './value.ts'

export const STEPS_OF_DECIMAL = 200
const STEPS_OF_FRACTION = 20

/** Numbers and strings that are numbers; undefined for others. */
export function toDecimal(value: Value, evaluation: Evaluation): Numeric | undefined {
  if (typeof value === 'number' || value instanceof Decimal) return counted(value, evaluation)
  if (typeof value !== 'string') return undefined
  evaluation.count(value.length)
  const number = numberIn(value, evaluation.keepDecimals)
  return number === undefined ? undefined : counted(number, evaluation)
}

/** Whole JavaScript numbers are computed with at once, fractions in a microsecond, Decimals in up to twenty. */
function counted(number: Numeric, evaluation: Evaluation): Numeric {
  if (typeof number !== 'number') evaluation.count(STEPS_OF_DECIMAL)
  else if (!Number.isInteger(number)) evaluation.count(STEPS_OF_FRACTION)
  return number
}

/**
 * A whole number, rounded down. The guide's table says "rounded to the nearest Int", but its example
 * substring("012345", 2.745) = "2345" and all functions with a table of their own round down.
 */
export function toInt(value: Value, evaluation: Evaluation): Numeric | undefined {
  if (typeof value === 'number') return Math.floor(value)
  const number = toDecimal(value, evaluation)
  return number === undefined ? undefined : toWhole(number, 'floor')
}

/** Like toInt, as a JavaScript number: a place in a string or an array, or a count. May be infinite. */
export function toIndex(value: Value, evaluation: Evaluation): number | undefined {
  if (typeof value === 'number') return Math.floor(value)
  const number = toDecimal(value, evaluation)
  return number === undefined ? undefined : Math.floor(toDouble(number))
}

export function toBoolean(value: Value): boolean | undefined {
  if (typeof value === 'boolean') return value
  if (typeof value !== 'string' || value.length > 5) return undefined
  const lower = value.toLowerCase()
  return lower === 'true' ? true : lower === 'false' ? false : undefined
}

/** Strings, and arrays and objects as JSON; undefined for Null, Undefined and bytes. */
export function toText(value: Value, evaluation: Evaluation): string | undefined {
  if (typeof value === 'string') return value
  if (value === undefined || value === null || value instanceof Uint8Array) return undefined
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  if (typeof value === 'number') return numberText(value)
  if (value instanceof Decimal) return value.toString()
  evaluation.countValue(value)
  return JSON.stringify(value)
}

/** JavaScript and Java print short numbers alike, but for the letter of the exponent. */
function numberText(value: number): string {
  const text = String(value)
  return Number.isInteger(value) ? text : text.replace('e', 'E')
}
