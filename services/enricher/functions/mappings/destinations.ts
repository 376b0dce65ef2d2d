/** Where records are named that were given up (Lambda developer guide, "On-failure destinations"). */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { encodeHeaders, NO_HEADERS, partitionFor, type Kafka, type Producer } from '@weir/kafka'
import type { Cause, EventRecord } from './delivery.ts'

/** A record, as it is named. */
export type Named = Pick<EventRecord, 'identifier' | 'timestamp'>

/** What is known of a batch that was given up; the records themselves stay in the source. */
export interface FailedBatch extends Cause {
  readonly mappingId: string
  readonly functionArn: string
  readonly first: Named
  readonly last: Named
  readonly count: number
  /** Of the records' part of the event. */
  readonly payloadBytes: number
  /** The event that the function got, JSON; undefined where the records could not be read. */
  readonly event: (() => string) | undefined
  readonly origin:
    | { readonly kind: 'kinesis', readonly streamArn: string, readonly shardId: string }
    | { readonly kind: 'kafka', readonly topic: string, readonly partition: number, readonly bootstrapServers: string }
}

export interface Destination {
  /** Resolves when the document is stored there; tried again until the signal aborts. */
  send(batch: FailedBatch, requestId: string, signal: AbortSignal): Promise<void>
}

/** The forms that a destination may have, for errors. */
export const DESTINATION_FORMS = 'kafka://TOPIC, or the ARN of an SQS queue, an SNS topic or an S3 bucket'
const SCHEME = 'kafka://'
const TOPIC = /^[a-zA-Z0-9._-]{1,249}$/
const ARN = /^arn:aws[^:]*:(?:(sqs|sns):([a-z0-9-]+):(\d{12}):([A-Za-z0-9_.-]{1,256})|s3:::([a-z0-9][a-z0-9.-]{1,61}[a-z0-9]))$/
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000

/** The header of a record in kafka://TOPIC that says why, in a sentence. Lambda's document has no place for it. */
const ERROR_HEADER = 'weir-error'
const MAX_ERROR_LENGTH = 2000

/** Stores one document; rejects where that failed. */
type Store = (document: string, batch: FailedBatch) => Promise<unknown>

/** The topic of kafka://TOPIC; undefined for another destination. Throws a sentence for what is none. */
export function destinationTopic(url: string): string | undefined {
  const topic = url.startsWith(SCHEME) ? url.slice(SCHEME.length) : undefined
  if (topic === undefined ? !ARN.test(url) : !TOPIC.test(topic)) throw new Error(`The destination ${url} is none that is served; give ${DESTINATION_FORMS}.`)
  return topic
}

/**
 * Throws a sentence for what is no destination. Those of AWS are reached by its SDK, with the service's own credentials and endpoints (AWS_ENDPOINT_URL_SQS and so
 * on, as all of AWS's clients take them).
 */
export async function openDestination(url: string, kafka: Kafka, producer: Producer, log: { warn(details: object, message: string): void }): Promise<Destination> {
  const topic = destinationTopic(url)
  const store = topic === undefined ? await awsStore(url) : topicStore(topic, kafka, producer)
  return {
    async send(batch, requestId, signal) {
      const text = JSON.stringify(invocationRecord(batch, requestId))
      for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
        try {
          await store(text, batch)
          return
        } catch (error) {
          log.warn({ err: error, destination: url }, 'a failed batch could not be named at its destination; it is tried again, and its shard waits')
        }
        await sleep(pause, undefined, { signal })
      }
    },
  }
}

function topicStore(topic: string, kafka: Kafka, producer: Producer): Store {
  return async (text, { origin, error }) => {
    const key = Buffer.from(origin.kind === 'kinesis' ? origin.shardId : `${origin.topic}-${origin.partition}`)
    const value = Buffer.from(text)
    const partition = partitionFor(key, 0, key.length, await kafka.partitions(topic))
    const delivery = producer.delivery()
    const headers = error === undefined ? NO_HEADERS : encodeHeaders({ [ERROR_HEADER]: error.slice(0, MAX_ERROR_LENGTH) })
    delivery.append(topic, partition, key, 0, key.length, value, 0, value.length, headers, 0, headers.length)
    const [failure] = await delivery.settled()
    if (failure !== undefined) throw failure.error
  }
}

/** The SDK's clients take a while to load: only those that are needed are. */
async function awsStore(arn: string): Promise<Store> {
  const [, service, region, account, name, bucket] = ARN.exec(arn)!
  if (service === 'sqs') {
    const { GetQueueUrlCommand, SendMessageCommand, SQSClient } = await import('@aws-sdk/client-sqs')
    const client = new SQSClient({ region })
    let queue: string | undefined
    return async (text) => {
      queue ??= (await client.send(new GetQueueUrlCommand({ QueueName: name, QueueOwnerAWSAccountId: account }))).QueueUrl
      return client.send(new SendMessageCommand({ QueueUrl: queue, MessageBody: text }))
    }
  }
  if (service === 'sns') {
    const { PublishCommand, SNSClient } = await import('@aws-sdk/client-sns')
    const client = new SNSClient({ region })
    return (text) => client.send(new PublishCommand({ TopicArn: arn, Message: text }))
  }
  const { PutObjectCommand, S3Client } = await import('@aws-sdk/client-s3')
  const client = new S3Client({ region: process.env.AWS_REGION || 'us-east-1', forcePathStyle: process.env.AWS_ENDPOINT_URL_S3 !== undefined })
  return (text, batch) => client.send(new PutObjectCommand({
    Bucket: bucket, Key: objectName(batch, new Date()), Body: withPayload(text, batch), ContentType: 'application/json',
  }))
}

/** aws/lambda/MAPPING/SHARD/2026/11/24/2026-11-24T22.05.00-UUID, as Lambda names them. */
export function objectName({ mappingId, origin }: FailedBatch, now: Date): string {
  const time = now.toISOString()
  const shard = origin.kind === 'kinesis' ? origin.shardId : `${origin.topic}-${origin.partition}`
  return `aws/lambda/${mappingId}/${shard}/${time.slice(0, 10).replaceAll('-', '/')}/${time.slice(0, 19).replaceAll(':', '.')}-${randomUUID()}`
}

/** Objects have the whole event beside the invocation record (developer guide, "On-failure destinations", on S3). */
function withPayload(text: string, { event }: FailedBatch): string {
  return event === undefined ? text : `${text.slice(0, -1)},"payload":${event()}}`
}

/** The invocation record of version 1.0. */
export function invocationRecord(batch: FailedBatch, requestId: string): object {
  const { functionArn, condition, invocations, reported, first, last, count, payloadBytes, origin } = batch
  const time = ({ timestamp }: Named): string => new Date(timestamp).toISOString()
  return {
    // Lambda counts an invocation for records that were too old before the first one.
    requestContext: { requestId, functionArn, condition, approximateInvokeCount: condition === 'RecordAgeExceeded' ? Math.max(1, invocations) : invocations },
    ...(condition === 'RetryAttemptsExhausted' && {
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: reported ? null : 'Unhandled' },
    }),
    version: '1.0',
    timestamp: new Date().toISOString(),
    ...(origin.kind === 'kinesis' && {
      KinesisBatchInfo: {
        shardId: origin.shardId, startSequenceNumber: first.identifier, endSequenceNumber: last.identifier,
        approximateArrivalOfFirstRecord: time(first), approximateArrivalOfLastRecord: time(last), batchSize: count, streamArn: origin.streamArn,
      },
    }),
    ...(origin.kind === 'kafka' && {
      KafkaBatchInfo: {
        batchSize: count, bootstrapServers: origin.bootstrapServers, payloadSize: payloadBytes,
        recordInfo: {
          [`${origin.topic}-${origin.partition}`]: {
            firstRecordOffset: first.identifier, lastRecordOffset: last.identifier, firstRecordTimestamp: time(first), lastRecordTimestamp: time(last),
          },
        },
      },
    }),
  }
}
