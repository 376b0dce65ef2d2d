/** The deliveries of this replica that failed and wait for another attempt: how old they are, and whose. */
import { type Delivery, identityOf, type Outcome } from './delivery.ts'

interface Waiting {
  readonly subscription: string
  readonly publishedAt: number
  readonly dueAt: number
}

/** Further ones are not watched: the oldest are. */
const MAX_WATCHED = 20_000
/** A delivery that is due for this long belongs to another replica by now. */
const FORGOTTEN_MS = 10 * 60_000

export class WaitingBoard {
  /** Deliveries by subscription and message. */
  readonly #waiting = new Map<string, Waiting>()

  note(delivery: Delivery, outcome: Outcome): void {
    const { message } = delivery
    if (message === undefined) return
    const isWaiting = outcome.outcome === 'failed'
    if (!isWaiting && this.#waiting.size === 0) return
    const { subscription, messageId } = identityOf(delivery)
    const key = `${subscription}/${messageId}`
    // A delivery that waits for its turn meanwhile is as old as before.
    if (outcome.outcome === 'postponed') return
    if (!isWaiting) this.#waiting.delete(key)
    else if (this.#waiting.size < MAX_WATCHED || this.#waiting.has(key))
      this.#waiting.set(key, { subscription, publishedAt: message.value.publishedAt, dueAt: outcome.dueAt })
  }

  /** The subscriptions with failed deliveries, and the age of the oldest of these in seconds. */
  look(now: number): { readonly subscriptions: number; readonly oldestSeconds: number } {
    const subscriptions = new Set<string>()
    let oldest = now
    for (const [key, { subscription, publishedAt, dueAt }] of this.#waiting) {
      if (dueAt < now - FORGOTTEN_MS) this.#waiting.delete(key)
      else {
        subscriptions.add(subscription)
        oldest = Math.min(oldest, publishedAt)
      }
    }
    return { subscriptions: subscriptions.size, oldestSeconds: (now - oldest) / 1000 }
  }
}
