/** SNS's API for AWS's own client. */
import {
  AddPermissionCommand,
  ConfirmSubscriptionCommand,
  CreateTopicCommand,
  DeleteTopicCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListTagsForResourceCommand,
  ListTopicsCommand,
  PublishBatchCommand,
  PublishCommand,
  SetSubscriptionAttributesCommand,
  SetTopicAttributesCommand,
  type SNSClient,
  SubscribeCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-sns'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AlerterWorld, openAlerterWorld } from '../testing/alerter.ts'
import { type Alerter, openReceiver } from '../testing/service.ts'

let world: AlerterWorld
let service: Alerter
let sns: SNSClient
beforeAll(async () => {
  world = await openAlerterWorld()
  service = await world.start({ ALERTER_PUBLIC_URL: 'http://alerter.test' })
  sns = service.sns
})
afterAll(() => world?.stop())

const create = async (Name: string, rest = {}): Promise<string> =>
  (await sns.send(new CreateTopicCommand({ Name, ...rest }))).TopicArn!

/** Opens a link of a message, as a receiver does: without a signature. */
const open = (link: string): Promise<Response> => fetch(link.replace('http://alerter.test', service.url))

/** Subscribes, and confirms by the link that the receiver gets. */
async function subscribe(
  TopicArn: string,
  to: Awaited<ReturnType<typeof openReceiver>>,
  Attributes = {},
): Promise<string> {
  const { SubscriptionArn } = await sns.send(
    new SubscribeCommand({
      TopicArn,
      Protocol: 'http',
      Endpoint: to.url,
      Attributes,
      ReturnSubscriptionArn: true,
    }),
  )
  await expect.poll(() => to.received.length, { timeout: 20_000 }).toBe(1)
  const { SubscribeURL, Type } = JSON.parse(to.received[0].body)
  expect(Type).toBe('SubscriptionConfirmation')
  expect((await open(SubscribeURL)).status).toBe(200)
  return SubscriptionArn!
}

test('topics are created once, changed, tagged, listed and deleted', async () => {
  const arn = await create('catalogue', {
    Attributes: { DisplayName: 'Catalogue' },
    Tags: [{ Key: 'team', Value: 'shop' }],
  })
  expect(arn).toBe('arn:aws:sns:us-east-1:000000000000:catalogue')
  expect(await create('catalogue')).toBe(arn)
  expect(await create('catalogue', { Tags: [] })).toBe(arn)
  await expect(create('catalogue', { Tags: [{ Key: 'team', Value: 'other' }] })).rejects.toMatchObject({
    message: 'Invalid parameter: Tags Reason: Topic already exists with different tags',
  })
  await expect(create('catalogue', { Attributes: { DisplayName: 'Other' } })).rejects.toMatchObject({
    name: 'InvalidParameterException',
    message: 'Invalid parameter: Attributes Reason: Topic already exists with different attributes',
  })
  await sns.send(
    new SetTopicAttributesCommand({ TopicArn: arn, AttributeName: 'DisplayName', AttributeValue: 'New' }),
  )
  const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn: arn }))
  expect(Attributes).toMatchObject({ DisplayName: 'New', Owner: '000000000000', SubscriptionsConfirmed: '0' })
  expect(JSON.parse(Attributes!.EffectiveDeliveryPolicy).http.defaultHealthyRetryPolicy.numRetries).toBe(3)

  await sns.send(new TagResourceCommand({ ResourceArn: arn, Tags: [{ Key: 'stage', Value: 'test' }] }))
  await sns.send(new UntagResourceCommand({ ResourceArn: arn, TagKeys: ['team'] }))
  const { Tags } = await sns.send(new ListTagsForResourceCommand({ ResourceArn: arn }))
  expect(Tags).toEqual([{ Key: 'stage', Value: 'test' }])

  await sns.send(
    new AddPermissionCommand({
      TopicArn: arn,
      Label: 'shop',
      AWSAccountId: ['111122223333'],
      ActionName: ['Publish'],
    }),
  )
  const policy = (await sns.send(new GetTopicAttributesCommand({ TopicArn: arn }))).Attributes!.Policy
  expect(JSON.parse(policy).Statement[1]).toMatchObject({ Sid: 'shop', Action: 'SNS:Publish' })

  expect((await sns.send(new ListTopicsCommand({}))).Topics).toContainEqual({ TopicArn: arn })
  await sns.send(new DeleteTopicCommand({ TopicArn: arn }))
  await sns.send(new DeleteTopicCommand({ TopicArn: arn }))
  await expect(sns.send(new GetTopicAttributesCommand({ TopicArn: arn }))).rejects.toMatchObject({
    name: 'NotFoundException',
    message: 'Topic does not exist',
  })
})

test('subscribing again with the same attributes, or with their defaults, changes nothing', async () => {
  const TopicArn = await create('again')
  const Endpoint = 'arn:aws:sqs:us-east-1:000000000000:again'
  const again = async (Attributes?: Record<string, string>): Promise<string> =>
    (await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint, Attributes })))
      .SubscriptionArn!
  const arn = await again({ RawMessageDelivery: 'True' })
  const same: (Record<string, string> | undefined)[] = [
    { RawMessageDelivery: 'true', FilterPolicyScope: 'MessageAttributes' },
    { FilterPolicyScope: 'MessageAttributes' },
    {},
    undefined,
  ]
  for (const attributes of same) expect(await again(attributes)).toBe(arn)
  await expect(again({ RawMessageDelivery: 'false' })).rejects.toMatchObject({
    message: 'Invalid parameter: Attributes Reason: Subscription already exists with different attributes',
  })
})

test('a receiver confirms its subscription by a link, gets messages, and ends it by another link', async () => {
  const TopicArn = await create('news')
  const reader = await openReceiver()
  const arn = await subscribe(TopicArn, reader)
  const listed = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }))
  expect(listed.Subscriptions).toMatchObject([
    { SubscriptionArn: arn, Protocol: 'http', Endpoint: reader.url },
  ])

  const { MessageId } = await sns.send(new PublishCommand({ TopicArn, Message: 'Rain', Subject: 'Weather' }))
  await expect.poll(() => reader.received.length, { timeout: 20_000 }).toBe(2)
  const [, { headers, body }] = reader.received
  expect(headers).toMatchObject({
    'x-amz-sns-message-type': 'Notification',
    'x-amz-sns-message-id': MessageId,
    'x-amz-sns-subscription-arn': arn,
  })
  const message = JSON.parse(body)
  expect(message).toMatchObject({ Message: 'Rain', Subject: 'Weather', TopicArn })

  expect((await open(message.UnsubscribeURL)).status).toBe(200)
  expect((await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }))).Subscriptions).toEqual([])
})

test('nothing is delivered before the subscription is confirmed', async () => {
  const TopicArn = await create('quiet')
  const reader = await openReceiver()
  const { SubscriptionArn } = await sns.send(
    new SubscribeCommand({ TopicArn, Protocol: 'http', Endpoint: reader.url }),
  )
  expect(SubscriptionArn).toBe('pending confirmation')
  await sns.send(new PublishCommand({ TopicArn, Message: 'too early' }))
  await expect.poll(() => reader.received.length, { timeout: 20_000 }).toBe(1)
  // As recorded from AWS.
  for (const [Token, message] of [
    ['randomtoken', 'Invalid token'],
    ['ab'.repeat(144), 'Invalid parameter: Token'],
  ])
    await expect(sns.send(new ConfirmSubscriptionCommand({ TopicArn, Token }))).rejects.toMatchObject({
      message,
    })
  const { Token, SubscribeURL } = JSON.parse(reader.received[0].body)
  const elsewhere = await open(SubscribeURL.replace('us-east-1', 'eu-central-1'))
  expect([elsewhere.status, await elsewhere.text()]).toEqual([
    400,
    expect.stringContaining('Invalid parameter: Topic'),
  ])
  await sns.send(new ConfirmSubscriptionCommand({ TopicArn, Token, AuthenticateOnUnsubscribe: 'true' }))
  await sns.send(new PublishCommand({ TopicArn, Message: 'in time' }))
  await expect.poll(() => reader.received.length, { timeout: 20_000 }).toBe(2)
  const { Message, UnsubscribeURL } = JSON.parse(reader.received[1].body)
  expect(Message).toBe('in time')
  // The signed confirmation asked for this.
  const refused = await open(UnsubscribeURL)
  expect(await refused.text()).toContain('AuthorizationError')
})

test('filter policies choose messages by their attributes or their bodies, also after a change', async () => {
  const TopicArn = await create('filtered')
  const [byAttribute, byBody] = [await openReceiver(), await openReceiver()]
  const arn = await subscribe(TopicArn, byAttribute, { FilterPolicy: '{"store":["harbour"]}' })
  await subscribe(TopicArn, byBody, {
    FilterPolicy: '{"price":[{"numeric":[">",100]}]}',
    FilterPolicyScope: 'MessageBody',
    RawMessageDelivery: 'true',
  })
  const store = (StringValue: string) => ({ store: { DataType: 'String', StringValue } })
  const publish = (Message: string, MessageAttributes = {}) =>
    sns.send(new PublishCommand({ TopicArn, Message, MessageAttributes }))
  await publish('{"price":50}', store('harbour'))
  await publish('{"price":150}', store('station'))
  await expect.poll(() => byAttribute.received.length, { timeout: 20_000 }).toBe(2)
  await expect.poll(() => byBody.received.length, { timeout: 20_000 }).toBe(2)
  expect(JSON.parse(byAttribute.received[1].body)).toMatchObject({
    Message: '{"price":50}',
    MessageAttributes: { store: { Type: 'String', Value: 'harbour' } },
  })
  expect(byBody.received[1].body).toBe('{"price":150}')
  await sns.send(
    new SetSubscriptionAttributesCommand({
      SubscriptionArn: arn,
      AttributeName: 'FilterPolicy',
      AttributeValue: '{"store":["station"]}',
    }),
  )
  await publish('{"price":1}', store('station'))
  await expect.poll(() => byAttribute.received.length, { timeout: 20_000 }).toBe(3)
  const { Attributes } = await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn: arn }))
  expect(Attributes).toMatchObject({ FilterPolicy: '{"store":["station"]}', PendingConfirmation: 'false' })
})

test('a batch is stored whole, and a text for the protocol goes before the default', async () => {
  const TopicArn = await create('batches')
  const reader = await openReceiver()
  await subscribe(TopicArn, reader)
  const entries = Array.from({ length: 10 }, (_, i) => ({
    Id: `id-${i}`,
    Message: JSON.stringify({ default: `d${i}`, http: `h${i}` }),
    MessageStructure: 'json',
  }))
  const { Successful, Failed } = await sns.send(
    new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries: entries }),
  )
  expect(Failed ?? []).toEqual([])
  expect(Successful!.map(({ Id }) => Id)).toEqual(entries.map(({ Id }) => Id))
  await expect.poll(() => reader.received.length, { timeout: 20_000 }).toBe(11)
  const texts = reader.received.slice(1).map(({ body }) => JSON.parse(body).Message)
  expect(texts.sort()).toEqual(Array.from({ length: 10 }, (_, i) => `h${i}`))
})

test.each([
  [{ Message: '' }, 'Invalid parameter: Empty message'],
  [{ Message: 'x', Subject: '' }, 'Invalid parameter: Subject'],
  [{ Message: 'x'.repeat(262_145) }, 'Invalid parameter: Message too long'],
  [
    { Message: '{"http":"x"}', MessageStructure: 'json' },
    'Invalid parameter: Message Structure - No default entry in JSON message body',
  ],
  [
    { Message: 'x', MessageAttributes: { a: { DataType: 'Text', StringValue: 'x' } } },
    "The message attribute 'a' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.",
  ],
  [
    { Message: 'x', MessageDeduplicationId: 'd' },
    'Invalid parameter: MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type',
  ],
])('a wrong message is refused with the text of SNS: %o', async (input, message) => {
  const TopicArn = await create('strict')
  await expect(sns.send(new PublishCommand({ TopicArn, ...input }))).rejects.toMatchObject({ message })
})

test('a failing receiver gets the message again by the policy of its subscription', async () => {
  const TopicArn = await create('retries')
  let failures = 3
  const failing = await openReceiver(({ body }) =>
    JSON.parse(body).Type === 'Notification' && failures-- > 0 ? 503 : 200,
  )
  await subscribe(TopicArn, failing, {
    DeliveryPolicy: JSON.stringify({
      healthyRetryPolicy: {
        numRetries: 5,
        numNoDelayRetries: 1,
        numMinDelayRetries: 1,
        minDelayTarget: 1,
        maxDelayTarget: 3,
      },
    }),
  })
  await sns.send(new PublishCommand({ TopicArn, Message: 'again' }))
  await expect.poll(() => failing.received.length, { timeout: 30_000 }).toBe(5)
  const times = failing.received.slice(1).map(({ at }) => at)
  const pauses = times.slice(1).map((at, i) => at - times[i])
  // At once, then after a second each: never earlier, and later only by what a busy machine takes.
  expect(pauses[0]).toBeLessThan(900)
  for (const later of pauses.slice(1)) {
    expect(later).toBeGreaterThan(950)
    expect(later).toBeLessThan(3000)
  }
}, 60_000)

test('a name of a FIFO topic needs the attribute, and the attribute the name', async () => {
  const refused = { message: 'Invalid parameter: Topic Name' }
  await expect(create('ordered.fifo')).rejects.toMatchObject(refused)
  await expect(create('ordered', { Attributes: { FifoTopic: 'true' } })).rejects.toMatchObject(refused)
})

test.each([
  ['http', 'https://example.com/', 'Invalid parameter: Endpoint must match the specified protocol'],
  ['sqs', 'http://localhost/queue', 'Invalid parameter: SQS endpoint ARN'],
  [
    'sqs',
    'arn:aws:sqs:us-east-1:000000000000:orders.fifo',
    'Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics',
  ],
  ['pigeon', 'coop', 'Invalid parameter: Amazon SNS does not support this protocol string: pigeon'],
])('a wrong endpoint is refused with the text of SNS: %s %s', async (Protocol, Endpoint, message) => {
  const TopicArn = await create('endpoints')
  await expect(sns.send(new SubscribeCommand({ TopicArn, Protocol, Endpoint }))).rejects.toMatchObject({
    message,
  })
})
