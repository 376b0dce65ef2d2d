/** Queues of SQS: receivers, and dead-letter queues of all subscriptions. */
import type { MessageAttributeValue, SendMessageCommandInput, SQSClient } from '@aws-sdk/client-sqs'
import { parseArn } from '@weir/aws'
import { isFifo } from '../../notifications/entries.ts'
import type { Answer, StoredMessage } from '../delivery.ts'
import type { Envelopes } from '../envelope.ts'
import { MANAGED_POLICY } from '../schedule.ts'
import { UNCONFIRMED } from './answers.ts'
import { bodyOf, isRaw, type MessageDelivery } from './body.ts'
import type { Receiver } from './receiver.ts'
import { answerOf, Clients, DELIVERED, SDK_TIMEOUT_MS } from './sdk.ts'

/** The most attributes of a message (SQS developer guide, "Amazon SQS message attributes"). */
const MAX_ATTRIBUTES = 10

/** Sends messages to queues by their ARNs, with the SDK's credentials and endpoints (AWS_ENDPOINT_URL_SQS). */
export class Queues {
  /** Retries are the delivery's own. */
  readonly #clients = new Clients(async (region) => {
    const { SQSClient } = await import('@aws-sdk/client-sqs')
    return new SQSClient({ region, maxAttempts: 1 })
  })
  readonly #urls = new Map<string, string>()

  async send(arn: string, message: Omit<SendMessageCommandInput, 'QueueUrl'>): Promise<Answer> {
    try {
      const { SendMessageCommand } = await import('@aws-sdk/client-sqs')
      const client = await this.#clients.of(parseArn(arn)!.region)
      const QueueUrl = await this.#urlOf(arn, client)
      await client.send(new SendMessageCommand({ ...message, QueueUrl }), {
        abortSignal: AbortSignal.timeout(SDK_TIMEOUT_MS),
      })
      return DELIVERED
    } catch (error) {
      this.#urls.delete(arn)
      return answerOf(error)
    }
  }

  async #urlOf(arn: string, client: SQSClient): Promise<string> {
    const known = this.#urls.get(arn)
    if (known !== undefined) return known
    const { GetQueueUrlCommand } = await import('@aws-sdk/client-sqs')
    const { resource, accountId } = parseArn(arn)!
    const { QueueUrl } = await client.send(
      new GetQueueUrlCommand({ QueueName: resource, QueueOwnerAWSAccountId: accountId }),
    )
    this.#urls.set(arn, QueueUrl!)
    return QueueUrl!
  }
}

export function sqsReceiver(queues: Queues, envelopes: Envelopes): Receiver {
  return {
    async deliver({ message, ...delivery }) {
      if (message === undefined) return UNCONFIRMED
      if (isRaw(delivery) && message.value.attributes.length > MAX_ATTRIBUTES)
        return {
          verdict: 'dead',
          status: 'too-many-attributes',
          text: `SQS takes ${MAX_ATTRIBUTES} attributes.`,
        }
      const { endpoint } = delivery.subscription
      return sendToQueue(queues, envelopes, { ...delivery, message }, endpoint)
    },
    terms: () => ({ policy: MANAGED_POLICY, maxPerSecond: undefined }),
  }
}

/** Sends the envelope to a queue, or the message and its attributes alone. */
export async function sendToQueue(
  queues: Queues,
  envelopes: Envelopes,
  delivery: MessageDelivery,
  queueArn: string,
): Promise<Answer> {
  const { message } = delivery
  const hasAttributes = isRaw(delivery) && message.value.attributes.length > 0
  return queues.send(queueArn, {
    ...orderOf(queueArn, message),
    MessageBody: await bodyOf(delivery, envelopes),
    ...traceOf(message),
    ...(hasAttributes ? { MessageAttributes: attributesOf(message) } : {}),
  })
}

function attributesOf({ value }: StoredMessage): Record<string, MessageAttributeValue> {
  return Object.fromEntries(
    value.attributes.map(({ name, type, text, bytes }) => [
      name,
      { DataType: type, StringValue: text ?? undefined, BinaryValue: bytes ?? undefined },
    ]),
  )
}

function traceOf({ value: { traceHeader } }: StoredMessage): Partial<SendMessageCommandInput> {
  if (traceHeader === null) return {}
  return { MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: traceHeader } } }
}

/**
 * Queues that keep the order take the ids of the message. Standard ones share their time among groups, which SNS names
 * for messages of standard topics only.
 */
function orderOf(queueArn: string, { value }: StoredMessage): Partial<SendMessageCommandInput> {
  if (!queueArn.endsWith('.fifo'))
    return value.groupId === null || isFifo(value.topic) ? {} : { MessageGroupId: value.groupId }
  return {
    MessageGroupId: value.groupId ?? value.messageId,
    MessageDeduplicationId: value.deduplicationId ?? value.messageId,
  }
}
