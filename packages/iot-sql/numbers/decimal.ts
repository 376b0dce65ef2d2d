/**
 * Numbers as AWS IoT SQL has them: Ints of up to 34 digits, and Decimals of 34 digits with exponents up to 999.
 *
 * Most numbers are JavaScript numbers: safe integers are Ints, and a number with a fraction is the Decimal that
 * it is printed as (the shortest one). All other numbers are instances of Decimal. A whole number is an Int in
 * SQL version 2016-03-23 and later; in version 2015-10-08, 10.0 stays a Decimal.
 */

/** Digits of Ints and Decimals, from the table of data types. Further digits are rounded, half to even. */
export const MAX_DIGITS = 34
/** The largest exponent of a Decimal in scientific notation, from the table of data types. */
export const MAX_EXPONENT = 999

/** A number that is not a safe integer and is not printed exactly by a JavaScript number. */
export class Decimal {
  /** The value is coefficient × 10^exponent. */
  readonly coefficient: bigint
  readonly exponent: number
  readonly isInt: boolean

  constructor(coefficient: bigint, exponent: number, isInt: boolean) {
    this.coefficient = coefficient
    this.exponent = exponent
    this.isInt = isInt
  }

  /** The number in the notation of Java's BigDecimal: scientific for exponents above zero and small values. */
  toString(): string {
    const { coefficient, exponent } = this
    const sign = coefficient < 0n ? '-' : ''
    const digits = (coefficient < 0n ? -coefficient : coefficient).toString()
    const adjusted = exponent + digits.length - 1
    if (exponent > 0 || adjusted < -6) {
      const fraction = digits.length > 1 ? `.${digits.slice(1)}` : ''
      return `${sign}${digits[0]}${fraction}E${adjusted < 0 ? '' : '+'}${adjusted}`
    }
    if (exponent === 0) return sign + digits
    const padded = digits.padStart(1 - exponent, '0')
    return `${sign}${padded.slice(0, exponent)}.${padded.slice(exponent)}`
  }

  /** Makes JSON.stringify write all digits. */
  toJSON(): unknown {
    return JSON_WITH_RAW.rawJSON(this.toString())
  }
}

export type Numeric = number | Decimal

/** ECMAScript 2026; TypeScript does not know it yet. */
const JSON_WITH_RAW = JSON as unknown as { rawJSON(text: string): unknown }

/** 10^0 to 10^22, the powers that a JavaScript number holds exactly. */
const POWERS: readonly number[] = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`))
/** Whole numbers below this have at most 15 digits, and a fraction of such numbers prints as written. */
export const SHORT = 1e15

export function isInt(value: Numeric): boolean {
  return typeof value === 'number' ? Number.isInteger(value) : value.isInt
}

/**
 * The number of decimal places of a number with at most 15 digits, or -1 if it has more. Dividing a whole
 * number by a power of ten rounds correctly, so the comparison is exact.
 */
export function placesOf(value: number): number {
  for (let places = 0; places <= 15; places++) {
    const scaled = Math.round(value * POWERS[places])
    if (scaled / POWERS[places] === value) return Math.abs(scaled) < SHORT ? places : -1
  }
  return -1
}

export const powerOfTen = (exponent: number): number => POWERS[exponent]

/** The whole number of a value that has so many decimal places. */
export const scaled = (value: number, places: number): number => Math.round(value * POWERS[places])

/** Coefficient and exponent of a number. */
export function partsOf(value: Numeric): { readonly coefficient: bigint; readonly exponent: number } {
  if (typeof value !== 'number') return value
  if (Number.isInteger(value)) return { coefficient: BigInt(value), exponent: 0 }
  const [mantissa, exponent = '0'] = String(value).split('e')
  const point = mantissa.indexOf('.')
  const places = point < 0 ? 0 : mantissa.length - point - 1
  return { coefficient: BigInt(mantissa.replace('.', '')), exponent: Number(exponent) - places }
}

/**
 * Makes a number of a coefficient and an exponent, rounded to 34 digits. Undefined if it is too large.
 *
 * @param keep whether a whole number may stay a Decimal, as in SQL version 2015-10-08
 */
export function make(coefficient: bigint, exponent: number, keep: boolean): Numeric | undefined {
  if (coefficient === 0n)
    return keep && exponent < 0 ? new Decimal(0n, Math.max(exponent, -MAX_EXPONENT), false) : 0
  let digits = digitsOf(coefficient)
  if (digits > MAX_DIGITS) {
    const surplus = digits - MAX_DIGITS
    coefficient = roundHalfEven(coefficient, 10n ** BigInt(surplus))
    exponent += surplus
    digits = digitsOf(coefficient)
  }
  const adjusted = exponent + digits - 1
  if (adjusted > MAX_EXPONENT) return undefined
  if (adjusted < -MAX_EXPONENT) return 0
  const stripped = strip(coefficient, exponent)
  if (stripped.exponent < 0) return short(stripped.coefficient, stripped.exponent)
  if (keep) return new Decimal(coefficient, exponent, false)
  return adjusted < MAX_DIGITS
    ? makeInt(stripped.coefficient * 10n ** BigInt(stripped.exponent))
    : new Decimal(stripped.coefficient, stripped.exponent, false)
}

/** An Int; a Decimal if it has more than 34 digits. */
export function makeInt(value: bigint): Numeric {
  const number = Number(value)
  if (Number.isSafeInteger(number)) return number
  if (digitsOf(value) <= MAX_DIGITS) return new Decimal(value, 0, true)
  return make(value, 0, true) as Decimal
}

/** A number with a fraction: a JavaScript number if that prints the same digits. */
function short(coefficient: bigint, exponent: number): Numeric {
  if (coefficient < BigInt(SHORT) && coefficient > -BigInt(SHORT) && exponent >= -22)
    return Number(coefficient) / POWERS[-exponent]
  const number = Number(`${coefficient}e${exponent}`)
  if (Number.isFinite(number) && !Number.isInteger(number)) {
    const parts = partsOf(number)
    if (parts.coefficient === coefficient && parts.exponent === exponent) return number
  }
  return new Decimal(coefficient, exponent, false)
}

export function digitsOf(coefficient: bigint): number {
  return (coefficient < 0n ? -coefficient : coefficient).toString().length
}

function strip(coefficient: bigint, exponent: number): { coefficient: bigint; exponent: number } {
  while (coefficient % 10n === 0n) {
    coefficient /= 10n
    exponent++
  }
  return { coefficient, exponent }
}

function roundHalfEven(value: bigint, unit: bigint): bigint {
  const quotient = value / unit
  const remainder = value % unit
  const doubled = (remainder < 0n ? -remainder : remainder) * 2n
  const up = doubled > unit || (doubled === unit && quotient % 2n !== 0n)
  return up ? quotient + (value < 0n ? -1n : 1n) : quotient
}
