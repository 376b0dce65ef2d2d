/**
 * Keeps the offsets of a partition's batches in order: each counts once its batch and all batches before it
 * are done.
 */
import type { Ongoing } from '../port.ts'

export class DoneInOrder {
  #last: Promise<void> | undefined

  /** @param count called when the batch and all before it are done; at once if nothing is open */
  add(ongoing: Ongoing | void, count: () => void): void {
    if (this.#last === undefined && ongoing === undefined) return count()
    const link = Promise.allSettled([this.#last, ongoing?.done]).then((results) => {
      for (const result of results) if (result.status === 'rejected') throw result.reason
      count()
      if (this.#last === link) this.#last = undefined
    })
    link.catch(() => {})
    this.#last = link
  }

  /** Whether everything that was added has counted. */
  get idle(): boolean {
    return this.#last === undefined
  }

  /** Resolves when nothing is running any more, whether it succeeded or failed. */
  async settled(): Promise<void> {
    await this.#last?.catch(() => {})
  }
}
