/** A trend: a product becomes wanted because somebody famous wears a pair, and is forgotten again. */

export const MAX_TREND_STRENGTH = 10
export const MAX_TREND_MS = 604_800_000
/** Time from the start of a trend to its peak. */
const RISE_MS = 120_000
/** The rise of a product's worth when its visits double. */
const WORTH_PER_DOUBLING = 0.15

export class Trend {
  readonly #strength: number
  readonly #fromMs: number
  readonly #durationMs: number

  /** @param strength visits at the peak, relative to those without the trend */
  constructor(strength: number, fromMs: number, durationMs: number) {
    if (!(strength > 1 && strength <= MAX_TREND_STRENGTH))
      throw new RangeError(
        `The strength of a trend is ${strength}; it must be above 1 and at most ${MAX_TREND_STRENGTH}.`,
      )
    if (!(durationMs > 0 && durationMs <= MAX_TREND_MS))
      throw new RangeError(
        `A trend lasts ${durationMs} ms; it must be above 0 and at most ${MAX_TREND_MS} ms, a week.`,
      )
    this.#strength = strength
    this.#fromMs = fromMs
    this.#durationMs = durationMs
  }

  isOver(time: number): boolean {
    return time >= this.#fromMs + this.#durationMs
  }

  /** Returns the visits relative to those without the trend. */
  visitsAt(time: number): number {
    const passed = time - this.#fromMs
    if (passed < 0 || passed >= this.#durationMs) return 1
    const level =
      Math.min(passed / Math.min(RISE_MS, this.#durationMs / 2), 1) * (1 - passed / this.#durationMs)
    return 1 + (this.#strength - 1) * level
  }

  /** Returns the worth of the product relative to that without the trend. */
  worthAt(time: number): number {
    return 1 + WORTH_PER_DOUBLING * Math.log2(this.visitsAt(time))
  }
}
