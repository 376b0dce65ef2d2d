/** A counting semaphore. It bounds the concurrent invocations of a mapping. */
export interface Places {
  /** Resolves when there is a place, in the order of the calls; rejects with the signal's reason. */
  take(signal: AbortSignal): Promise<void>
  giveBack(): void
}

/** @param count Infinity: no bound */
export function openPlaces(count: number): Places {
  let free = count
  const waiting = new Set<() => void>()
  return {
    take: (signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        if (free > 0) {
          free--
          return resolve()
        }
        const aborted = (): void => {
          waiting.delete(next)
          reject(signal.reason)
        }
        const next = (): void => {
          signal.removeEventListener('abort', aborted)
          resolve()
        }
        waiting.add(next)
        signal.addEventListener('abort', aborted, { once: true })
      }),
    giveBack: () => {
      const [next] = waiting
      if (next === undefined) {
        free++
        return
      }
      waiting.delete(next)
      next()
    },
  }
}
