/** The outcomes of one subscription's deliveries in the last minutes. */
import type { DeliveryAttempt } from '@weir/contracts'

export interface Counts {
  readonly delivered: number
  readonly failed: number
  /** Given up; those that a dead-letter queue took are among them. */
  readonly dead: number
  /** Held back in quiet hours. */
  readonly held: number
}

const MAX_KEPT = 50
const MAX_WAITING = 1000
const MINUTE_MS = 60_000
const NONE: Counts = { delivered: 0, failed: 0, dead: 0, held: 0 }

export class SubscriptionAttempts {
  /** Oldest first. */
  readonly #last: DeliveryAttempt[] = []
  readonly #minutes = new Map<number, Counts>()
  /** When deliveries are due again, by message. */
  readonly #waiting = new Map<string, number>()

  add(attempt: DeliveryAttempt): void {
    const { messageId, startedAt, dueAt } = attempt
    this.#last.push(attempt)
    if (this.#last.length > MAX_KEPT) this.#last.shift()
    const kind = kindOf(attempt)
    this.#waiting.delete(messageId)
    if (dueAt !== null && kind !== 'held' && this.#waiting.size < MAX_WAITING)
      this.#waiting.set(messageId, dueAt)
    if (kind === undefined) return
    const minute = Math.floor(startedAt / MINUTE_MS)
    const counts = this.#minutes.get(minute) ?? NONE
    this.#minutes.set(minute, { ...counts, [kind]: counts[kind] + 1 })
  }

  /** Newest first. */
  get attempts(): readonly DeliveryAttempt[] {
    return this.#last.toReversed()
  }

  /** The last attempt that was made: deliveries that only waited their turn say nothing about the receiver. */
  get last(): DeliveryAttempt | undefined {
    return this.#last.findLast(({ outcome }) => outcome !== 'postponed')
  }

  get isFailing(): boolean {
    const last = this.last
    return last !== undefined && (last.outcome !== 'delivered' || last.deadLetter)
  }

  get waiting(): number {
    return this.#waiting.size
  }

  get counts(): Counts {
    return [...this.#minutes.values()].reduce(
      (sum, { delivered, failed, dead, held }) => ({
        delivered: sum.delivered + delivered,
        failed: sum.failed + failed,
        dead: sum.dead + dead,
        held: sum.held + held,
      }),
      NONE,
    )
  }

  /** Forgets what began earlier. Returns whether nothing is left. */
  forgetBefore(time: number): boolean {
    while (this.#last.length > 0 && this.#last[0].startedAt < time) this.#last.shift()
    for (const minute of this.#minutes.keys())
      if ((minute + 1) * MINUTE_MS < time) this.#minutes.delete(minute)
    for (const [message, dueAt] of this.#waiting) if (dueAt < time) this.#waiting.delete(message)
    return this.#last.length === 0
  }
}

/** Undefined for a delivery that only waits its turn. */
function kindOf({ outcome, status }: DeliveryAttempt): keyof Counts | undefined {
  if (outcome === 'postponed') return status === 'quiet-hours' ? 'held' : undefined
  return outcome
}
