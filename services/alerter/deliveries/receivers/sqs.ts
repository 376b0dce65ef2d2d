/** Queues of SQS: receivers, and dead-letter queues of all subscriptions. */
import type { MessageAttributeValue, SendMessageCommandInput, SQSClient } from '@aws-sdk/client-sqs'
import { isFinalSdkError, parseArn } from '@weir/aws'
import type { Answer, Delivery, StoredMessage } from '../delivery.ts'
import { type Envelopes, textFor } from '../envelope.ts'
import { MANAGED_POLICY } from '../schedule.ts'
import type { Receiver } from './receiver.ts'

/** The most attributes of a message (SQS developer guide, "Amazon SQS message attributes"). */
const MAX_ATTRIBUTES = 10
/** The time limit of a request to SQS. */
const TIMEOUT_MS = 15_000

/** Sends messages to queues by their ARNs, with the SDK's credentials and endpoints (AWS_ENDPOINT_URL_SQS). */
export class Queues {
  readonly #clients = new Map<string, Promise<SQSClient>>()
  readonly #urls = new Map<string, string>()

  async send(arn: string, message: Omit<SendMessageCommandInput, 'QueueUrl'>): Promise<Answer> {
    try {
      const { SendMessageCommand } = await import('@aws-sdk/client-sqs')
      const client = await this.#client(parseArn(arn)!.region)
      const QueueUrl = await this.#urlOf(arn, client)
      await client.send(new SendMessageCommand({ ...message, QueueUrl }), {
        abortSignal: AbortSignal.timeout(TIMEOUT_MS),
      })
      return { verdict: 'delivered', status: '200', text: null }
    } catch (error) {
      this.#urls.delete(arn)
      return answerOf(error as Error)
    }
  }

  #client(region: string): Promise<SQSClient> {
    let client = this.#clients.get(region)
    if (client === undefined) {
      // The SDK takes a while to load. Retries are the delivery's own.
      client = import('@aws-sdk/client-sqs').then(
        ({ SQSClient }) => new SQSClient({ region, maxAttempts: 1 }),
      )
      this.#clients.set(region, client)
    }
    return client
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

function answerOf(error: Error): Answer {
  return { verdict: isFinalSdkError(error) ? 'dead' : 'retry', status: error.name, text: error.message }
}

export function sqsReceiver(queues: Queues, envelopes: Envelopes): Receiver {
  return {
    async deliver(delivery) {
      const { message, subscription } = delivery
      if (message === undefined) return { verdict: 'dead', status: 'unconfirmed', text: null }
      const isRaw = subscription.attributes.RawMessageDelivery?.toLowerCase() === 'true'
      const { attributes } = message.value
      if (isRaw && attributes.length > MAX_ATTRIBUTES)
        return {
          verdict: 'dead',
          status: 'too-many-attributes',
          text: `SQS takes ${MAX_ATTRIBUTES} attributes.`,
        }
      return queues.send(
        subscription.endpoint,
        await inputOf(subscription.endpoint, { ...delivery, message }, envelopes),
      )
    },
    terms: () => ({ policy: MANAGED_POLICY, maxPerSecond: undefined }),
  }
}

/** Sends a message that was given up to the dead-letter queue of its subscription. */
export async function sendDeadLetter(
  queues: Queues,
  envelopes: Envelopes,
  delivery: Delivery & { readonly message: StoredMessage },
  queueArn: string,
): Promise<Answer> {
  return queues.send(queueArn, await inputOf(queueArn, delivery, envelopes))
}

/** Returns the message for a queue: the envelope, or the message and its attributes alone. */
async function inputOf(
  queueArn: string,
  delivery: Delivery & { readonly message: StoredMessage },
  envelopes: Envelopes,
): Promise<Omit<SendMessageCommandInput, 'QueueUrl'>> {
  const { message, subscription } = delivery
  const order = orderOf(queueArn, message)
  if (subscription.attributes.RawMessageDelivery?.toLowerCase() !== 'true')
    return { ...order, MessageBody: JSON.stringify(await envelopes.notification(delivery)) }
  const MessageBody = textFor(message.value, subscription.protocol)
  return message.value.attributes.length === 0
    ? { ...order, MessageBody }
    : { ...order, MessageBody, MessageAttributes: attributesOf(message) }
}

function attributesOf({ value }: StoredMessage): Record<string, MessageAttributeValue> {
  return Object.fromEntries(
    value.attributes.map(({ name, type, text, bytes }) => [
      name,
      { DataType: type, StringValue: text ?? undefined, BinaryValue: bytes ?? undefined },
    ]),
  )
}

/** Queues that keep the order take the ids of the message; standard ones share their time among groups. */
function orderOf(queueArn: string, { value }: StoredMessage): Partial<SendMessageCommandInput> {
  if (!queueArn.endsWith('.fifo')) return value.groupId === null ? {} : { MessageGroupId: value.groupId }
  return {
    MessageGroupId: value.groupId ?? value.messageId,
    MessageDeduplicationId: value.deduplicationId ?? value.messageId,
  }
}
