/**
 * How many bulk requests may be under way: additive increase, multiplicative decrease, as TCP shares a line
 * nobody knows the width of.
 */
export class InFlightLimit {
  readonly #least: number
  readonly #most: number
  #size: number
  #shrunkAt = -Infinity

  constructor(least = 1, most = 4, start = 2) {
    this.#least = least
    this.#most = most
    this.#size = start
  }

  get value(): number {
    return Math.floor(this.#size)
  }

  /** A request went well: one more after as many successes as are allowed at once. */
  grow(): void {
    this.#size = Math.min(this.#most, this.#size + 1 / this.#size)
  }

  /**
   * The engine asked for less to a request sent at `sentAt`. Requests sent before the last cut say nothing
   * about the limit after it.
   */
  shrink(sentAt: number, now: number): void {
    if (sentAt < this.#shrunkAt) return
    this.#shrunkAt = now
    this.#size = Math.max(this.#least, this.#size / 2)
  }
}

/**
 * The pause before try n (from 1): 100 ms doubled each time up to 10 s, and up to a quarter less by chance,
 * so that replicas do not knock in step.
 */
export const backOff = (n: number): number =>
  Math.min(10_000, 100 * 2 ** Math.min(n - 1, 20)) * (1 - Math.random() / 4)
