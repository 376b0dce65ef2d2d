/** The attempts of the last minutes, by subscription. */
import type { Codec } from '@weir/codec'
import type { DeliveryAttempt } from '@weir/contracts'
import type { Kafka } from '@weir/kafka'
import type { Logger } from '@weir/service'
import { openRecent, type Recent } from '@weir/topics'
import { SubscriptionAttempts } from './subscription-attempts.ts'

export const ATTEMPTS = 'weir.notifications.attempts'
export const WINDOW_MS = 15 * 60_000

/** Subscriptions that are remembered. The one whose last attempt is the oldest is forgotten first. */
const MAX_SUBSCRIPTIONS = 2000

export interface RecentAttemptsOptions {
  readonly kafka: Pick<Kafka, 'partitions' | 'offsetAt' | 'fetch'>
  readonly codec: Codec
  readonly log: Logger
}

export class RecentAttempts {
  readonly #recent: Recent<typeof ATTEMPTS>
  readonly #subscriptions: Map<string, SubscriptionAttempts>

  /** @param subscriptions those with the attempts that `recent` reads, by id; the one that was attempted last comes last */
  constructor(recent: Recent<typeof ATTEMPTS>, subscriptions: Map<string, SubscriptionAttempts>) {
    this.#recent = recent
    this.#subscriptions = subscriptions
  }

  /** Attempts of the window that were not read, because there were too many. */
  get skipped(): number {
    return this.#recent.skipped
  }

  /** Attempts by subscription; the subscription that was attempted last comes first. */
  get all(): readonly (readonly [subscription: string, attempts: SubscriptionAttempts])[] {
    return [...this.#subscriptions].reverse()
  }

  of(subscription: string): SubscriptionAttempts | undefined {
    return this.#subscriptions.get(subscription)
  }

  /** Resolves when the attempts up to now are known. Rejects with a KafkaError. */
  async read(): Promise<void> {
    await this.#recent.read()
    const since = Date.now() - WINDOW_MS
    for (const [subscription, attempts] of this.#subscriptions)
      if (attempts.forgetBefore(since)) this.#subscriptions.delete(subscription)
  }
}

export async function openRecentAttempts(options: RecentAttemptsOptions): Promise<RecentAttempts> {
  const subscriptions = new Map<string, SubscriptionAttempts>()
  const add = (attempt: DeliveryAttempt): void => {
    const { subscription } = attempt
    const attempts = subscriptions.get(subscription) ?? new SubscriptionAttempts()
    attempts.add(attempt)
    subscriptions.delete(subscription)
    subscriptions.set(subscription, attempts)
    if (subscriptions.size > MAX_SUBSCRIPTIONS) subscriptions.delete(subscriptions.keys().next().value!)
  }
  const recent = await openRecent({
    ...options,
    topic: ATTEMPTS,
    reader: 'recent',
    windowMs: WINDOW_MS,
    accept: ({ value }) => value && add(value),
  })
  return new RecentAttempts(recent, subscriptions)
}
