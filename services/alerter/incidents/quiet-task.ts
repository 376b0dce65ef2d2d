/** Collects what the subscriptions of a partition do not get in their quiet hours, and sends the summaries. */
import { randomUUID } from 'node:crypto'
import type { HeldNotification, Notification, QuietSummary } from '@weir/contracts'
import type { Appender, Position, RecordBatch, Task } from '@weir/kafka'
import type { TopicRecords } from '@weir/topics'
import type { Subscription } from '../notifications/entries.ts'
import type { AllQuietHours } from './quiet-hours.ts'

export interface QuietTaskOptions {
  readonly partition: number
  readonly held: TopicRecords<HeldNotification>
  readonly states: {
    of(partition: number, signal: AbortSignal): Promise<Map<string, QuietSummary>>
    append(out: Appender, key: string, value: QuietSummary | null): void
  }
  readonly subscriptions: ReadonlyMap<string, Subscription>
  readonly hours: AllQuietHours
  readonly notify: (out: Appender, notification: Notification, key: string) => void
}

const MAX_TITLES = 20

export class QuietTask implements Task {
  readonly #options: QuietTaskOptions
  /** Summaries by subscription. */
  #summaries = new Map<string, QuietSummary>()

  constructor(options: QuietTaskOptions) {
    this.#options = options
  }

  async begin(_positions: readonly Position[], signal: AbortSignal): Promise<void> {
    this.#summaries = await this.#options.states.of(this.#options.partition, signal)
  }

  async process(batch: RecordBatch, out: Appender): Promise<void> {
    const { held } = this.#options
    await held.prepare(batch)
    const changed = new Set<string>()
    held.each(batch, ({ value }) => {
      if (value === null) return
      this.#add(value)
      changed.add(value.subscription)
    })
    for (const subscription of changed)
      this.#options.states.append(out, subscription, this.#summaries.get(subscription)!)
  }

  tick(now: number, out: Appender): void {
    for (const summary of this.#summaries.values()) if (summary.dueAt <= now) this.#send(summary, now, out)
  }

  #add({ subscription, title, heldAt, until }: HeldNotification): void {
    const before = this.#summaries.get(subscription)
    // Those of different partitions may come in another order.
    const first = [...(before?.first ?? []), { at: heldAt, title }].sort((one, other) => one.at - other.at)
    this.#summaries.set(subscription, {
      subscription,
      dueAt: Math.max(before?.dueAt ?? 0, until),
      notifications: (before?.notifications ?? 0) + 1,
      first: first.slice(0, MAX_TITLES),
    })
  }

  /** Quiet hours that were changed meanwhile may not have ended yet. */
  #send(summary: QuietSummary, now: number, out: Appender): void {
    const { subscriptions, hours, states, notify } = this.#options
    const subscription = subscriptions.get(summary.subscription)
    const until = subscription && hours.until(subscription, undefined, now)
    if (until !== undefined) {
      const later = { ...summary, dueAt: until }
      this.#summaries.set(summary.subscription, later)
      return states.append(out, summary.subscription, later)
    }
    this.#summaries.delete(summary.subscription)
    states.append(out, summary.subscription, null)
    if (subscription !== undefined) notify(out, notificationOf(summary, subscription, now), subscription.id)
  }
}

function notificationOf(
  { notifications, first }: QuietSummary,
  { id, topic, topicId }: Subscription,
  now: number,
): Notification {
  const many = notifications === 1 ? '1 notification' : `${notifications} notifications`
  const lines = first.map(({ at, title }) => `${new Date(at).toISOString()}  ${title}`)
  const rest = notifications - first.length
  return {
    messageId: randomUUID(),
    topic,
    topicId,
    publishedAt: now,
    subject: `${many} in quiet hours`,
    message: [
      `${many} of ${topic} came in your quiet hours:`,
      '',
      ...lines,
      ...(rest > 0 ? [`and ${rest} more`] : []),
    ].join('\n'),
    perProtocol: false,
    attributes: [],
    groupId: null,
    deduplicationId: null,
    subscription: id,
    target: null,
    traceHeader: null,
  }
}
