/** Changes of prices in the last hour: those in the catalogue, and those that are decided and not yet made. */

const HOUR_MS = 3_600_000

export class RecentChanges {
  /** The times of changes by product. A change is made with the time of its decision, so it is counted once. */
  readonly #times = new Map<string, Set<number>>()

  add(productId: string, at: number): void {
    const times = this.#times.get(productId) ?? new Set()
    this.#times.set(productId, times.add(at))
  }

  /** Returns the number of changes in the hour before `at`, and forgets what is older than two hours. */
  before(at: number): number {
    let count = 0
    for (const [productId, times] of this.#times) {
      for (const time of times)
        if (time <= at - 2 * HOUR_MS) times.delete(time)
        else if (time > at - HOUR_MS) count++
      if (times.size === 0) this.#times.delete(productId)
    }
    return count
  }
}
