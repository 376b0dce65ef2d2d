/** How much may be under way at once: bodies being read, and records accepted that Kafka has not stored yet. */

/** What a request takes beside its body: socket, headers, objects. */
const REQUEST_BYTES = 16 << 10

export class Admission {
  readonly #budget: number
  readonly #stored: () => number
  #reading = 0

  /** @param unsettled bytes of records accepted and not yet stored */
  constructor(budgetBytes: number, unsettled: () => number) {
    this.#budget = budgetBytes
    this.#stored = unsettled
  }

  /** Bytes under way. */
  get used(): number {
    return this.#reading + this.#stored()
  }

  /** A place for a request whose body is announced with so many bytes (0: unknown); undefined when there is none now. */
  admit(announcedBytes: number): Lease | undefined {
    const lease = new Lease((bytes) => this.#take(bytes))
    return lease.cover(announcedBytes + REQUEST_BYTES) ? lease : undefined
  }

  #take(bytes: number): boolean {
    if (bytes > 0 && this.used + bytes > this.#budget) return false
    this.#reading += bytes
    return true
  }
}

/** A request's part of the budget. */
export class Lease {
  readonly #take: (bytes: number) => boolean
  #held = 0

  constructor(take: (bytes: number) => boolean) {
    this.#take = take
  }

  /** Makes the lease cover that many bytes in total; false when there is no room. */
  cover(bytes: number): boolean {
    if (bytes <= this.#held) return true
    if (!this.#take(bytes - this.#held)) return false
    this.#held = bytes
    return true
  }

  release(): void {
    this.#take(-this.#held)
    this.#held = 0
  }
}
