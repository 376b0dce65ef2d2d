/**
 * On-failure destinations of AWS, by its own protocols: records that cannot be handled are named in a queue,
 * a topic and a bucket.
 */
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns'
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import type { Kafka, Producer } from '@weir/kafka'
import { startAws } from '@weir/testkit/aws.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DiscardedBatch, invocationRecord, openBatchDestination } from './mappings/destinations.ts'
import { kinesisBatchInfo } from './mappings/sources/kinesis-records.ts'

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
const SHARD = {
  streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s',
  shardId: 'shardId-000000000000',
}
const BATCH: DiscardedBatch = {
  mappingId: 'mapping-1',
  functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:f',
  condition: 'RetryAttemptsExhausted',
  invocations: 3,
  reported: false,
  error: 'boom',
  first: { identifier: '7', timestamp: 1_764_014_400_000 },
  last: { identifier: '9', timestamp: 1_764_014_401_000 },
  count: 2,
  payloadBytes: 4,
  event: () => '{"Records":[{"a":1},{"a":2}]}',
  shard: { shardId: SHARD.shardId, partition: 0, batchInfo: (extent) => kinesisBatchInfo(SHARD, extent) },
}
const EXPECTED = {
  requestContext: {
    requestId: 'request-1',
    functionArn: BATCH.functionArn,
    condition: 'RetryAttemptsExhausted',
    approximateInvokeCount: 3,
  },
  responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
  version: '1.0',
  timestamp: expect.any(String),
  KinesisBatchInfo: {
    shardId: 'shardId-000000000000',
    startSequenceNumber: '7',
    endSequenceNumber: '9',
    batchSize: 2,
    streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s',
    approximateArrivalOfFirstRecord: '2025-11-24T20:00:00.000Z',
    approximateArrivalOfLastRecord: '2025-11-24T20:00:01.000Z',
  },
}

let aws: Awaited<ReturnType<typeof startAws>>
let sqs: SQSClient
const before = { ...process.env }
const warned: object[] = []
const log = { warn: (details: object) => void warned.push(details) }
const send = async (url: string): Promise<void> =>
  (await openBatchDestination(url, {} as Kafka, {} as Producer, log)).send(
    BATCH,
    'request-1',
    AbortSignal.timeout(20_000),
  )

beforeAll(async () => {
  aws = await startAws()
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL_SQS: aws.url,
    AWS_ENDPOINT_URL_SNS: aws.url,
    AWS_ENDPOINT_URL_S3: aws.url,
  })
  sqs = new SQSClient({ endpoint: aws.url, region: 'us-east-1', credentials })
})
afterAll(async () => {
  process.env = before
  sqs.destroy()
  await aws.stop()
})

async function received(QueueUrl: string): Promise<string[]> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 2, MaxNumberOfMessages: 10 }),
  )
  return Messages.map(({ Body }) => Body!)
}

test('a queue gets the record, even if the queue is created later', async () => {
  const sending = send('arn:aws:sqs:us-east-1:123456789012:failed')
  await expect.poll(() => warned.length, { timeout: 10_000 }).toBeGreaterThan(0)
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'failed' }))
  await sending
  expect((await received(QueueUrl!)).map((text) => JSON.parse(text))).toEqual([EXPECTED])
})

test('a topic of SNS gets the record', async () => {
  const sns = new SNSClient({ endpoint: aws.url, region: 'us-east-1', credentials })
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'subscriber' }))
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'failures' }))
  await sns.send(
    new SubscribeCommand({
      TopicArn,
      Protocol: 'sqs',
      Endpoint: 'arn:aws:sqs:us-east-1:123456789012:subscriber',
    }),
  )
  await send(TopicArn!)
  const [message] = await received(QueueUrl!)
  expect(JSON.parse(JSON.parse(message).Message)).toEqual(EXPECTED)
  sns.destroy()
})

test('a bucket gets the record together with the event', async () => {
  const s3 = new S3Client({ endpoint: aws.url, region: 'us-east-1', credentials, forcePathStyle: true })
  const { CreateBucketCommand } = await import('@aws-sdk/client-s3')
  await s3.send(new CreateBucketCommand({ Bucket: 'failed-batches' }))
  await send('arn:aws:s3:::failed-batches')
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'failed-batches' }))
  expect(Contents.map(({ Key }) => Key)).toEqual([
    expect.stringMatching(
      /^aws\/lambda\/mapping-1\/shardId-000000000000\/\d{4}\/\d\d\/\d\d\/[\dT.-]+-[0-9a-f-]{36}$/,
    ),
  ])
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'failed-batches', Key: Contents[0].Key }))
  expect(JSON.parse(await Body!.transformToString())).toEqual({
    ...EXPECTED,
    payload: { Records: [{ a: 1 }, { a: 2 }] },
  })
  s3.destroy()
})

test.each<[what: string, changes: Partial<DiscardedBatch>, expected: object]>([
  [
    'reported by the function itself',
    { reported: true },
    { responseContext: { ...EXPECTED.responseContext, functionError: null } },
  ],
  [
    'too old before it was invoked',
    { condition: 'RecordAgeExceeded', invocations: 0 },
    {
      requestContext: {
        ...EXPECTED.requestContext,
        condition: 'RecordAgeExceeded',
        approximateInvokeCount: 1,
      },
      responseContext: undefined,
    },
  ],
  [
    'too old while it was tried again',
    { condition: 'RecordAgeExceeded', invocations: 8 },
    {
      requestContext: {
        ...EXPECTED.requestContext,
        condition: 'RecordAgeExceeded',
        approximateInvokeCount: 8,
      },
      responseContext: undefined,
    },
  ],
  [
    'unreadable',
    { condition: 'DESERIALIZATION_ERROR', invocations: 0 },
    {
      requestContext: {
        ...EXPECTED.requestContext,
        condition: 'DESERIALIZATION_ERROR',
        approximateInvokeCount: 0,
      },
      responseContext: undefined,
    },
  ],
])('the invocation record describes a batch that was %s', (_, changes, expected) => {
  expect(invocationRecord({ ...BATCH, ...changes }, 'request-1')).toEqual({ ...EXPECTED, ...expected })
})

test.each([
  'kafka://',
  'kafka://a b',
  'https://example.org',
  'arn:aws:lambda:us-east-1:123456789012:function:f',
  'arn:aws:s3:::',
])('the destination %s is refused', async (url) => {
  await expect(openBatchDestination(url, {} as Kafka, {} as Producer, log)).rejects.toThrow(
    'give kafka://TOPIC',
  )
})
