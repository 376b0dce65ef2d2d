/** A message on its way to one subscription. */
import type { DueDelivery, Notification } from '@weir/contracts'
import type { Subscription, Topic } from '../notifications/entries.ts'

/** A message, and its place in weir.notifications. */
export interface StoredMessage {
  readonly value: Notification
  readonly partition: number
  readonly offset: number
  /** Approximate size in memory. */
  readonly bytes: number
}

/** Bytes of a message in memory besides its texts. */
const OVERHEAD_BYTES = 512

export function storedMessage(value: Notification, partition: number, offset: number): StoredMessage {
  let characters = value.message.length
  for (const { text, bytes } of value.attributes) characters += (text?.length ?? 0) + (bytes?.length ?? 0)
  return { value, partition, offset, bytes: 2 * characters + OVERHEAD_BYTES }
}

export interface Delivery {
  readonly topic: Topic
  readonly subscription: Subscription
  /** Undefined: the receiver is asked to confirm the subscription. */
  readonly message: StoredMessage | undefined
  /** The id of the message, or of the request to confirm. */
  readonly messageId: string
  /** The number of attempts that were made before. */
  readonly attempts: number
  /** Whether only the dead-letter queue must still get the message. */
  readonly deadLetter: boolean
  /** The record that causes this delivery: the message itself, or a due delivery. */
  readonly cause: Cause
}

export interface Cause {
  readonly retry: boolean
  readonly partition: number
  readonly offset: number
}

/** How a receiver took a message. */
export interface Answer {
  /** `retry`: it may succeed later; `dead`: it never will. */
  readonly verdict: 'delivered' | 'retry' | 'dead'
  /** In a word: 200, 503, timeout, refused-address. */
  readonly status: string
  /** The beginning of the receiver's answer, or the cause in a sentence. */
  readonly text: string | null
  /** Whether a gateway answered that one recipient cannot take the message, so others need not wait. */
  readonly isOfRecipient?: boolean
}

/** The outcome of an attempt. */
export type Outcome =
  | { readonly outcome: 'delivered' | 'dead'; readonly answer: Answer }
  | {
      readonly outcome: 'failed' | 'postponed'
      readonly answer: Answer
      readonly dueAt: number
      /** Whether it is due at the dead-letter queue. */
      readonly deadLetter: boolean
    }

/** Returns the fields that name a delivery in records. */
export function identityOf({
  subscription,
  topic,
  message,
  messageId,
}: Delivery): Pick<DueDelivery, 'subscription' | 'topic' | 'messageId' | 'partition' | 'offset'> {
  return {
    subscription: subscription.id,
    topic: topic.name,
    messageId,
    partition: message?.partition ?? -1,
    offset: message?.offset ?? -1,
  }
}
