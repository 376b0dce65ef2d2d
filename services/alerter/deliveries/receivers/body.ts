/** The body of a message for queues, streams and topics: the envelope, or the text alone. */
import type { Delivery, StoredMessage } from '../delivery.ts'
import { type Envelopes, textFor } from '../envelope.ts'

export type MessageDelivery = Delivery & { readonly message: StoredMessage }

export function isRaw({ subscription }: Pick<Delivery, 'subscription'>): boolean {
  return subscription.attributes.RawMessageDelivery?.toLowerCase() === 'true'
}

export async function bodyOf(delivery: MessageDelivery, envelopes: Envelopes): Promise<string> {
  return isRaw(delivery)
    ? textFor(delivery.message.value, delivery.subscription.protocol)
    : JSON.stringify(await envelopes.notification(delivery))
}

/** Messages with the same key keep their order, if the topic keeps it. */
export function keyOf({ message: { value } }: MessageDelivery): string {
  return value.groupId ?? value.messageId
}
