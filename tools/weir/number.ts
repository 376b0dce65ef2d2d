/** Numbers as people and files write them. `Number()` is no parser: to it a blank is 0 and 0x10 is 16. */

/** Digits with an optional sign, fraction and exponent: 12, -0.5, .5, 1.5e3. */
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i

/** The number that a text writes in decimal; NaN where it writes none, or one that is not finite. */
export function decimal(text: string): number {
  const value = DECIMAL.test(text) ? Number(text) : NaN
  return Number.isFinite(value) ? value : NaN
}
