/** A counting semaphore. It bounds the concurrent invocations of a mapping. */
export class Semaphore {
  #free: number
  readonly #waiting = new Set<() => void>()

  /** @param permits Infinity: no bound */
  constructor(permits: number) {
    this.#free = permits
  }

  /** Resolves when there is a permit, in the order of the calls; rejects with the signal's reason. */
  acquire(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      if (this.#free > 0) {
        this.#free--
        return resolve()
      }
      const aborted = (): void => {
        this.#waiting.delete(next)
        reject(signal.reason)
      }
      const next = (): void => {
        signal.removeEventListener('abort', aborted)
        resolve()
      }
      this.#waiting.add(next)
      signal.addEventListener('abort', aborted, { once: true })
    })
  }

  release(): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#free++
      return
    }
    this.#waiting.delete(next)
    next()
  }
}
