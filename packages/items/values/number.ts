/**
 * Numbers of up to 38 significant digits. Between operations a number is its canonical text, which is what
 * DynamoDB returns: no exponent, no zeros that say nothing, no negative zero.
 */
import Big from 'big.js'
import { ItemError, shown } from '../errors.ts'

/** Digits and magnitudes, from the developer guide's "Supported data types". */
export const MAX_DIGITS = 38
export const MAX_EXPONENT = 125
export const MIN_EXPONENT = -130
/** Longer texts are refused unread. The longest number without useless zeros has 170 characters. */
const MAX_CHARACTERS = 1000
/** Whole numbers and fractions with at most so many characters are compared as JavaScript's numbers. */
const EXACT_CHARACTERS = 15

const NUMBER = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d{1,9})?$/i

/** Most numbers are canonical already. */
const WHOLE = /^(?:0|-?[1-9]\d{0,37})$/

/** Returns the canonical text of a number. Throws ItemError. */
export function canonical(text: string): string {
  if (WHOLE.test(text)) return text
  const number = parse(text)
  if (isZero(number)) return '0'
  if (number.e > MAX_EXPONENT) throw overflow()
  if (number.e < MIN_EXPONENT) throw underflow()
  if (number.c.length > MAX_DIGITS)
    throw new ItemError('Attempting to store more than 38 significant digits in a Number')
  return print(number)
}

function parse(text: string): Big {
  if (text === '') throw new ItemError('The parameter cannot be converted to a numeric value')
  if (text.length > MAX_CHARACTERS || !NUMBER.test(text))
    throw new ItemError(`The parameter cannot be converted to a numeric value: ${shown(text)}`)
  return new Big(text.startsWith('+') ? text.slice(1) : text)
}

/** Takes canonical texts. Throws ItemError if the sum has too many digits, which DynamoDB calls an overflow. */
export function add(a: string, b: string): string {
  return result(new Big(a).plus(b))
}

/** As `add`. */
export function subtract(a: string, b: string): string {
  return result(new Big(a).minus(b))
}

function result(number: Big): string {
  if (number.e > MAX_EXPONENT || number.c.length > MAX_DIGITS) throw overflow()
  if (number.e < MIN_EXPONENT) throw underflow()
  return print(number)
}

/** Takes canonical texts. Returns a negative number, zero or a positive one, like a - b. */
export function compareNumbers(a: string, b: string): number {
  if (a.length <= EXACT_CHARACTERS && b.length <= EXACT_CHARACTERS) return Number(a) - Number(b)
  return new Big(a).cmp(b)
}

/** Returns the sign, the exponent of the first digit and the digits of a canonical text. Zero has no digits. */
export function partsOf(text: string): { negative: boolean; exponent: number; digits: readonly number[] } {
  const number = new Big(text)
  return { negative: number.s < 0, exponent: number.e, digits: isZero(number) ? [] : number.c }
}

/** Returns the canonical text of what `partsOf` returned. */
export function fromParts(negative: boolean, exponent: number, digits: readonly number[]): string {
  return print(new Big(`${negative ? '-' : ''}${digits[0]}.${digits.slice(1).join('')}0e${exponent}`))
}

const isZero = (number: Big): boolean => number.c[0] === 0

const print = (number: Big): string => (isZero(number) ? '0' : number.toFixed())

const overflow = (): ItemError =>
  new ItemError('Number overflow. Attempting to store a number with magnitude larger than supported range')

const underflow = (): ItemError =>
  new ItemError('Number underflow. Attempting to store a number with magnitude smaller than supported range')
