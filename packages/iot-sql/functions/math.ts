/** Functions of numbers. Those of real analysis are computed with double precision, as AWS documents. */
import { compare, fromDouble, isZero, negate, remainder, toDouble } from '../numbers/arithmetic.ts'
import { MAX_DIGITS, type Numeric } from '../numbers/decimal.ts'
import { type Rounding, toWhole, truncate } from '../numbers/rounding.ts'
import { toDecimal, toIndex } from '../values/convert.ts'
import { isNumeric } from '../values/value.ts'
import type { SqlFunction } from './call.ts'

export const MATH: Readonly<Record<string, SqlFunction>> = {
  abs: ofNumber((number) => (compare(number, 0) < 0 ? negate(number) : number)),
  sign: ofNumber((number) => Math.sign(compare(number, 0))),
  ceil: rounding('ceil'),
  floor: rounding('floor'),
  round: rounding('half-up'),
  trunc: {
    arity: [2, 2],
    call: ([value, places], evaluation) => {
      const number = toDecimal(value, evaluation)
      // The guide's table has no strings here, unlike in the first place.
      const count = isNumeric(places) ? toIndex(places, evaluation) : undefined
      if (number === undefined || count === undefined) return undefined
      return truncate(number, Math.min(Math.max(count, 0), MAX_DIGITS))
    },
  },
  mod: ofNumbers(remainder),
  remainder: ofNumbers(remainder),
  power: ofDoubles(Math.pow),
  atan2: ofDoubles(Math.atan2),
  acos: ofDouble(Math.acos),
  asin: ofDouble(Math.asin),
  atan: ofDouble(Math.atan),
  cos: ofDouble(Math.cos),
  cosh: ofDouble(Math.cosh),
  exp: ofDouble(Math.exp),
  ln: ofDouble(Math.log),
  log: ofDouble(Math.log10),
  sin: ofDouble(Math.sin),
  sinh: ofDouble(Math.sinh),
  sqrt: ofDouble(Math.sqrt),
  tan: ofDouble(Math.tan),
  tanh: ofDouble(Math.tanh),
  rand: { arity: [0, 0], call: (_, { keepDecimals }) => fromDouble(Math.random(), keepDecimals) },
  /** Values that are neither Null nor Undefined are not "not a number": JSON has no NaN. */
  nanvl: { arity: [2, 2], call: ([value, other]) => value ?? other },
}

function ofNumber(compute: (number: Numeric) => Numeric): SqlFunction {
  return {
    arity: [1, 1],
    call: ([value], evaluation) => {
      const number = toDecimal(value, evaluation)
      return number === undefined ? undefined : compute(number)
    },
  }
}

function rounding(mode: Rounding): SqlFunction {
  return ofNumber((number) => toWhole(number, mode))
}

function ofNumbers(compute: (a: Numeric, b: Numeric, keep: boolean) => Numeric | undefined): SqlFunction {
  return {
    arity: [2, 2],
    call: ([a, b], evaluation) => {
      const left = toDecimal(a, evaluation)
      const right = toDecimal(b, evaluation)
      if (left === undefined || right === undefined || isZero(right)) return undefined
      return compute(left, right, evaluation.keepDecimals)
    },
  }
}

/** NaN and infinite results are Undefined. */
function ofDouble(compute: (number: number) => number): SqlFunction {
  return {
    arity: [1, 1],
    call: ([value], evaluation) => {
      const number = toDecimal(value, evaluation)
      return number === undefined ? undefined : fromDouble(compute(toDouble(number)), evaluation.keepDecimals)
    },
  }
}

function ofDoubles(compute: (a: number, b: number) => number): SqlFunction {
  return {
    arity: [2, 2],
    call: ([a, b], evaluation) => {
      const left = toDecimal(a, evaluation)
      const right = toDecimal(b, evaluation)
      if (left === undefined || right === undefined) return undefined
      return fromDouble(compute(toDouble(left), toDouble(right)), evaluation.keepDecimals)
    },
  }
}
