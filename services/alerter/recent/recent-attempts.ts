/**
 * The attempts of the last minutes, by subscription. They are read from Kafka while somebody looks, and only the
 * newest of a busy topic, so that looking costs the deliveries little.
 */
import type { Codec } from '@weir/codec'
import type { DeliveryAttempt } from '@weir/contracts'
import { type Kafka, KafkaError } from '@weir/kafka'
import type { Logger } from '@weir/service'
import { openRecords, type TopicRecords } from '@weir/topics'
import { SubscriptionAttempts } from './subscription-attempts.ts'

export const ATTEMPTS = 'weir.notifications.attempts'
export const WINDOW_MS = 15 * 60_000

/** The records that one reading of a partition takes. */
const MAX_BEHIND = 5000
const FETCH_BYTES = 1 << 20
/** Subscriptions that are remembered. The one whose last attempt is the oldest is forgotten first. */
const MAX_SUBSCRIPTIONS = 2000
/** Callers within this time share a reading. */
const FRESH_MS = 500

export interface RecentOptions {
  readonly kafka: Pick<Kafka, 'partitions' | 'offsetAt' | 'fetch'>
  readonly codec: Codec
  readonly log: Logger
}

export class RecentAttempts {
  readonly #kafka: RecentOptions['kafka']
  readonly #records: TopicRecords<DeliveryAttempt>
  /** The one that was attempted last comes last. */
  readonly #subscriptions = new Map<string, SubscriptionAttempts>()
  /** The next offset of each partition; empty before the first reading. */
  readonly #positions: number[]
  #reading: Promise<void> | undefined
  #readAt = -Infinity
  #skipped = 0

  constructor(kafka: RecentOptions['kafka'], records: TopicRecords<DeliveryAttempt>, partitions: number) {
    this.#kafka = kafka
    this.#records = records
    this.#positions = Array<number>(partitions).fill(-1)
  }

  /** Attempts of the window that were not read, because there were too many. */
  get skipped(): number {
    return this.#skipped
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
    if (performance.now() - this.#readAt < FRESH_MS) return this.#reading
    this.#readAt = performance.now()
    const before = this.#reading ?? Promise.resolve()
    this.#reading = before.catch(() => {}).then(() => this.#readAll())
    return this.#reading
  }

  async #readAll(): Promise<void> {
    const now = Date.now()
    await Promise.all(this.#positions.map((_, partition) => this.#readPartition(partition, now)))
    for (const [subscription, attempts] of this.#subscriptions)
      if (attempts.forgetBefore(now - WINDOW_MS)) this.#subscriptions.delete(subscription)
  }

  async #readPartition(partition: number, now: number): Promise<void> {
    const end = await this.#kafka.offsetAt(ATTEMPTS, partition, 'latest')
    const first =
      this.#positions[partition] < 0
        ? await this.#kafka.offsetAt(ATTEMPTS, partition, now - WINDOW_MS)
        : this.#positions[partition]
    let position = Math.max(first, end - MAX_BEHIND)
    this.#skipped += position - first
    try {
      while (position < end) {
        const batch = await this.#kafka.fetch(ATTEMPTS, partition, position, FETCH_BYTES)
        if (batch.nextOffset <= position) break
        await this.#records.prepare(batch)
        this.#records.each(batch, ({ value }) => value && this.#add(value))
        position = batch.nextOffset
      }
      this.#positions[partition] = position
    } catch (error) {
      // The records were deleted meanwhile, or the topic was recreated.
      this.#positions[partition] = -1
      if (!(error instanceof KafkaError) || error.code !== 'out-of-range') throw error
    }
  }

  #add(attempt: DeliveryAttempt): void {
    const { subscription } = attempt
    const attempts = this.#subscriptions.get(subscription) ?? new SubscriptionAttempts()
    attempts.add(attempt)
    this.#subscriptions.delete(subscription)
    this.#subscriptions.set(subscription, attempts)
    if (this.#subscriptions.size > MAX_SUBSCRIPTIONS)
      this.#subscriptions.delete(this.#subscriptions.keys().next().value!)
  }
}

export async function openRecentAttempts({ kafka, codec, log }: RecentOptions): Promise<RecentAttempts> {
  const records = await openRecords({ codec, topic: ATTEMPTS, reader: 'recent', log })
  return new RecentAttempts(kafka, records, await kafka.partitions(ATTEMPTS))
}
