/** Equality of values, as the operators = and <> and CASE and IN have it. */
import type { Evaluation } from '../evaluation/evaluation.ts'
import { compare } from '../numbers/arithmetic.ts'
import { Decimal } from '../numbers/decimal.ts'
import { STEPS_OF_DECIMAL } from './convert.ts'
import { isNumeric, isObject, type Value } from './value.ts'

/** Undefined if one of the values is. Values of different types are not equal; numbers are one type. */
export function equals(a: Value, b: Value, evaluation: Evaluation): boolean | undefined {
  if (a === undefined || b === undefined) return undefined
  return same(a, b, evaluation)
}

function same(a: Value, b: Value, evaluation: Evaluation): boolean {
  if (typeof a === 'string' && typeof b === 'string') {
    if (a.length !== b.length) return false
    evaluation.count(1 + (a.length >> 3))
    return a === b
  }
  evaluation.count(1)
  if (a === b) return true
  if (isNumeric(a) && isNumeric(b)) {
    if (a instanceof Decimal || b instanceof Decimal) evaluation.count(STEPS_OF_DECIMAL)
    return compare(a, b) === 0
  }
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((element, i) => same(element, b[i], evaluation))
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    evaluation.count(a.length >> 3)
    return Buffer.compare(a, b) === 0
  }
  if (!isObject(a) || !isObject(b)) return false
  const names = Object.keys(a)
  evaluation.count(names.length)
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && same(a[name], b[name], evaluation))
  )
}
