/** Pauses between attempts. */

/**
 * Returns a pause that doubles with each attempt (from 0), from `least` to `most` milliseconds, ± 20 % so
 * that many clients do not return at once.
 */
export function backoff(attempt: number, least: number, most: number): number {
  return Math.min(most, least * 2 ** attempt) * (0.8 + 0.4 * Math.random())
}

/** Resolves to true once `promise` has settled, or to false after `milliseconds`. Never rejects. */
export function settledWithin(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), milliseconds)
    const done = (): void => {
      clearTimeout(timer)
      resolve(true)
    }
    promise.then(done, done)
  })
}
