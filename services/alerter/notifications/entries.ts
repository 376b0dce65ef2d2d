/** The entries of weir.control.notifications, and their checks before they are applied. */
import type { CheckState } from '@weir/control'
import { flag, integer, map, nullable, object, oneOf, read, type ShapedBy, text } from '@weir/topics/shape.ts'
import { type MobileEntries, mobileChecks } from './mobile-entries.ts'

/** The protocols of subscriptions, as the API names them (SNS API reference, Subscribe). The last two are Weir's own. */
export const PROTOCOLS = [
  'http',
  'https',
  'email',
  'email-json',
  'sms',
  'application',
  'lambda',
  'sqs',
  'firehose',
  'kinesis',
  'kafka',
] as const
export type ProtocolName = (typeof PROTOCOLS)[number]

/** SNS API reference, CreateTopic. */
export const TOPIC_NAME = /^[\w-]{1,256}$|^[\w-]{1,251}\.fifo$/
/** A policy may have 256 KB, and a topic several (SNS developer guide, "Filter policy constraints"). */
const MAX_ATTRIBUTE_CHARACTERS = 262_144
const MAX_ENDPOINT_CHARACTERS = 2048

const name = text({ max: 256, pattern: TOPIC_NAME, like: 'letters, digits, - and _, perhaps with .fifo' })
const id = text({ max: 64, pattern: /^[0-9a-f-]+$/, like: 'hexadecimal digits and dashes' })
const time = integer({ min: 0, max: 8.64e15 })
const attributes = map(text({ max: 256 }), text({ min: 0, max: MAX_ATTRIBUTE_CHARACTERS }), { max: 64 })
const tags = map(text({ max: 128 }), text({ min: 0, max: 256 }), { max: 50 })

const topic = object({
  name,
  /** A topic that is deleted and created again has another. */
  id,
  createdAt: time,
  /** The attributes that were set, by their names in the API. */
  attributes,
  tags,
  dataProtectionPolicy: nullable(text({ min: 0, max: MAX_ATTRIBUTE_CHARACTERS })),
})
export type Topic = ShapedBy<typeof topic>

const subscription = object(
  {
    id,
    topic: name,
    topicId: id,
    protocol: oneOf(...PROTOCOLS),
    endpoint: text({ max: MAX_ENDPOINT_CHARACTERS }),
    createdAt: time,
    /** The attributes that were set, by their names in the API. */
    attributes,
    /** Shown by the receiver that confirms the subscription. */
    token: text({ max: 288 }),
    /** Whether it was confirmed; nothing is delivered before. */
    confirmed: flag,
    /** Whether only a signed request may end it. */
    signedUnsubscribe: flag,
    /** Whether the request that confirmed it was signed. */
    signedConfirmation: flag,
    /** The name of the access key that subscribed. */
    subscriber: text({ max: 256 }),
  },
  {
    /** When the token was made, if that was after the subscription. */
    tokenAt: time,
    /** When the receiver ended the subscription by a link. Its token can restore it for a while. */
    endedAt: time,
  },
)
export type Subscription = ShapedBy<typeof subscription>

/** A certificate by which receivers check signatures. */
const certificate = object({ pem: text({ max: 8192 }), createdAt: time })
export type Certificate = ShapedBy<typeof certificate>

export const checks = {
  topic: (state, entryId) => {
    if (read(topic, state, 'ignored').name !== entryId)
      throw new Error('The topic is stored under the name of another topic.')
  },
  subscription: (state, entryId) => {
    if (read(subscription, state, 'ignored').id !== entryId)
      throw new Error('The subscription is stored under the id of another subscription.')
  },
  certificate: (state) => void read(certificate, state, 'ignored'),
  ...mobileChecks,
} satisfies Record<string, CheckState>

export interface Entries extends MobileEntries {
  readonly topic: Topic
  readonly subscription: Subscription
  /** Stored under its fingerprint. */
  readonly certificate: Certificate
}

/** Whether the receiver must confirm a subscription before it gets messages. */
export const mustConfirm = (protocol: ProtocolName): boolean =>
  protocol === 'http' || protocol === 'https' || protocol === 'email' || protocol === 'email-json'

export const isFifo = (topicName: string): boolean => topicName.endsWith('.fifo')
