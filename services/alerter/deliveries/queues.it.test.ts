/** Queues of SQS: standard and FIFO receivers, and dead-letter queues. */
import {
  CreateTopicCommand,
  PublishBatchCommand,
  PublishCommand,
  type SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns'
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { startAws } from '@weir/testkit/aws.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AlerterWorld, openAlerterWorld } from '../testing/alerter.ts'
import { type Alerter, credentials, openReceiver, region } from '../testing/service.ts'

let aws: Awaited<ReturnType<typeof startAws>>
let world: AlerterWorld
let service: Alerter
let env: Record<string, string>
let sns: SNSClient
let sqs: SQSClient

beforeAll(async () => {
  ;[world, aws] = await Promise.all([openAlerterWorld(), startAws()])
  env = {
    AWS_ENDPOINT_URL_SQS: aws.url,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  }
  service = await world.start(env)
  sns = service.sns
  sqs = new SQSClient({ endpoint: aws.url, region, credentials })
})
afterAll(async () => {
  await Promise.all([world?.stop(), aws?.stop()])
})

const arnOf = (queue: string): string => `arn:aws:sqs:us-east-1:123456789012:${queue}`

/** Creates a queue and returns its URL. */
async function queue(QueueName: string): Promise<string> {
  const Attributes = QueueName.endsWith('.fifo') ? { FifoQueue: 'true' } : undefined
  return (await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl!
}

async function subscribed(name: string, queueName: string, Attributes = {}): Promise<string> {
  const fifo = name.endsWith('.fifo') ? { Attributes: { FifoTopic: 'true' } } : {}
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: name, ...fifo }))
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: arnOf(queueName), Attributes }))
  return TopicArn!
}

const WHOLE = { MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All' as const] }
/** Receives messages until there are that many. */
async function receive(QueueUrl: string, count: number): Promise<Message[]> {
  const all: Message[] = []
  await expect
    .poll(
      async () => {
        const { Messages = [] } = await sqs.send(
          new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, ...WHOLE }),
        )
        all.push(...Messages)
        if (Messages.length > 0)
          await sqs.send(
            new DeleteMessageBatchCommand({
              QueueUrl,
              Entries: Messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle })),
            }),
          )
        return all.length
      },
      { timeout: 30_000 },
    )
    .toBe(count)
  return all
}

test('a queue gets the envelope, or the message and its attributes alone', async () => {
  const [whole, raw] = [await queue('whole'), await queue('raw')]
  const TopicArn = await subscribed('both', 'whole')
  await subscribed('both', 'raw', { RawMessageDelivery: 'true' })
  await sns.send(
    new PublishCommand({
      TopicArn,
      Message: 'hello',
      MessageAttributes: { store: { DataType: 'String', StringValue: 'harbour' } },
    }),
  )
  const [envelope] = await receive(whole, 1)
  expect(JSON.parse(envelope.Body!)).toMatchObject({
    Type: 'Notification',
    TopicArn,
    Message: 'hello',
    MessageAttributes: { store: { Type: 'String', Value: 'harbour' } },
  })
  const [message] = await receive(raw, 1)
  expect(message.Body).toBe('hello')
  expect(message.MessageAttributes).toMatchObject({ store: { DataType: 'String', StringValue: 'harbour' } })
})

test('a standard queue gets the group of a standard topic, and the trace that the publisher continues', async () => {
  const url = await queue('fair')
  const TopicArn = await subscribed('fair', 'fair')
  const trace = 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1'
  const publish = new PublishCommand({ TopicArn, Message: 'one', MessageGroupId: 'tenant-7' })
  publish.middlewareStack.add(
    (next) => (args) => {
      Object.assign((args.request as { headers: object }).headers, { 'x-amzn-trace-id': trace })
      return next(args)
    },
    { step: 'build' },
  )
  await sns.send(publish)
  const [message] = await receive(url, 1)
  expect(message.Attributes).toMatchObject({ MessageGroupId: 'tenant-7', AWSTraceHeader: trace })
})

test('a standard queue gets no group from a FIFO topic', async () => {
  const url = await queue('unordered')
  const TopicArn = await subscribed('unordered.fifo', 'unordered')
  await sns.send(
    new PublishCommand({ TopicArn, Message: 'one', MessageGroupId: 'g', MessageDeduplicationId: 'd' }),
  )
  const [message] = await receive(url, 1)
  expect(message.Attributes).not.toHaveProperty('MessageGroupId')
})

test('a FIFO queue gets the messages of each group in their order, repeated ones once, also after kill -9', async () => {
  const url = await queue('ordered.fifo')
  const TopicArn = await subscribed('ordered.fifo', 'ordered.fifo', { RawMessageDelivery: 'true' })
  const publish = (from: number) =>
    sns.send(
      new PublishBatchCommand({
        TopicArn,
        PublishBatchRequestEntries: Array.from({ length: 10 }, (_, i) => ({
          Id: String(i),
          Message: String(from + i),
          MessageGroupId: i % 2 === 0 ? 'even' : 'odd',
          MessageDeduplicationId: `message-${from + i}`,
        })),
      }),
    )
  const { Successful } = await publish(0)
  const numbers = Successful!.map(({ SequenceNumber }) => SequenceNumber!)
  expect(numbers).toEqual([...numbers].sort())
  expect(numbers[0]).toMatch(/^\d{20}$/)
  await publish(0)
  const first = await receive(url, 10)
  service.kill('SIGKILL')
  await service.exited
  service = await world.start({ ...env, HTTP_PORT: new URL(service.url).port })
  await publish(0)
  await publish(10)
  const texts = [...first, ...(await receive(url, 10))].map(({ Body }) => Number(Body))
  const order = (rest: number) => texts.filter((number) => number % 2 === rest)
  expect(order(0)).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18])
  expect(order(1)).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 17, 19])
}, 120_000)

test('the envelope of a FIFO topic has the number of the message, and no signature', async () => {
  const url = await queue('numbered.fifo')
  const TopicArn = await subscribed('numbered.fifo', 'numbered.fifo')
  const { SequenceNumber } = await sns.send(
    new PublishCommand({ TopicArn, Message: 'first', MessageGroupId: 'g', MessageDeduplicationId: 'd' }),
  )
  const envelope = JSON.parse((await receive(url, 1))[0].Body!)
  expect(envelope).toMatchObject({ SequenceNumber, Message: 'first' })
  expect(envelope).not.toHaveProperty('Signature')
})

test('what a receiver refuses goes to the dead-letter queue of its subscription at once', async () => {
  const dead = await queue('dead')
  const refusing = await openReceiver(({ body }) => (JSON.parse(body).Type === 'Notification' ? 403 : 200))
  const topic = await world.topic('refused')
  await world.subscribe(topic, [refusing.url], {
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arnOf('dead') }),
  })
  const [id] = await world.publish(topic, ['unwanted'])
  const [letter] = await receive(dead, 1)
  expect(JSON.parse(letter.Body!)).toMatchObject({ MessageId: id, Message: 'unwanted' })
  expect(refusing.received).toHaveLength(1)
})
