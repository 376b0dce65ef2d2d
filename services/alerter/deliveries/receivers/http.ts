/** Receivers over HTTP and HTTPS. */
import { type Account, snsTopicArn } from '@weir/aws'
import { type Egress, EgressError } from '@weir/egress'
import { effectiveDeliveryPolicy } from '../../notifications/delivery-policy.ts'
import type { Answer, Delivery } from '../delivery.ts'
import { type Envelopes, textFor } from '../envelope.ts'
import { verdictOf } from './answers.ts'
import type { Receiver } from './receiver.ts'

/** SNS developer guide, "Setting the Amazon SNS delivery policy for the HTTP/S endpoint". */
const TIMEOUT_MS = 15_000
const MAX_RESPONSE_BYTES = 4096

export interface HttpReceiverOptions {
  readonly egress: Egress
  readonly envelopes: Envelopes
  readonly account: Account
  /** The part of all deliveries that this replica makes, from 0 to 1: throttles are shared by it. */
  readonly share: () => number
}

export function httpReceiver({ egress, envelopes, account, share }: HttpReceiverOptions): Receiver {
  const send = async (delivery: Delivery): Promise<Answer> => {
    const { subscription, message } = delivery
    const isRaw = message !== undefined && subscription.attributes.RawMessageDelivery === 'true'
    const body = isRaw
      ? textFor(message.value, subscription.protocol)
      : JSON.stringify(
          message === undefined
            ? await envelopes.confirmation(delivery)
            : await envelopes.notification({ ...delivery, message }),
          null,
          2,
        )
    const headers = headersOf(delivery, account, isRaw)
    try {
      const { status, body: answer } = await egress.request({
        url: subscription.endpoint,
        method: 'POST',
        headers,
        body,
        timeoutMs: TIMEOUT_MS,
        maxResponseBytes: MAX_RESPONSE_BYTES,
      })
      return { verdict: verdictOf(status), status: String(status), text: answer.toString() }
    } catch (error) {
      if (!(error instanceof EgressError)) throw error
      return { verdict: error.retriable ? 'retry' : 'dead', status: error.code, text: error.what }
    }
  }

  return {
    deliver: send,
    terms({ topic, subscription }) {
      const { retries, maxReceivesPerSecond } = effectiveDeliveryPolicy(topic, subscription)
      const maxPerSecond = maxReceivesPerSecond === undefined ? undefined : maxReceivesPerSecond * share()
      return { policy: retries, maxPerSecond }
    },
  }
}

function headersOf(
  { subscription, topic, message, messageId }: Delivery,
  account: Account,
  isRaw: boolean,
): Readonly<Record<string, string>> {
  const arn = snsTopicArn(account, topic.name)
  const common = {
    'content-type': effectiveDeliveryPolicy(topic, subscription).contentType,
    'accept-encoding': 'gzip,deflate',
    'user-agent': 'Amazon Simple Notification Service Agent',
    'x-amz-sns-message-id': messageId,
    'x-amz-sns-topic-arn': arn,
  }
  if (message === undefined && subscription.endedAt === undefined)
    return { ...common, 'x-amz-sns-message-type': 'SubscriptionConfirmation' }
  return {
    ...common,
    'x-amz-sns-message-type': message === undefined ? 'UnsubscribeConfirmation' : 'Notification',
    'x-amz-sns-subscription-arn': `${arn}:${subscription.id}`,
    ...(isRaw ? { 'x-amz-sns-rawdelivery': 'true' } : {}),
  }
}
