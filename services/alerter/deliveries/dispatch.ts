/** Begins an attempt for each subscription that gets a message, and for deliveries that are due again. */
import type { DueDelivery, Notification } from '@weir/contracts'
import type { RecordBatch } from '@weir/kafka'
import { pause } from '@weir/timing'
import { alertIn } from '../incidents/attributes.ts'
import type { AllQuietHours } from '../incidents/quiet-hours.ts'
import { isFifo, type Subscription, type Topic } from '../notifications/entries.ts'
import type { Notifications } from '../notifications/notifications.ts'
import type { Attempting } from './attempting.ts'
import { type Cause, type Delivery, type StoredMessage, storedMessage } from './delivery.ts'
import { directSubscription, isDirect, NO_TOPIC } from './direct.ts'
import type { Filters } from './filters.ts'
import type { Finished } from './finished.ts'
import type { HeldMessages } from './held-messages.ts'
import type { Messages } from './messages.ts'

export interface DispatchOptions {
  readonly notifications: Notifications
  readonly attempting: Attempting
  readonly held: HeldMessages
  readonly filters: Filters
  readonly quietHours: AllQuietHours
  /** Records that a subscription does not get a message before a time (ms since the epoch). */
  readonly hold: (delivery: Delivery, until: number, signal: AbortSignal) => Promise<void>
}

/** Begins the deliveries of one batch. */
export class Dispatch {
  readonly #options: DispatchOptions
  readonly #messages: Messages
  readonly #finished: Finished
  readonly #batch: RecordBatch
  readonly #signal: AbortSignal
  readonly #running: Promise<void>[] = []

  constructor(
    options: DispatchOptions,
    messages: Messages,
    finished: Finished,
    batch: RecordBatch,
    signal: AbortSignal,
  ) {
    this.#options = options
    this.#messages = messages
    this.#finished = finished
    this.#batch = batch
    this.#signal = signal
  }

  /** Resolves when everything that was begun has ended. */
  async done(): Promise<void> {
    await Promise.all(this.#running)
  }

  /** Begins the deliveries of a message to the subscriptions of its topic. */
  message(value: Notification, offset: number): void {
    const topic = value.target === null ? this.#topic(value.topic, value.topicId) : NO_TOPIC
    if (topic === undefined) return
    const { partition } = this.#batch
    const cause = { retry: false, partition, offset }
    const message = storedMessage(value, partition, offset)
    const begun: Promise<void>[] = []
    const { attempting, hold, notifications } = this.#options
    const { messageId, target } = value
    const subscriptions =
      target === null ? notifications.subscriptionsOf(topic) : [directSubscription(target)]
    for (const subscription of subscriptions) {
      if (!subscription.confirmed || this.#finished.has(offset, subscription.id)) continue
      if (!this.#isFor(subscription, message)) continue
      const delivery: Delivery = {
        topic,
        subscription,
        message,
        messageId,
        attempts: 0,
        deadLetter: false,
        cause,
      }
      const until = this.#quietUntil(delivery, value)
      begun.push(
        until === undefined ? attempting.run(delivery, this.#signal) : hold(delivery, until, this.#signal),
      )
    }
    if (begun.length > 0) this.#running.push(this.#options.held.until(message, begun))
  }

  #isFor(subscription: Subscription, message: StoredMessage): boolean {
    const { subscription: only } = message.value
    return only === null ? this.#options.filters.accepts(subscription, message) : only === subscription.id
  }

  /** Summaries of quiet hours are delivered, and FIFO topics keep their order. */
  #quietUntil({ subscription, topic }: Delivery, value: Notification): number | undefined {
    if (value.subscription !== null || isFifo(topic.name)) return undefined
    if (!subscription.attributes.WeirQuietHours) return undefined
    return this.#options.quietHours.until(subscription, alertIn(value.attributes), Date.now())
  }

  /** Begins a delivery that is due. */
  due(value: DueDelivery, offset: number): void {
    if (this.#finished.has(offset, value.subscription)) return
    const cause = { retry: true, partition: this.#batch.partition, offset }
    this.#running.push(this.#options.held.until(undefined, [this.#again(value, cause)]))
  }

  async #again(value: DueDelivery, cause: Cause): Promise<void> {
    await pause(value.dueAt - Date.now(), this.#signal)
    const { notifications, attempting } = this.#options
    if (isDirect(value.subscription)) return this.#directAgain(value, cause)
    const { subscriptions, ended } = notifications
    const subscription = subscriptions.get(value.subscription) ?? ended.get(value.subscription)
    const topic = subscription && this.#topic(subscription.topic, subscription.topicId)
    if (subscription === undefined || topic === undefined) return
    const isConfirmation = value.offset < 0
    // A receiver that has confirmed meanwhile need not be asked again.
    if (isConfirmation === subscription.confirmed) return
    const message = isConfirmation ? undefined : await this.#messages.get(value.partition, value.offset)
    if (message === undefined && !isConfirmation) return
    const { messageId, attempts, deadLetter } = value
    const delivery: Delivery = { topic, subscription, message, messageId, attempts, deadLetter, cause }
    await this.#options.held.until(message, [attempting.run(delivery, this.#signal)])
  }

  async #directAgain({ partition, offset, attempts, deadLetter }: DueDelivery, cause: Cause): Promise<void> {
    const message = await this.#messages.get(partition, offset)
    if (message === undefined || message.value.target === null) return
    const { messageId, target } = message.value
    const subscription = directSubscription(target)
    const delivery: Delivery = {
      topic: NO_TOPIC,
      subscription,
      message,
      messageId,
      attempts,
      deadLetter,
      cause,
    }
    await this.#options.held.until(message, [this.#options.attempting.run(delivery, this.#signal)])
  }

  /** Returns the topic, unless it was deleted meanwhile. */
  #topic(name: string, id: string): Topic | undefined {
    const found = this.#options.notifications.topics.get(name)
    return found?.id === id ? found : undefined
  }
}
