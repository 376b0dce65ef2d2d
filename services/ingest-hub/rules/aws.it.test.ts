/** Actions on queues, buckets, tables and delivery streams at AWS, of which moto's server stands in. */
import { CreateTableCommand, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import { CreateDeliveryStreamCommand, FirehoseClient } from '@aws-sdk/client-firehose'
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { startAws } from '@weir/testkit/aws.ts'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { credentials, openWorld, region, roleArn } from './testing/rules.ts'

let aws: Awaited<ReturnType<typeof startAws>>
let world: Awaited<ReturnType<typeof openWorld>>
let s3: S3Client
beforeAll(async () => {
  aws = await startAws()
  world = await openWorld({
    AWS_ENDPOINT_URL: aws.url,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  })
  s3 = new S3Client({ endpoint: aws.url, region, credentials, forcePathStyle: true })
})
afterAll(async () => {
  await world?.stop()
  await aws?.stop()
})

const text = async (Bucket: string, Key: string): Promise<string> =>
  (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToString()

test('sqs, s3 and dynamoDBv2 get the result of the rule', async () => {
  const sqs = new SQSClient({ endpoint: aws.url, region, credentials })
  const dynamo = new DynamoDBClient({ endpoint: aws.url, region, credentials })
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'hot' }))
  await s3.send(new CreateBucketCommand({ Bucket: 'hot-trucks' }))
  await dynamo.send(
    new CreateTableCommand({
      TableName: 'hot',
      KeySchema: [{ AttributeName: 'truck', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'truck', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  )
  await world.rule("SELECT temperature, topic(2) AS truck, [1, true, null] AS more FROM 'aws/+'", [
    { sqs: { roleArn, queueUrl: QueueUrl, useBase64: true } },
    { s3: { roleArn, bucketName: 'hot-trucks', key: '${topic(2)}/${temperature}.json' } },
    { dynamoDBv2: { roleArn, putItem: { tableName: 'hot' } } },
  ])
  await vi.waitFor(async () => {
    await world.publish('aws/17', { temperature: 112 })
    const { Items = [] } = await dynamo.send(new ScanCommand({ TableName: 'hot' }))
    expect(Items[0]).toEqual({
      temperature: { N: '112' },
      truck: { S: '17' },
      more: { L: [{ N: '1' }, { BOOL: true }, { NULL: true }] },
    })
  }, 30_000)
  const expected = '{"temperature":112,"truck":"17","more":[1,true,null]}'
  await vi.waitFor(async () => expect(await text('hot-trucks', '17/112.json')).toBe(expected), 10_000)
  await vi.waitFor(async () => {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }))
    expect(Buffer.from(Messages[0].Body!, 'base64').toString()).toBe(expected)
  }, 10_000)
})

test('firehose gets each element of an array in batch mode, and what fails goes to the error action', async () => {
  const firehose = new FirehoseClient({ endpoint: aws.url, region, credentials })
  await s3.send(new CreateBucketCommand({ Bucket: 'streamed' }))
  await firehose.send(
    new CreateDeliveryStreamCommand({
      DeliveryStreamName: 'trucks',
      ExtendedS3DestinationConfiguration: { RoleARN: roleArn, BucketARN: 'arn:aws:s3:::streamed' },
    }),
  )
  await world.rule(
    "SELECT VALUE * FROM 'batches'",
    [
      { firehose: { roleArn, deliveryStreamName: 'trucks', separator: '\n', batchMode: true } },
      { s3: { roleArn, bucketName: 'no-such-bucket', key: 'x' } },
    ],
    { errorAction: { s3: { roleArn, bucketName: 'streamed', key: 'errors/${ruleName}' } } },
  )
  await vi.waitFor(async () => {
    await world.publish('batches', [{ a: 1 }, { a: 2 }])
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'streamed' }))
    const texts = await Promise.all(Contents.map(({ Key }) => text('streamed', Key!)))
    expect(texts.some((one) => one.startsWith('{"a":1}\n{"a":2}\n'))).toBe(true)
    const error = texts.find((one) => one.includes('base64OriginalPayload'))
    expect(JSON.parse(error!).failures).toMatchObject([
      {
        failedAction: 'S3Action',
        failedResource: 'no-such-bucket',
        errorMessage: expect.stringContaining('NoSuchBucket'),
      },
    ])
  }, 30_000)
})
