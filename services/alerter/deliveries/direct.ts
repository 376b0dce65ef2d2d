/** Messages to a phone number or to an endpoint of mobile push, which have no topic and no subscription. */
import type { Subscription, Topic } from '../notifications/entries.ts'

/** The topic of messages that have none. Real ones have a name. */
export const NO_TOPIC: Topic = {
  name: '',
  id: '',
  createdAt: 0,
  attributes: {},
  tags: {},
  dataProtectionPolicy: null,
}

type DirectProtocol = 'sms' | 'application'

/** Returns whether a delivery is one of a message to a number or an endpoint. */
export function isDirect(subscriptionId: string): subscriptionId is DirectProtocol {
  return subscriptionId === 'sms' || subscriptionId === 'application'
}

/** Returns what stands for the subscription. All that are of one protocol have the protocol as id. */
export function directSubscription(target: string): Subscription {
  const protocol: DirectProtocol = target.startsWith('arn:') ? 'application' : 'sms'
  return {
    id: protocol,
    topic: NO_TOPIC.name,
    topicId: NO_TOPIC.id,
    protocol,
    endpoint: target,
    createdAt: 0,
    attributes: {},
    token: '',
    confirmed: true,
    signedUnsubscribe: false,
    signedConfirmation: true,
    subscriber: '',
  }
}
