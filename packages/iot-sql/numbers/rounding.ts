/** Rounding of Ints and Decimals. */
import { Decimal, make, makeInt, type Numeric, partsOf } from './decimal.ts'

export type Rounding = 'floor' | 'ceil' | 'half-up' | 'truncate'

/** Rounds to a whole number. */
export function toWhole(value: Numeric, rounding: Rounding): Numeric {
  if (typeof value === 'number') return roundNumber(value, rounding) + 0
  if (value.isInt) return value
  if (value.exponent >= 0) return makeInt(value.coefficient * 10n ** BigInt(value.exponent))
  return makeInt(roundParts(value.coefficient, 10n ** BigInt(-value.exponent), rounding))
}

/** Cuts decimal places off; also the zeros at the end of those that are left. */
export function truncate(value: Numeric, places: number): Numeric {
  const { coefficient, exponent } = partsOf(value)
  if (-exponent <= places)
    return value instanceof Decimal && !value.isInt ? plain(coefficient, exponent) : value
  return plain(coefficient / 10n ** BigInt(-exponent - places), -places)
}

/** A number without zeros at its end. */
function plain(coefficient: bigint, exponent: number): Numeric {
  return make(coefficient, exponent, false) as Numeric
}

function roundNumber(value: number, rounding: Rounding): number {
  if (rounding === 'floor') return Math.floor(value)
  if (rounding === 'ceil') return Math.ceil(value)
  if (rounding === 'truncate') return Math.trunc(value)
  // A fraction below 2^53 is exact here: the number is what it prints, and .5 prints exactly.
  const whole = Math.trunc(value)
  return Math.abs(value - whole) >= 0.5 ? whole + Math.sign(value) : whole
}

function roundParts(coefficient: bigint, unit: bigint, rounding: Rounding): bigint {
  const whole = coefficient / unit
  const rest = coefficient % unit
  if (rest === 0n) return whole
  const sign = coefficient < 0n ? -1n : 1n
  if (rounding === 'floor') return sign < 0n ? whole - 1n : whole
  if (rounding === 'ceil') return sign > 0n ? whole + 1n : whole
  if (rounding === 'half-up') return rest * sign * 2n >= unit ? whole + sign : whole
  return whole
}
