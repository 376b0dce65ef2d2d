/** Values that are read again in the background while people look at them. */
import { within } from '@weir/timing'

/** A value as it was last read. */
export interface Reading<T> {
  /** Null until it was read once. */
  readonly value: T | null
  /** When the value was read, in ms since the epoch. */
  readonly at: number | null
  /** A sentence about the last failed reading; null if it succeeded. */
  readonly trouble: string | null
}

export interface PolledOptions {
  /** How old a value may become before it is read again. */
  readonly everyMs: number
  /** A reading that takes longer has failed. */
  readonly patienceMs: number
  /** Describes a failure to people. */
  readonly sentence: (error: Error) => string
}

/** `current` returns the last value at once, and starts to read the next one if that is due. */
export class Polled<T> {
  readonly #read: (signal: AbortSignal) => Promise<T>
  readonly #options: PolledOptions
  #latest: Reading<T> = { value: null, at: null, trouble: null }
  #begunAt = -Infinity
  #reading = false

  constructor(options: PolledOptions, read: (signal: AbortSignal) => Promise<T>) {
    this.#options = options
    this.#read = read
  }

  current(): Reading<T> {
    if (!this.#reading && performance.now() - this.#begunAt >= this.#options.everyMs) void this.#begin()
    return this.#latest
  }

  async #begin(): Promise<void> {
    const { patienceMs, sentence } = this.#options
    this.#reading = true
    this.#begunAt = performance.now()
    try {
      const reading = this.#read(AbortSignal.timeout(patienceMs))
      const value = await within(patienceMs, reading, () => {
        throw new DOMException(`no answer within ${patienceMs / 1000} s`, 'TimeoutError')
      })
      this.#latest = { value, at: Date.now(), trouble: null }
    } catch (error) {
      this.#latest = { ...this.#latest, trouble: sentence(error as Error) }
    }
    this.#reading = false
  }
}

/** Runs `work` for each item, at most `most` at the same time; results are in the order of the items. */
export async function eachOf<I, O>(
  items: readonly I[],
  most: number,
  work: (item: I) => Promise<O>,
): Promise<O[]> {
  const results: O[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++
      results[index] = await work(items[index])
    }
  }
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, lane))
  return results
}
