/**
 * Arithmetic on Ints and Decimals. Sums and products of short numbers are computed with whole JavaScript
 * numbers, all others with bigints. `keep` says whether whole numbers may stay Decimals (2015-10-08).
 */
import {
  Decimal,
  digitsOf,
  isInt,
  MAX_DIGITS,
  make,
  makeInt,
  type Numeric,
  partsOf,
  placesOf,
  powerOfTen,
  SHORT,
  scaled,
} from './decimal.ts'

export function add(a: Numeric, b: Numeric, keep: boolean): Numeric | undefined {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b
    if (Number.isInteger(a) && Number.isInteger(b)) {
      return Number.isSafeInteger(sum) ? sum : makeInt(BigInt(a) + BigInt(b))
    }
    const placesA = placesOf(a)
    const placesB = placesOf(b)
    if (placesA >= 0 && placesB >= 0) {
      const places = Math.max(placesA, placesB)
      const whole = scaled(a, places) + scaled(b, places)
      if (Math.abs(a) * powerOfTen(places) < SHORT && Math.abs(b) * powerOfTen(places) < SHORT)
        return divideByPower(whole, places, keep)
    }
  }
  const [x, y, exponent] = aligned(a, b)
  return isInt(a) && isInt(b) ? makeInt(x + y) : make(x + y, exponent, keep)
}

export function negate(a: Numeric): Numeric {
  if (typeof a === 'number') return 0 - a
  return new Decimal(-a.coefficient, a.exponent, a.isInt)
}

export function subtract(a: Numeric, b: Numeric, keep: boolean): Numeric | undefined {
  return add(a, negate(b), keep)
}

export function multiply(a: Numeric, b: Numeric, keep: boolean): Numeric | undefined {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b
    if (Number.isInteger(a) && Number.isInteger(b)) {
      return Number.isSafeInteger(product) ? product + 0 : makeInt(BigInt(a) * BigInt(b))
    }
    const placesA = placesOf(a)
    const placesB = placesOf(b)
    if (placesA >= 0 && placesB >= 0 && placesA + placesB <= 22) {
      const whole = scaled(a, placesA) * scaled(b, placesB)
      if (Math.abs(whole) < SHORT) return divideByPower(whole, placesA + placesB, keep)
    }
  }
  const x = partsOf(a)
  const y = partsOf(b)
  if (isInt(a) && isInt(b)) return makeInt(x.coefficient * y.coefficient)
  return make(x.coefficient * y.coefficient, x.exponent + y.exponent, keep)
}

/** The quotient of two Ints without its fraction. Undefined if the divisor is zero. */
export function divideInts(a: Numeric, b: Numeric): Numeric | undefined {
  if (isZero(b)) return undefined
  if (typeof a === 'number' && typeof b === 'number') return (a - (a % b)) / b + 0
  return makeInt(partsOf(a).coefficient / partsOf(b).coefficient)
}

/** The quotient with 34 digits. Undefined if the divisor is zero. */
export function divide(a: Numeric, b: Numeric, keep: boolean): Numeric | undefined {
  if (isZero(b)) return undefined
  const x = partsOf(a)
  const y = partsOf(b)
  const shift = Math.max(0, MAX_DIGITS + 2 + digitsOf(y.coefficient) - digitsOf(x.coefficient))
  const dividend = x.coefficient * 10n ** BigInt(shift)
  const rest = dividend % y.coefficient
  const quotient = (dividend / y.coefficient) * 10n
  // One more digit says that the quotient goes on, so that it is not taken for a tie when it is rounded.
  const sticky = rest === 0n ? 0n : x.coefficient < 0n === y.coefficient < 0n ? 1n : -1n
  const result = make(quotient + sticky, x.exponent - y.exponent - shift - 1, false)
  return keep && typeof result === 'number' && Number.isInteger(result)
    ? new Decimal(BigInt(result), 0, false)
    : result
}

/** The remainder has the sign of the dividend. Undefined if the divisor is zero. */
export function remainder(a: Numeric, b: Numeric, keep: boolean): Numeric | undefined {
  if (isZero(b)) return undefined
  if (typeof a === 'number' && typeof b === 'number' && Number.isInteger(a) && Number.isInteger(b))
    return (a % b) + 0
  const [x, y, exponent] = aligned(a, b)
  return isInt(a) && isInt(b) ? makeInt(x % y) : make(x % y, exponent, keep)
}

/** Negative, zero or positive, like a - b. */
export function compare(a: Numeric, b: Numeric): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  const [x, y] = aligned(a, b)
  return x < y ? -1 : x > y ? 1 : 0
}

export function isZero(value: Numeric): boolean {
  return typeof value === 'number' ? value === 0 : value.coefficient === 0n
}

/** The nearest binary64, for functions that AWS computes with double precision. */
export function toDouble(value: Numeric): number {
  return typeof value === 'number' ? value : Number(value.toString())
}

/** A number that has the value of a double; undefined for NaN and infinities. */
export function fromDouble(value: number, keep: boolean): Numeric | undefined {
  if (!Number.isFinite(value)) return undefined
  if (Number.isSafeInteger(value)) return keep ? new Decimal(BigInt(value) * 10n, -1, false) : value + 0
  if (!Number.isInteger(value)) return value
  const [mantissa, exponent = '0'] = String(value).split('e')
  const places = mantissa.includes('.') ? mantissa.length - mantissa.indexOf('.') - 1 : 0
  return make(BigInt(mantissa.replace('.', '')), Number(exponent) - places, keep)
}

function divideByPower(whole: number, places: number, keep: boolean): Numeric {
  const value = whole / powerOfTen(places)
  return keep && Number.isInteger(value) ? new Decimal(BigInt(whole), -places, false) : value + 0
}

/** Both coefficients at the smaller of the exponents. Exponents are bounded, so the bigints are too. */
function aligned(a: Numeric, b: Numeric): [bigint, bigint, number] {
  const x = partsOf(a)
  const y = partsOf(b)
  const exponent = Math.min(x.exponent, y.exponent)
  return [
    x.coefficient * 10n ** BigInt(x.exponent - exponent),
    y.coefficient * 10n ** BigInt(y.exponent - exponent),
    exponent,
  ]
}
