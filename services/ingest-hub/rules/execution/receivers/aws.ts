/**
 * Queues, buckets, tables and delivery streams at AWS, with the SDK's own credentials and endpoints (AWS_ENDPOINT_URL
 * and its likes). The SDK's clients take a while to load, so each is loaded when it is first needed; retries are the
 * action's own.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { ObjectCannedACL } from '@aws-sdk/client-s3'
import { isFinalSdkError, usesPathStyle } from '@weir/aws'
import type {
  DynamoParameters,
  FirehoseParameters,
  S3Parameters,
  SqsParameters,
} from '../../actions/outside.ts'
import { type Answer, DONE, type Receiver } from '../receiver.ts'

const TIMEOUT_MS = 15_000
/** Firehose API reference, PutRecordBatch. */
const MAX_BATCH_RECORDS = 500

const limit = () => ({ abortSignal: AbortSignal.timeout(TIMEOUT_MS) })

async function answered(call: () => Promise<unknown>): Promise<Answer> {
  try {
    await call()
    return DONE
  } catch (error) {
    const { name, message } = error as Error
    return { verdict: isFinalSdkError(error as Error) ? 'failed' : 'retry', text: `${name}: ${message}` }
  }
}

/** Loads a client when it is first needed. */
function lazily<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined
  return () => (loaded ??= load())
}

export function sqsReceiver(region: string): Receiver<SqsParameters> {
  const open = lazily(async () => {
    const { SQSClient, SendMessageCommand } = await import('@aws-sdk/client-sqs')
    const client = new SQSClient({ region, maxAttempts: 1 })
    return (QueueUrl: string, MessageBody: string) =>
      client.send(new SendMessageCommand({ QueueUrl, MessageBody }), limit())
  })
  return {
    resource: ({ queueUrl }) => queueUrl,
    send: ({ queueUrl, useBase64 }, { payload }) =>
      answered(async () => (await open())(queueUrl, payload.toString(useBase64 ? 'base64' : 'utf8'))),
  }
}

export function s3Receiver(region: string): Receiver<S3Parameters> {
  const open = lazily(async () => {
    const { S3Client, PutObjectCommand } = await import('@aws-sdk/client-s3')
    const client = new S3Client({ region, maxAttempts: 1, forcePathStyle: usesPathStyle() })
    return ({ bucketName, key, cannedAcl }: S3Parameters, Body: Buffer) =>
      client.send(
        new PutObjectCommand({ Bucket: bucketName, Key: key, Body, ACL: cannedAcl as ObjectCannedACL }),
        limit(),
      )
  })
  return {
    resource: ({ bucketName }) => bucketName,
    send: (parameters, { payload }) => answered(async () => (await open())(parameters, payload)),
  }
}

export function dynamoReceiver(region: string): Receiver<DynamoParameters> {
  const open = lazily(async () => {
    const { DynamoDBClient, PutItemCommand } = await import('@aws-sdk/client-dynamodb')
    const client = new DynamoDBClient({ region, maxAttempts: 1 })
    return (TableName: string, Item: Record<string, AttributeValue>) =>
      client.send(new PutItemCommand({ TableName, Item }), limit())
  })
  return {
    resource: ({ tableName }) => tableName,
    async send({ tableName }, { payload }) {
      const item = itemOf(payload)
      if (item === undefined)
        return {
          verdict: 'failed',
          text: 'The result is no JSON object, so it has no attributes for the table.',
        }
      return answered(async () => (await open())(tableName, item))
    },
  }
}

/** Each field of the result is an attribute. */
function itemOf(payload: Buffer): Record<string, AttributeValue> | undefined {
  const value = parsed(payload)
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? membersOf(value) : undefined
}

const membersOf = (value: object): Record<string, AttributeValue> =>
  Object.fromEntries(Object.entries(value).map(([name, member]) => [name, attributeOf(member)]))

function attributeOf(value: unknown): AttributeValue {
  if (value === null) return { NULL: true }
  if (typeof value === 'string') return { S: value }
  if (typeof value === 'boolean') return { BOOL: value }
  if (typeof value === 'number') return { N: String(value) }
  if (Array.isArray(value)) return { L: value.map(attributeOf) }
  return { M: membersOf(value as object) }
}

export function firehoseReceiver(region: string): Receiver<FirehoseParameters> {
  const open = lazily(async () => {
    const { FirehoseClient, PutRecordBatchCommand } = await import('@aws-sdk/client-firehose')
    const client = new FirehoseClient({ region, maxAttempts: 1 })
    return async (DeliveryStreamName: string, data: readonly Buffer[]) => {
      const Records = data.map((Data) => ({ Data }))
      const { FailedPutCount = 0 } = await client.send(
        new PutRecordBatchCommand({ DeliveryStreamName, Records }),
        limit(),
      )
      if (FailedPutCount > 0) throw new Error(`${FailedPutCount} of ${data.length} records were not taken.`)
    }
  })
  return {
    resource: ({ deliveryStreamName }) => deliveryStreamName,
    send: ({ deliveryStreamName, separator, batchMode }, { payload }) =>
      answered(async () => {
        const put = await open()
        const records = (batchMode ? elementsOf(payload) : undefined) ?? [payload]
        const end = Buffer.from(separator)
        for (let i = 0; i < records.length; i += MAX_BATCH_RECORDS) {
          const part = records.slice(i, i + MAX_BATCH_RECORDS)
          await put(
            deliveryStreamName,
            part.map((record) => Buffer.concat([record, end])),
          )
        }
      }),
  }
}

/** In batch mode, each element of an array is a record. */
function elementsOf(payload: Buffer): Buffer[] | undefined {
  const value = parsed(payload)
  return Array.isArray(value) ? value.map((element) => Buffer.from(JSON.stringify(element))) : undefined
}

function parsed(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString())
  } catch {
    return undefined
  }
}
