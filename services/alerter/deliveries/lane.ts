/**
 * The attempts of one subscription. It bounds how many are under way, by how well the receiver answers, and
 * how often they begin. A delivery that finds no room is told when to come back.
 */

/** Attempts under way at once: at the beginning, and at most. */
const FIRST_LIMIT = 8
const MAX_LIMIT = 64
/** Deliveries that wait in memory for those under way. */
const MAX_QUEUED = 64
/** Deliveries wait in memory for their turn up to this long; longer ones wait in Kafka. */
const MAX_WAIT_MS = 250
/** How long a delivery that found no room stays away. */
const MIN_AWAY_MS = 500
const MAX_AWAY_MS = 60_000
/** The weight of the newest duration in the average. */
const WEIGHT = 0.2

export interface Admitted {
  /** Resolves when the attempt may begin. */
  readonly turn: Promise<void>
  /** Must be called once after the attempt. */
  ended(succeeded: boolean, durationMs: number): void
}

export class Lane {
  #limit = FIRST_LIMIT
  #active = 0
  readonly #queue: (() => void)[] = []
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
    if (this.#active >= this.#limit && (!mayQueue || this.#queue.length >= MAX_QUEUED)) return this.#away(now)
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

  async #turn(waitMs: number): Promise<void> {
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
    if (this.#active < this.#limit) this.#active++
    else await new Promise<void>((resolve) => this.#queue.push(resolve))
  }

  #ended(succeeded: boolean, durationMs: number): void {
    this.#averageMs += WEIGHT * (durationMs - this.#averageMs)
    this.#limit = succeeded ? Math.min(MAX_LIMIT, this.#limit + 1) : Math.max(1, this.#limit >> 1)
    this.#active--
    while (this.#active < this.#limit && this.#queue.length > 0) {
      this.#active++
      this.#queue.shift()!()
    }
  }
}
