/**
 * The attempts of deliveries to one receiver. It bounds how many are under way, by how well the receiver answers,
 * and how often they begin. A delivery that finds no room is told when to come back.
 */

/** Attempts under way at once: at the beginning, and at most. */
const FIRST_LIMIT = 8
const MAX_LIMIT = 64
/** Deliveries wait in memory for those under way if that takes about this long; otherwise they wait in Kafka. */
const MAX_QUEUE_MS = 10_000
/** The same for the turn of a throttled delivery. */
const MAX_WAIT_MS = 250
/** How long a delivery that found no room stays away. */
const MIN_AWAY_MS = 500
const MAX_AWAY_MS = 60_000
/** The weight of the newest duration in the average. */
const WEIGHT = 0.2

export interface Admitted {
  /** Resolves when the attempt may begin, or to the time at which the delivery shall come back instead. */
  readonly turn: Promise<number | undefined>
  /** Must be called once after an attempt. */
  ended(succeeded: boolean, durationMs: number): void
}

export class Lane {
  #limit = FIRST_LIMIT
  #active = 0
  readonly #queue: ((comeBackAt: number | undefined) => void)[] = []
  #averageMs = 10
  /** Deliveries that were sent away and are not due yet, by the time at which the last of them is. */
  #awayUntil = 0
  #nextSlot = 0

  /** Whether nothing is under way and nothing need be remembered, so that the lane may be forgotten. */
  get isIdle(): boolean {
    const isWell = this.#limit >= FIRST_LIMIT && this.#awayUntil <= Date.now()
    return isWell && this.#active === 0 && this.#queue.length === 0 && this.#nextSlot <= Date.now()
  }

  /**
   * Admits a delivery, or returns the time (ms since the epoch) at which it shall come back.
   * @param perSecond the most attempts in a second; undefined: no such limit
   * @param mayQueue whether it may wait in memory for others
   */
  enter(now: number, perSecond: number | undefined, mayQueue: boolean): Admitted | number {
    const slot = this.#slot(now, perSecond)
    if (slot - now > MAX_WAIT_MS) return slot
    if (this.#active >= this.#limit && (!mayQueue || !this.#isShort(this.#queue.length + 1)))
      return this.#away(now)
    return { turn: this.#turn(slot - now), ended: (succeeded, ms) => this.#ended(succeeded, ms) }
  }

  /** Takes the next slot if attempts are throttled. */
  #slot(now: number, perSecond: number | undefined): number {
    if (perSecond === undefined) return now
    const slot = Math.max(now, this.#nextSlot)
    this.#nextSlot = slot + 1000 / perSecond
    return Math.round(slot)
  }

  /** Spreads those that find no room over the time that the receiver takes for them. */
  #away(now: number): number {
    const each = this.#averageMs / this.#limit
    this.#awayUntil = Math.max(this.#awayUntil, now + MIN_AWAY_MS) + each
    return Math.round(Math.min(this.#awayUntil, now + MAX_AWAY_MS))
  }

  async #turn(waitMs: number): Promise<number | undefined> {
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
    if (this.#active >= this.#limit) return new Promise((resolve) => this.#queue.push(resolve))
    this.#active++
    return undefined
  }

  /** Whether a queue of this length takes little time, as fast as the receiver answers. */
  #isShort(length: number): boolean {
    return (length * this.#averageMs) / this.#limit <= MAX_QUEUE_MS
  }

  #ended(succeeded: boolean, durationMs: number): void {
    this.#averageMs += WEIGHT * (durationMs - this.#averageMs)
    this.#limit = succeeded ? Math.min(MAX_LIMIT, this.#limit + 1) : Math.max(1, this.#limit >> 1)
    this.#active--
    while (this.#active < this.#limit && this.#queue.length > 0) {
      this.#active++
      this.#queue.shift()!(undefined)
    }
    // The receiver has become slower: the last ones wait in Kafka.
    while (this.#queue.length > 0 && !this.#isShort(this.#queue.length))
      this.#queue.pop()!(this.#away(Date.now()))
  }
}
