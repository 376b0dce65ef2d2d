/** Pauses between attempts. */

/**
 * Doubles from `least` to `most` milliseconds with the attempts (from 0), ± 20 % so that many clients do not
 * come back at once.
 */
export function backoff(attempt: number, least: number, most: number): number {
  return Math.min(most, least * 2 ** attempt) * (0.8 + 0.4 * Math.random())
}

/** Resolves after that many milliseconds, or at once when the signal aborts. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, Math.max(0, milliseconds))
    signal?.addEventListener('abort', end)
  })
}

/** True once `promise` has settled, false when that takes longer than the limit. Never rejects. */
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
