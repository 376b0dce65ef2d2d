/**
 * Numbers as bytes whose order is that of the numbers. The first byte is the sign, the second the exponent; then each
 * byte has two digits, and a last byte ends the number. In negative numbers all bytes after the first are inverted.
 */
import { ItemError } from '../errors.ts'
import { fromParts, MIN_EXPONENT, partsOf } from '../values/number.ts'

const NEGATIVE = 0x7f
const ZERO = 0x80
const POSITIVE = 0x81
/** Smaller than every pair of digits, for those begin at 1. */
const END = 0

export function encodeNumber(text: string): Buffer {
  const { negative, exponent, digits } = partsOf(text)
  if (digits.length === 0) return Buffer.of(ZERO)
  const bytes = [exponent - MIN_EXPONENT]
  for (let i = 0; i < digits.length; i += 2) bytes.push(1 + digits[i] * 10 + (digits[i + 1] ?? 0))
  bytes.push(END)
  return Buffer.of(negative ? NEGATIVE : POSITIVE, ...(negative ? bytes.map((byte) => 0xff - byte) : bytes))
}

/** Returns the number that begins at an offset, and the offset after it. Throws ItemError for other bytes. */
export function decodeNumber(bytes: Buffer, start: number): { text: string; end: number } {
  const sign = bytes[start]
  if (sign === ZERO) return { text: '0', end: start + 1 }
  if (sign !== NEGATIVE && sign !== POSITIVE) throw malformed()
  const at = (i: number): number => {
    if (i >= bytes.length) throw malformed()
    return sign === NEGATIVE ? 0xff - bytes[i] : bytes[i]
  }
  const exponent = at(start + 1) + MIN_EXPONENT
  const digits: number[] = []
  let i = start + 2
  for (; at(i) !== END; i++) {
    const pair = at(i) - 1
    if (pair > 99) throw malformed()
    digits.push(Math.floor(pair / 10), pair % 10)
  }
  if (digits.length === 0) throw malformed()
  return { text: fromParts(sign === NEGATIVE, exponent, digits), end: i + 1 }
}

export const malformed = (): ItemError => new ItemError('The bytes are not a key of an item')
