/** Means of paired differences, and how certain they are. */

export interface Interval {
  readonly mean: number
  /** The bounds of the 95 % confidence interval; null for fewer than two values. */
  readonly low: number | null
  readonly high: number | null
}

/** The normal distribution leaves 2.5 % beyond this. */
const Z = 1.959964

export const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

/** By Student's t distribution. */
export function intervalOf(values: readonly number[]): Interval {
  const mean = meanOf(values)
  const freedom = values.length - 1
  if (freedom < 1) return { mean, low: null, high: null }
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / freedom
  const half = quantile(freedom) * Math.sqrt(variance / values.length)
  return { mean, low: mean - half, high: mean + half }
}

/** Student's t beyond which are 2.5 % (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5). */
const quantile = (freedom: number): number =>
  Z +
  (Z ** 3 + Z) / (4 * freedom) +
  (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / (96 * freedom ** 2) +
  (3 * Z ** 7 + 19 * Z ** 5 + 17 * Z ** 3 - 15 * Z) / (384 * freedom ** 3)

export type Verdict = 'more' | 'less' | 'unclear'

export const verdictOf = ({ low, high }: Interval): Verdict =>
  low !== null && low > 0 ? 'more' : high !== null && high < 0 ? 'less' : 'unclear'
