/**
 * Parses numbers as people and files write them. `Number()` is too lenient: it reads a blank as 0, and 0x10
 * as 16.
 */

/** Digits with an optional sign, fraction and exponent: 12, -0.5, .5, 1.5e3. */
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i

/** Returns the finite number that a text writes in decimal; NaN for any other text. */
export function decimal(text: string): number {
  const value = DECIMAL.test(text) ? Number(text) : NaN
  return Number.isFinite(value) ? value : NaN
}
