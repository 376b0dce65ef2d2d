/** Sends invocation records to topics of Weir's Kafka, and to queues, topics and buckets of AWS. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Arn, parseArn, usesPathStyle } from '@weir/aws'
import { HEADERS } from '@weir/contracts'
import { type Kafka, type Producer, partitionOfKey, writeRecord } from '@weir/kafka'
import { backoffMs } from '@weir/timing'

/** A document about an invocation, or about records that were given up. */
export interface InvocationRecord {
  /** JSON */
  readonly text: string
  /** The key of the record in a topic of Kafka. */
  readonly key: string
  /**
   * The cause, in one sentence. Lambda's documents have no field for it; in a topic of Kafka
   * it is a header of the record.
   */
  readonly error?: string
  /** The name of the object in a bucket. */
  objectName(now: Date): string
  /** The content of the object in a bucket; defaults to `text`. */
  object?(): string
}

export interface Destination {
  /**
   * Resolves when the record is stored at the destination. Retries until the signal aborts.
   * @param failed called after each try that failed
   */
  send(record: InvocationRecord, signal: AbortSignal, failed?: (error: Error) => void): Promise<void>
}

interface Log {
  warn(details: object, message: string): void
}

/** The forms that a destination may have, for error messages. */
export const DESTINATION_FORMS = 'kafka://TOPIC, or the ARN of an SQS queue, an SNS topic or an S3 bucket'
const SCHEME = 'kafka://'
const TOPIC = /^[a-zA-Z0-9._-]{1,249}$/
/** The resources of ARNs: queues, topics and buckets. */
const RESOURCES = new Map([
  ['sqs', /^[A-Za-z0-9_.-]{1,256}$/],
  ['sns', /^[A-Za-z0-9_.-]{1,256}$/],
  ['s3', /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/],
])
const FIRST_PAUSE_MS = 500
const MAX_PAUSE_MS = 30_000
const MAX_ERROR_LENGTH = 2000

/** Stores one record; rejects if that fails. */
type Put = (record: InvocationRecord) => Promise<unknown>

/**
 * Returns the topic of kafka://TOPIC, or undefined for any other destination. Throws a one-sentence error if
 * the form is unknown.
 */
export function destinationTopic(url: string): string | undefined {
  const topic = url.startsWith(SCHEME) ? url.slice(SCHEME.length) : undefined
  if (topic === undefined ? servedArn(url) === undefined : !TOPIC.test(topic))
    throw new Error(`The destination ${url} is not supported; give ${DESTINATION_FORMS}.`)
  return topic
}

/**
 * Throws a one-sentence error if the form is unknown. Destinations at AWS are reached through its SDK, with
 * the service's own credentials and endpoints (AWS_ENDPOINT_URL_SQS and so on, as in all AWS clients).
 */
export async function openDestination(
  url: string,
  kafka: Kafka,
  producer: Producer,
  log: Log,
): Promise<Destination> {
  const topic = destinationTopic(url)
  const put = topic === undefined ? await awsStore(url) : topicStore(topic, kafka, producer)
  return {
    async send(record, signal, failed = () => {}) {
      for (let retries = 0; ; retries++) {
        try {
          await put(record)
          return
        } catch (error) {
          failed(error as Error)
          log.warn(
            { err: error, destination: url },
            'a destination does not accept an invocation record; it is retried, and later records wait',
          )
        }
        await sleep(backoffMs(retries, FIRST_PAUSE_MS, MAX_PAUSE_MS), undefined, { signal })
      }
    },
  }
}

function topicStore(topic: string, kafka: Kafka, producer: Producer): Put {
  return async ({ text, key, error }) => {
    const partition = partitionOfKey(key, await kafka.partitions(topic))
    const headers = error === undefined ? undefined : { [HEADERS.error]: error.slice(0, MAX_ERROR_LENGTH) }
    return writeRecord(producer, { topic, partition, key, value: Buffer.from(text), headers })
  }
}

/** Returns the ARN of a queue, a topic or a bucket; undefined for any other text. */
function servedArn(text: string): Arn | undefined {
  const arn = parseArn(text)
  if (arn === undefined || !RESOURCES.get(arn.service)?.test(arn.resource)) return undefined
  // Names of buckets are unique everywhere; the others have a region and an account.
  const isWhole = arn.service === 's3' ? arn.region + arn.accountId === '' : arn.region && arn.accountId
  return isWhole ? arn : undefined
}

/** The SDK's clients take a while to load, so only those needed are loaded. */
async function awsStore(arn: string): Promise<Put> {
  const { service, region, accountId, resource } = servedArn(arn)!
  if (service === 'sqs') {
    const { GetQueueUrlCommand, SendMessageCommand, SQSClient } = await import('@aws-sdk/client-sqs')
    const client = new SQSClient({ region })
    let queue: string | undefined
    return async ({ text }) => {
      queue ??= (
        await client.send(new GetQueueUrlCommand({ QueueName: resource, QueueOwnerAWSAccountId: accountId }))
      ).QueueUrl
      return client.send(new SendMessageCommand({ QueueUrl: queue, MessageBody: text }))
    }
  }
  if (service === 'sns') {
    const { PublishCommand, SNSClient } = await import('@aws-sdk/client-sns')
    const client = new SNSClient({ region })
    return ({ text }) => client.send(new PublishCommand({ TopicArn: arn, Message: text }))
  }
  const { PutObjectCommand, S3Client } = await import('@aws-sdk/client-s3')
  const client = new S3Client({
    region: process.env.AWS_REGION || 'us-east-1',
    forcePathStyle: usesPathStyle(),
  })
  return (record) =>
    client.send(
      new PutObjectCommand({
        Bucket: resource,
        Key: record.objectName(new Date()),
        Body: record.object?.() ?? record.text,
        ContentType: 'application/json',
      }),
    )
}
