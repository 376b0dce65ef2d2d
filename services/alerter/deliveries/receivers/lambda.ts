/** Functions of Weir, which the enricher runs. They get the event that SNS would send. */
import { type AwsCredentials, functionIn, invokeFunction } from '@weir/aws'
import { reasonOf } from '@weir/service/probe.ts'
import type { Answer, StoredMessage } from '../delivery.ts'
import type { Envelope, Envelopes } from '../envelope.ts'
import { MANAGED_POLICY } from '../schedule.ts'
import { UNCONFIRMED, verdictOf } from './answers.ts'
import type { Receiver } from './receiver.ts'

export interface LambdaReceiverOptions {
  readonly envelopes: Envelopes
  readonly enricherUrl: string
  readonly region: string
  /** Without an access key, requests are not signed. */
  readonly credentials: AwsCredentials | undefined
}

export function lambdaReceiver({
  envelopes,
  enricherUrl,
  region,
  credentials,
}: LambdaReceiverOptions): Receiver {
  const invoke = async (name: string, body: string): Promise<Answer> => {
    try {
      const { status, text } = await invokeFunction({ enricherUrl, region, credentials }, name, body)
      return { verdict: verdictOf(status), status: String(status), text }
    } catch (error) {
      return { verdict: 'retry', status: 'unreachable', text: reasonOf(error as Error) }
    }
  }

  return {
    async deliver({ message, ...delivery }) {
      const name = functionIn(delivery.subscription.endpoint)
      if (message === undefined || name === undefined) return UNCONFIRMED
      const envelope = await envelopes.notification({ ...delivery, message })
      return invoke(name, JSON.stringify(eventOf(envelope, envelopes.subscriptionArn(delivery), message)))
    },
    terms: () => ({ policy: MANAGED_POLICY, maxPerSecond: undefined }),
  }
}

/** The event of Lambda for SNS, in which some names differ from the envelope's. */
function eventOf(envelope: Envelope, subscriptionArn: string, { value }: StoredMessage): object {
  const { SigningCertURL, UnsubscribeURL, MessageAttributes = {}, ...rest } = envelope
  return {
    Records: [
      {
        EventSource: 'aws:sns',
        EventVersion: '1.0',
        EventSubscriptionArn: subscriptionArn,
        Sns: {
          ...rest,
          Subject: value.subject,
          SigningCertUrl: SigningCertURL,
          UnsubscribeUrl: UnsubscribeURL,
          MessageAttributes,
        },
      },
    ],
  }
}
