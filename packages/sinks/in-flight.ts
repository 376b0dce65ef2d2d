/**
 * Limits the requests in flight: additive increase, multiplicative decrease, as in TCP, which shares a
 * link whose capacity is unknown.
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

  /** A request succeeded. The limit grows by one after as many successes as it currently allows requests. */
  grow(): void {
    this.#size = Math.min(this.#most, this.#size + 1 / this.#size)
  }

  /**
   * The destination asked for a lower load in its reply to a request sent at `sentAt`. Requests sent before the
   * last cut tell nothing about the limit after it.
   */
  shrink(sentAt: number, now: number): void {
    if (sentAt < this.#shrunkAt) return
    this.#shrunkAt = now
    this.#size = Math.max(this.#least, this.#size / 2)
  }
}
