/** Functions of Weir, which the enricher runs. They get the event that SNS would send. */
import { type AwsCredentials, parseArn, signatureHeaders } from '@weir/aws'
import { boundedText, reasonOf } from '@weir/service/probe.ts'
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

const TIMEOUT_MS = 15_000
const MAX_ANSWER_BYTES = 64 << 10
/** The resource of a function's ARN: NAME or NAME:QUALIFIER. */
const FUNCTION = /^function:([\w-]{1,64}(?::[\w$-]{1,128})?)$/

/** Returns NAME or NAME:QUALIFIER of a function's ARN; undefined for other texts. */
export function functionIn(arn: string): string | undefined {
  const parsed = parseArn(arn)
  return parsed?.service === 'lambda' && parsed.accountId !== ''
    ? FUNCTION.exec(parsed.resource)?.[1]
    : undefined
}

export function lambdaReceiver({
  envelopes,
  enricherUrl,
  region,
  credentials,
}: LambdaReceiverOptions): Receiver {
  const invoke = async (name: string, body: string): Promise<Answer> => {
    const url = new URL(`${enricherUrl}/2015-03-31/functions/${encodeURIComponent(name)}/invocations`)
    const request = { method: 'POST', url, headers: { 'x-amz-invocation-type': 'Event' }, body } as const
    const headers =
      credentials === undefined ? request.headers : signatureHeaders(request, credentials, region, 'lambda')
    try {
      const response = await fetch(url, { ...request, headers, signal: AbortSignal.timeout(TIMEOUT_MS) })
      const text = await boundedText(response, MAX_ANSWER_BYTES)
      return { verdict: verdictOf(response.status), status: String(response.status), text }
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
