/**
 * Trips when too large a share of the last minute's records became dead letters: then something is wrong with
 * the stage, not with the records.
 */
export class DeadRate {
  readonly #limit: number
  readonly #least: number
  #total = 0
  #dead = 0
  #since = 0

  /** @param limit share from 0 to 1 @param least fewer dead records than this in a minute never trip */
  constructor(limit = 0.05, least = 100) {
    this.#limit = limit
    this.#least = least
  }

  /** Counts a batch; returns true if the stage should pause. `now` is in ms. */
  trips(now: number, total: number, dead: number): boolean {
    if (now - this.#since >= 60_000) {
      this.#since = now
      this.#total = 0
      this.#dead = 0
    }
    this.#total += total
    this.#dead += dead
    return this.#dead >= this.#least && this.#dead > this.#total * this.#limit
  }

  /** Forgets the counts of the minute so far, after a pause. */
  reset(now: number): void {
    this.#since = now
    this.#total = 0
    this.#dead = 0
  }
}
