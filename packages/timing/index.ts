/** Pauses between attempts, and waits that end. */

/**
 * The pause before a retry (from 0): `firstMs`, doubled with each further retry up to `maxMs`. Callers that
 * would otherwise retry in step multiply it by a random factor.
 */
export function backoffMs(retry: number, firstMs: number, maxMs: number): number {
  return Math.min(firstMs * 2 ** retry, maxMs)
}

/** Resolves after `ms`, or at once when the signal aborts. Never rejects. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, Math.max(0, ms))
    signal?.addEventListener('abort', end)
  })
}

/**
 * Settles like the promise. If that takes longer than `ms`, it settles like `late()`, which returns a value
 * or throws.
 */
export function within<T, L>(ms: number, promise: Promise<T>, late: () => L): Promise<T | L> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      try {
        resolve(late())
      } catch (error) {
        reject(error)
      }
    }, ms)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
