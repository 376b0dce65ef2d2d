/**
 * Messages as receivers get them: an object with a signature over its main fields (SNS developer guide,
 * "Verifying the signatures of Amazon SNS messages").
 */
import { type Account, snsTopicArn } from '@weir/aws'
import type { Notification } from '@weir/contracts'
import { isFifo, type Topic } from '../notifications/entries.ts'
import { sequenceNumber } from '../notifications/publisher.ts'
import type { Delivery, StoredMessage } from './delivery.ts'
import type { SignatureVersion, Signer } from './signing.ts'

/** The fields of an envelope in the order in which SNS writes them. */
export type Envelope = Readonly<Record<string, unknown>>

export interface EnvelopeOptions {
  readonly account: Account
  /** Where receivers reach this service. */
  readonly publicUrl: string
  readonly signer: Signer
}

export class Envelopes {
  readonly #options: EnvelopeOptions
  /** A message is signed once for all its subscriptions, by signature version and text. */
  readonly #signed = new WeakMap<StoredMessage, Map<string, Promise<Envelope>>>()

  constructor(options: EnvelopeOptions) {
    this.#options = options
  }

  /** Returns the envelope of a message for a subscription. */
  async notification(delivery: Delivery & { readonly message: StoredMessage }): Promise<Envelope> {
    const { topic, subscription, message } = delivery
    const version = signatureVersion(topic)
    const text = textFor(message.value, subscription.protocol)
    const key = `${version}${text}`
    const known = this.#signed.get(message) ?? new Map<string, Promise<Envelope>>()
    this.#signed.set(message, known)
    const common = known.get(key) ?? this.#notification(topic, message, text, version)
    known.set(key, common)
    const attributes = shownAttributes(message.value)
    return {
      ...(await common),
      UnsubscribeURL: this.unsubscribeUrl(delivery),
      ...(attributes === undefined ? {} : { MessageAttributes: attributes }),
    }
  }

  async #notification(
    topic: Topic,
    { value: { messageId, subject, publishedAt }, offset }: StoredMessage,
    text: string,
    version: SignatureVersion,
  ): Promise<Envelope> {
    const fields = {
      Type: 'Notification',
      MessageId: messageId,
      ...(isFifo(topic.name) ? { SequenceNumber: sequenceNumber(offset) } : {}),
      TopicArn: this.topicArn(topic),
      ...(subject === null ? {} : { Subject: subject }),
      Message: text,
      Timestamp: new Date(publishedAt).toISOString(),
    }
    // SNS does not sign the messages of FIFO topics, whose receivers are queues.
    if (isFifo(topic.name)) return fields
    return this.#sign(fields, ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'], version)
  }

  /** Returns the message that asks the receiver to confirm the subscription, or that tells it of the end. */
  confirmation(delivery: Delivery): Promise<Envelope> {
    const { topic, subscription, messageId } = delivery
    const { token, createdAt, tokenAt, endedAt } = subscription
    const arn = this.topicArn(topic)
    const [Type, Message] =
      endedAt === undefined
        ? [
            'SubscriptionConfirmation',
            `You have chosen to subscribe to the topic ${arn}.\nTo confirm the subscription, visit the SubscribeURL included in this message.`,
          ]
        : [
            'UnsubscribeConfirmation',
            `You have chosen to deactivate subscription ${this.subscriptionArn(delivery)}.\nTo cancel this operation and restore the subscription, visit the SubscribeURL included in this message.`,
          ]
    const fields = {
      Type,
      MessageId: messageId,
      Token: token,
      TopicArn: arn,
      Message,
      SubscribeURL: this.subscribeUrl(delivery),
      Timestamp: new Date(endedAt ?? tokenAt ?? createdAt).toISOString(),
    }
    const signed = ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type']
    return this.#sign(fields, signed, signatureVersion(topic))
  }

  async #sign(
    fields: Readonly<Record<string, string | null>>,
    names: readonly string[],
    version: SignatureVersion,
  ): Promise<Envelope> {
    const lines = names.filter((name) => name in fields).map((name) => `${name}\n${fields[name]}\n`)
    const { signer, publicUrl } = this.#options
    const Signature = await signer.sign(lines.join(''), version)
    return {
      ...fields,
      SignatureVersion: version,
      Signature,
      SigningCertURL: `${publicUrl}${signer.certificatePath}`,
    }
  }

  topicArn({ name }: Pick<Topic, 'name'>): string {
    return snsTopicArn(this.#options.account, name)
  }

  subscriptionArn({ topic, subscription }: Pick<Delivery, 'topic' | 'subscription'>): string {
    return `${this.topicArn(topic)}:${subscription.id}`
  }

  /** Returns the link that confirms the subscription. */
  subscribeUrl({ topic, subscription }: Pick<Delivery, 'topic' | 'subscription'>): string {
    return `${this.#options.publicUrl}/?Action=ConfirmSubscription&TopicArn=${this.topicArn(topic)}&Token=${subscription.token}`
  }

  /** Returns the link that ends the subscription. */
  unsubscribeUrl(delivery: Pick<Delivery, 'topic' | 'subscription'>): string {
    return `${this.#options.publicUrl}/?Action=Unsubscribe&SubscriptionArn=${this.subscriptionArn(delivery)}`
  }
}

/** Returns the text of a message for a protocol or a platform of mobile push: one of its own, or the default. */
export function textFor({ message, perProtocol }: Notification, protocol: string): string {
  if (!perProtocol) return message
  const texts = JSON.parse(message) as Readonly<Record<string, unknown>>
  const own = Object.hasOwn(texts, protocol) ? texts[protocol] : undefined
  return typeof own === 'string' ? own : (texts.default as string)
}

/** Returns the attributes in the form of envelopes; undefined if there are none. */
export function shownAttributes({ attributes }: Notification): object | undefined {
  if (attributes.length === 0) return undefined
  return Object.fromEntries(
    attributes.map(({ name, type, text, bytes }) => [
      name,
      { Type: type, Value: text ?? bytes?.toString('base64') ?? '' },
    ]),
  )
}

function signatureVersion(topic: Topic): SignatureVersion {
  return topic.attributes.SignatureVersion === '2' ? '2' : '1'
}
