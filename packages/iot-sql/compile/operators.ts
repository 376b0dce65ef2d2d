/** The operators, by the guide's tables of operands. */
import type { Evaluation, Expression } from '../evaluation/evaluation.ts'
import {
  add,
  compare,
  divide,
  divideInts,
  multiply,
  negate,
  remainder,
  subtract,
} from '../numbers/arithmetic.ts'
import { isInt, type Numeric } from '../numbers/decimal.ts'
import type { BinaryOperator } from '../syntax/ast.ts'
import { toBoolean, toDecimal, toText } from '../values/convert.ts'
import { equals } from '../values/equality.ts'
import type { Value } from '../values/value.ts'

type Operator = (a: Value, b: Value, evaluation: Evaluation) => Value

export const BINARY: Readonly<Record<Exclude<BinaryOperator, 'AND' | 'OR'>, Operator>> = {
  '=': equals,
  '<>': (a, b, evaluation) => {
    const equal = equals(a, b, evaluation)
    return equal === undefined ? undefined : !equal
  },
  '<': comparison((order) => order < 0),
  '<=': comparison((order) => order <= 0),
  '>': comparison((order) => order > 0),
  '>=': comparison((order) => order >= 0),
  IN: isIn,
  '+': plus,
  '-': arithmetic(subtract),
  '*': arithmetic(multiply),
  '/': arithmetic((a, b, keep, ints) => (ints ? divideInts(a, b) : divide(a, b, keep))),
  '%': arithmetic(remainder),
}

export function not(value: Value): Value {
  const operand = toBoolean(value)
  return operand === undefined ? undefined : !operand
}

export function negateValue(value: Value, evaluation: Evaluation): Value {
  const number = toDecimal(value, evaluation)
  return number === undefined ? undefined : negate(number)
}

/**
 * AND and OR. An operand that decides the result does so even if the other one is not a Boolean, as in
 * standard SQL: `isUndefined(x) OR x > 1` is true for a message without x. Otherwise both must be Booleans, or the
 * strings "true" or "false".
 *
 * @param decisive the operand that decides: true for OR, false for AND
 */
export function logical(left: Expression, right: Expression, decisive: boolean): Expression {
  return (evaluation) => {
    evaluation.count(1)
    const a = toBoolean(left(evaluation))
    if (a === decisive) return decisive
    const b = toBoolean(right(evaluation))
    if (b === decisive) return decisive
    return a === undefined || b === undefined ? undefined : !decisive
  }
}

function comparison(holds: (order: number) => boolean): Operator {
  return (a, b, evaluation) => {
    const left = toDecimal(a, evaluation)
    const right = toDecimal(b, evaluation)
    return left === undefined || right === undefined ? undefined : holds(compare(left, right))
  }
}

/** Returns undefined if the right operand is not an array. */
function isIn(value: Value, array: Value, evaluation: Evaluation): Value {
  if (value === undefined || !Array.isArray(array)) return undefined
  return array.some((element) => equals(value, element, evaluation) === true)
}

/** Concatenates if one of the operands is a string, and adds numbers. */
function plus(a: Value, b: Value, evaluation: Evaluation): Value {
  if (typeof a === 'string' || typeof b === 'string') {
    const prefix = toText(a, evaluation)
    const suffix = toText(b, evaluation)
    if (prefix === undefined || suffix === undefined) return undefined
    evaluation.count(prefix.length + suffix.length)
    return prefix + suffix
  }
  const left = toDecimal(a, evaluation)
  const right = toDecimal(b, evaluation)
  return left === undefined || right === undefined ? undefined : add(left, right, evaluation.keepDecimals)
}

/** `ints` says that both operands are Ints. A string is a Decimal, whatever it says. */
function arithmetic(
  compute: (a: Numeric, b: Numeric, keep: boolean, ints: boolean) => Numeric | undefined,
): Operator {
  return (a, b, evaluation) => {
    const left = toDecimal(a, evaluation)
    const right = toDecimal(b, evaluation)
    if (left === undefined || right === undefined) return undefined
    const strings = typeof a === 'string' || typeof b === 'string'
    return compute(left, right, evaluation.keepDecimals, !strings && isInt(left) && isInt(right))
  }
}
