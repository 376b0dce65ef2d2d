/**
 * Reads messages and due deliveries, and begins an attempt for each subscription that gets them. The next
 * batch does not wait for attempts; a partition's offset is committed when all attempts before it are finished
 * or wait in Kafka.
 */
import type { Codec } from '@weir/codec'
import type { DueDelivery, Notification } from '@weir/contracts'
import { type Kafka, Once, type RecordBatch, totalLag } from '@weir/kafka'
import { type Logger, type Resource, watchGroup } from '@weir/service'
import { pause } from '@weir/timing'
import { HandlerHealth, openRecords } from '@weir/topics'
import { alertIn } from '../incidents/attributes.ts'
import type { AllQuietHours } from '../incidents/quiet-hours.ts'
import { isFifo, type Subscription, type Topic } from '../notifications/entries.ts'
import type { Notifications } from '../notifications/notifications.ts'
import type { Attempting } from './attempting.ts'
import { type Cause, type Delivery, type StoredMessage, storedMessage } from './delivery.ts'
import { directSubscription, isDirect, NO_TOPIC } from './direct.ts'
import type { Filters } from './filters.ts'
import { type Finished, openFinished } from './finished.ts'
import { type Messages, openMessages } from './messages.ts'

export interface Dispatcher {
  /** False while this replica does not read messages. */
  ready(): boolean
  /** The part of all messages that this replica delivers, more than 0 and at most 1. */
  share(): number
  /** Messages and due deliveries that were not read yet, in the partitions of this replica. */
  lag(): number
}

export interface DispatcherOptions {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly notifications: Notifications
  readonly attempting: Attempting
  readonly held: HeldMessages
  readonly filters: Filters
  readonly quietHours: AllQuietHours
  /** Records that a subscription does not get a message before a time (ms since the epoch). */
  readonly hold: (delivery: Delivery, until: number, signal: AbortSignal) => Promise<void>
  readonly log: Logger
}

const MESSAGES = 'weir.notifications'
const DUE = 'weir.notifications.due'
const GROUP = 'alerter.deliveries'
const BATCH_RECORDS = 500
/** SNS developer guide, "Message deduplication for FIFO topics". */
const DEDUPLICATION_MS = 5 * 60_000
/** How often to check whether there is room again. */
const LOOK_MS = 20

/** Counts the messages that unfinished deliveries of this replica hold in memory. */
export class HeldMessages {
  #bytes = 0
  #count = 0
  readonly #holders = new Map<StoredMessage, number>()

  /** Above this, deliveries that find their receiver busy wait in Kafka. */
  static readonly MAX_QUEUED_BYTES = 32 << 20
  /** Above these, no more messages are read. */
  static readonly MAX_BYTES = 64 << 20
  static readonly MAX_DELIVERIES = 100_000

  readonly mayQueue = (): boolean => this.#bytes < HeldMessages.MAX_QUEUED_BYTES

  get isFull(): boolean {
    return this.#bytes > HeldMessages.MAX_BYTES || this.#count > HeldMessages.MAX_DELIVERIES
  }

  /** Counts deliveries, and their message once for all of them, until they have ended. */
  async until(message: StoredMessage | undefined, deliveries: readonly Promise<void>[]): Promise<void> {
    this.#count += deliveries.length
    if (message !== undefined) this.#hold(message, 1)
    const results = await Promise.allSettled(deliveries)
    this.#count -= deliveries.length
    if (message !== undefined) this.#hold(message, -1)
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }

  #hold(message: StoredMessage, change: 1 | -1): void {
    const before = this.#holders.get(message) ?? 0
    if (before === 0) this.#bytes += message.bytes
    if (before + change > 0) this.#holders.set(message, before + change)
    else {
      this.#holders.delete(message)
      this.#bytes -= message.bytes
    }
  }
}

export async function openDispatcher(options: DispatcherOptions): Promise<Resource<Dispatcher>> {
  const { kafka, codec, log } = options
  const [readFinished, messages, messageRecords, dueRecords, partitions] = await Promise.all([
    openFinished(kafka, codec, log),
    openMessages(kafka, codec, log),
    openRecords({ codec, topic: MESSAGES, reader: 'deliveries', log }),
    openRecords({ codec, topic: DUE, reader: 'deliveries', log }),
    kafka.partitions(MESSAGES),
  ])
  /** Deliveries that were finished before this member got the partition, by the signal of the assignment. */
  const finishedOf = new WeakMap<AbortSignal, Promise<Finished>>()

  const finished = (batch: RecordBatch, signal: AbortSignal): Promise<Finished> => {
    let found = finishedOf.get(signal)
    if (found === undefined) {
      const at = { partition: batch.partition, retry: batch.topic === DUE }
      found = readFinished(at, { offset: batch.offsets[0], timestamp: batch.timestamps[0] }, signal)
      found.catch(() => finishedOf.delete(signal))
      finishedOf.set(signal, found)
    }
    return found
  }

  const once = new Once({ kafka, windowMs: DEDUPLICATION_MS, log })
  const health = new HandlerHealth()
  const subscription = await kafka.consume(
    { groupId: GROUP, topics: [MESSAGES, DUE], startAt: 'earliest', maxBatchRecords: BATCH_RECORDS },
    health.watch(async (batch: RecordBatch, signal: AbortSignal) => {
      const before = await finished(batch, signal)
      before.passed(batch.offsets[0])
      const dispatch = new Dispatch(options, messages, before, batch, signal)
      if (batch.topic === DUE) {
        await dueRecords.prepare(batch)
        dueRecords.each(batch, ({ value, offset }) => value && dispatch.due(value, offset))
      } else {
        await once.prepare(batch, signal)
        await messageRecords.prepare(batch)
        messageRecords.each(batch, (record) => {
          if (record.value !== null && !once.seen(batch, record.index))
            dispatch.message(record.value, record.offset)
        })
      }
      while (options.held.isFull && !signal.aborted) await pause(LOOK_MS, signal)
      return { done: dispatch.done() }
    }),
  )
  const unwatch = watchGroup(subscription, kafka)
  return {
    value: {
      ready: () => health.ready(subscription),
      share: () => {
        const own = subscription.assignments().filter(({ topic }) => topic === MESSAGES).length
        return Math.max(1, own) / partitions
      },
      lag: () => totalLag(subscription.assignments()),
    },
    stop: async (drainMs) => {
      unwatch()
      await subscription.stop(drainMs)
    },
  }
}

/** Begins the deliveries of one batch. */
class Dispatch {
  readonly #options: DispatcherOptions
  readonly #messages: Messages
  readonly #finished: Finished
  readonly #batch: RecordBatch
  readonly #signal: AbortSignal
  readonly #running: Promise<void>[] = []

  constructor(
    options: DispatcherOptions,
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
