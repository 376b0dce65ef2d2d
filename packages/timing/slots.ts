/**
 * Bounds the attempts of deliveries to all receivers that are under way at once. An attempt that takes longer than a
 * second gives its slot back, so that receivers that hang do not take the slots of others.
 */

/** Attempts under way that are not slow yet. */
const MAX_QUICK = 512
const SLOW_AFTER_MS = 1000

export class Slots {
  #free = MAX_QUICK
  readonly #waiting: (() => void)[] = []
  #head = 0

  /** Resolves when an attempt may begin, to a function that must be called when it has ended. */
  async take(): Promise<() => void> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    let isHeld = true
    const give = (): void => {
      if (!isHeld) return
      isHeld = false
      clearTimeout(timer)
      this.#give()
    }
    const timer = setTimeout(give, SLOW_AFTER_MS)
    return give
  }

  #give(): void {
    if (this.#head === this.#waiting.length) {
      this.#free++
      return
    }
    this.#waiting[this.#head++]()
    // Taking items off the front of a long list one by one would move the rest each time.
    if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting.splice(0, this.#head)
      this.#head = 0
    }
  }
}
