/**
 * Numbers as SNS compares them: from -5 to 5 billion, cut to six digits after the decimal point (Event Ruler
 * 1.0, ComparableNumber.java). SNS documents one billion and five digits.
 */
import type { Matcher } from '../plan.ts'

const MAX_NUMBER = 5e9
const MICRO = 1e6

/** Returns a number in millionths, counted from the least one that can be compared; NaN outside the range. */
export function orderOf(value: unknown): number {
  if (typeof value !== 'number' || !(Math.abs(value) <= MAX_NUMBER)) return NaN
  return Math.trunc(MICRO * (MAX_NUMBER + value))
}

/** Like orderOf, but throws a RangeError, whose message is SNS's, for numbers that cannot be compared. */
function checkedOrderOf(value: number): number {
  const order = orderOf(value)
  if (Number.isNaN(order)) throw new RangeError('Value must be between -5.0E9 and 5.0E9, inclusive')
  return order
}

/** An end of a range. */
export interface Bound {
  readonly value: number
  /** The value itself is not in the range. */
  readonly open: boolean
}

export const LEAST: Bound = { value: -MAX_NUMBER, open: false }
export const GREATEST: Bound = { value: MAX_NUMBER, open: false }

/** The numbers between the bounds. Throws a RangeError with SNS's message. */
export function between(bottom: Bound, top: Bound): Matcher {
  if (bottom.value >= top.value) throw new RangeError('Bottom must be less than top')
  const from = checkedOrderOf(bottom.value)
  const to = checkedOrderOf(top.value)
  return (value) => {
    const order = orderOf(value)
    return (order > from || (order === from && !bottom.open)) && (order < to || (order === to && !top.open))
  }
}

/** The number; one that cannot be compared equals itself. */
export function equalTo(number: number): Matcher {
  const order = orderOf(number)
  return Number.isNaN(order) ? (value) => value === number : (value) => orderOf(value) === order
}

/** The number. Throws a RangeError with SNS's message if it cannot be compared. */
export function equalToComparable(number: number): Matcher {
  const order = checkedOrderOf(number)
  return (value) => orderOf(value) === order
}

/** All values but these numbers. Throws a RangeError with SNS's message. */
export function noneOfNumbers(numbers: readonly number[]): Matcher {
  const orders = new Set(numbers.map(checkedOrderOf))
  return (value) => !orders.has(orderOf(value))
}
