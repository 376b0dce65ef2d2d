/** Delivery streams of Firehose, streams of Weir, and topics of Kafka. */
import { CreateDeliveryStreamCommand, FirehoseClient } from '@aws-sdk/client-firehose'
import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis'
import { CreateTopicCommand, PublishCommand, type SNSClient, SubscribeCommand } from '@aws-sdk/client-sns'
import { decodeHeaders } from '@weir/kafka'
import { servers } from '@weir/testkit'
import { startAws } from '@weir/testkit/aws.ts'
import { startReceiver } from '@weir/testkit/http-receiver.ts'
import type { ServiceProcess } from '@weir/testkit/service-process.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AlerterWorld, openAlerterWorld } from '../../testing/alerter.ts'
import { type Alerter, credentials, region, startReady } from '../../testing/service.ts'

const ROLE = 'arn:aws:iam::000000000000:role/notifications'
let aws: Awaited<ReturnType<typeof startAws>>
let world: AlerterWorld
let hub: ServiceProcess
let service: Alerter
let sns: SNSClient

beforeAll(async () => {
  ;[world, aws] = await Promise.all([openAlerterWorld(), startAws()])
  const { url: REDIS_URL } = await servers.redis()
  hub = await startReady('ingest-hub', { ...world.env, REDIS_URL })
  service = await world.start({
    HUB_URL: hub.url,
    ALERTER_ACCESS_KEY_ID: 'test',
    ALERTER_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_FIREHOSE: aws.url,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  })
  sns = service.sns
})
afterAll(async () => {
  hub?.kill('SIGKILL')
  await Promise.all([world?.stop(), aws?.stop()])
})

const create = async (Name: string, Attributes?: Record<string, string>): Promise<string> =>
  (await sns.send(new CreateTopicCommand({ Name, Attributes }))).TopicArn!

/** Reads a topic of Kafka. */
async function recordsOf(topic: string, count: number) {
  const found: { key: string; value: string; headers: Record<string, string> }[] = []
  await expect
    .poll(
      async () => {
        found.length = 0
        const reading = await world.kafka.read(
          { topics: [topic], from: 'earliest', until: 'end' },
          async (batch) => {
            for (let i = 0; i < batch.length; i++)
              found.push({
                key: batch.bytes.toString('utf8', batch.keyStart[i], batch.keyEnd[i]),
                value: batch.bytes.toString('utf8', batch.valueStart[i], batch.valueEnd[i]),
                headers: decodeHeaders(batch.bytes, batch.headersStart[i]),
              })
          },
        )
        await reading.done
        return found.length
      },
      { timeout: 30_000 },
    )
    .toBe(count)
  return found
}

test('a stream gets the envelope, or the message alone', async () => {
  const kinesis = new KinesisClient({ endpoint: hub.url, region, credentials })
  const StreamName = 'notified'
  await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }))
  await waitUntilStreamExists({ client: kinesis, maxWaitTime: 30 }, { StreamName })
  const Endpoint = `arn:aws:kinesis:us-east-1:000000000000:stream/${StreamName}`
  const [whole, raw] = [await create('to-stream'), await create('to-stream-raw')]
  await sns.send(new SubscribeCommand({ TopicArn: whole, Protocol: 'kinesis', Endpoint }))
  const Attributes = { RawMessageDelivery: 'true' }
  await sns.send(new SubscribeCommand({ TopicArn: raw, Protocol: 'kinesis', Endpoint, Attributes }))
  const { MessageId } = await sns.send(new PublishCommand({ TopicArn: whole, Message: 'in an envelope' }))
  await sns.send(new PublishCommand({ TopicArn: raw, Message: 'alone' }))
  const read = async (): Promise<string[]> => {
    const { ShardIterator } = await kinesis.send(
      new GetShardIteratorCommand({
        StreamName,
        ShardId: 'shardId-000000000000',
        ShardIteratorType: 'TRIM_HORIZON',
      }),
    )
    const { Records } = await kinesis.send(new GetRecordsCommand({ ShardIterator }))
    return Records!.map(({ Data }) => Buffer.from(Data!).toString()).sort()
  }
  await expect.poll(async () => (await read()).length, { timeout: 30_000 }).toBe(2)
  const [alone, envelope] = await read()
  expect(alone).toBe('alone')
  expect(JSON.parse(envelope)).toMatchObject({ Type: 'Notification', MessageId, Message: 'in an envelope' })
})

test('a delivery stream of Firehose gets a line for each message; it needs a role', async () => {
  const firehose = new FirehoseClient({ endpoint: aws.url, region, credentials })
  await fetch(`${aws.url}/notified-bucket`, {
    method: 'PUT',
    headers: {
      host: 's3.amazonaws.com',
      authorization: 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request',
    },
  })
  const { DeliveryStreamARN: Endpoint } = await firehose.send(
    new CreateDeliveryStreamCommand({
      DeliveryStreamName: 'notified',
      S3DestinationConfiguration: { RoleARN: ROLE, BucketARN: 'arn:aws:s3:::notified-bucket' },
    }),
  )
  const TopicArn = await create('to-firehose')
  await expect(
    sns.send(new SubscribeCommand({ TopicArn, Protocol: 'firehose', Endpoint })),
  ).rejects.toMatchObject({
    name: 'InvalidParameterException',
    message: expect.stringContaining('SubscriptionRoleArn'),
  })
  const Attributes = { SubscriptionRoleArn: ROLE, RawMessageDelivery: 'true' }
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'firehose', Endpoint, Attributes }))
  await sns.send(new PublishCommand({ TopicArn, Message: 'for the bucket' }))
  // moto writes an object for each record.
  const list = async (): Promise<string[]> => {
    const text = await (
      await fetch(`${aws.url}/notified-bucket`, {
        headers: { authorization: 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request' },
      })
    ).text()
    return [...text.matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, key]) => key)
  }
  await expect.poll(async () => (await list()).length, { timeout: 30_000 }).toBe(1)
  const [key] = await list()
  const object = await fetch(`${aws.url}/notified-bucket/${key}`, {
    headers: { authorization: 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request' },
  })
  expect(await object.text()).toBe('for the bucket\n')
})

test('a topic of Kafka gets messages with their attributes as headers, in the order of their group', async () => {
  await world.kafka.admin.createTopics([
    { name: 'notification.orders', partitions: 3, replicas: 1, configs: {} },
  ])
  const TopicArn = await create('ordered.fifo', { FifoTopic: 'true', ContentBasedDeduplication: 'true' })
  await sns.send(
    new SubscribeCommand({
      TopicArn,
      Protocol: 'kafka',
      Endpoint: 'kafka://notification.orders',
      Attributes: { RawMessageDelivery: 'true' },
    }),
  )
  const ids: string[] = []
  for (const Message of ['1', '2', '3'])
    ids.push(
      (
        await sns.send(
          new PublishCommand({
            TopicArn,
            Message,
            MessageGroupId: 'pier-4',
            MessageAttributes: { store: { DataType: 'String', StringValue: 'harbour' } },
          }),
        )
      ).MessageId!,
    )
  const records = await recordsOf('notification.orders', 3)
  expect(records.map(({ value }) => value)).toEqual(['1', '2', '3'])
  expect(records.map(({ key }) => key)).toEqual(['pier-4', 'pier-4', 'pier-4'])
  expect(records.map(({ headers }) => headers['weir-id'])).toEqual(ids)
  expect(records[0].headers['sns-store']).toBe('harbour')
})

test('messages that a receiver refuses go to a topic of Kafka, if the redrive policy says so', async () => {
  await world.kafka.admin.createTopics([
    { name: 'notification.dead', partitions: 1, replicas: 1, configs: {} },
  ])
  const refusing = await startReceiver(() => 404)
  const topic = await world.topic('refused')
  await world.subscribe(topic, [refusing.url], {
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: 'kafka://notification.dead' }),
  })
  const [MessageId] = await world.publish(topic, ['never taken'])
  const [{ value }] = await recordsOf('notification.dead', 1)
  expect(JSON.parse(value)).toMatchObject({ MessageId, Message: 'never taken' })
  await refusing.stop()
})

test.each([
  ['kafka://weir.notifications', 'begins with notification.'],
  ['kafka://notification.', 'begins with notification.'],
  ['kafka://notification.missing', 'Kafka does not have the topic notification.missing; create it first'],
])('the topic %s is refused', async (Endpoint, message) => {
  const TopicArn = await create('wrong')
  await expect(
    sns.send(new SubscribeCommand({ TopicArn, Protocol: 'kafka', Endpoint })),
  ).rejects.toMatchObject({
    message: expect.stringContaining(message),
  })
})
