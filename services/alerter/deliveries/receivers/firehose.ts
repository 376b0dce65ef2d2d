/** Delivery streams of Firehose, by AWS's SDK with its credentials and endpoints (AWS_ENDPOINT_URL_FIREHOSE). */
import { parseArn } from '@weir/aws'
import type { Envelopes } from '../envelope.ts'
import { MANAGED_POLICY } from '../schedule.ts'
import { UNCONFIRMED } from './answers.ts'
import { bodyOf } from './body.ts'
import type { Receiver } from './receiver.ts'
import { answerOf, Clients, DELIVERED, SDK_TIMEOUT_MS } from './sdk.ts'

const DELIVERY_STREAM = /^deliverystream\/([\w.-]{1,64})$/

/** Returns the name in the ARN of a delivery stream; undefined for other texts. */
export function deliveryStreamIn(text: string): string | undefined {
  const arn = parseArn(text)
  return arn?.service === 'firehose' && arn.region !== ''
    ? DELIVERY_STREAM.exec(arn.resource)?.[1]
    : undefined
}

export function firehoseReceiver(envelopes: Envelopes): Receiver {
  const clients = new Clients(async (region) => {
    const { FirehoseClient } = await import('@aws-sdk/client-firehose')
    return new FirehoseClient({ region, maxAttempts: 1 })
  })
  return {
    async deliver({ message, ...delivery }) {
      const { endpoint } = delivery.subscription
      if (message === undefined) return UNCONFIRMED
      try {
        const { PutRecordCommand } = await import('@aws-sdk/client-firehose')
        const body = await bodyOf({ ...delivery, message }, envelopes)
        const client = await clients.of(parseArn(endpoint)!.region)
        await client.send(
          // Firehose joins records; a line each can be told apart again.
          new PutRecordCommand({
            DeliveryStreamName: deliveryStreamIn(endpoint),
            Record: { Data: Buffer.from(`${body}\n`) },
          }),
          { abortSignal: AbortSignal.timeout(SDK_TIMEOUT_MS) },
        )
        return DELIVERED
      } catch (error) {
        return answerOf(error)
      }
    },
    terms: () => ({ policy: MANAGED_POLICY, maxPerSecond: undefined }),
  }
}
