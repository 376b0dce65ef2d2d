/** Where records are named that were given up (Lambda developer guide, "On-failure destinations"). */
import { setTimeout as sleep } from 'node:timers/promises'
import { NO_HEADERS, partitionFor, type Kafka, type Producer } from '@weir/kafka'
import type { Condition, EventRecord } from './delivery.ts'

/** What is known of a batch that was given up; the records themselves stay in the source. */
export interface FailedBatch {
  readonly functionArn: string
  readonly condition: Condition
  readonly invocations: number
  readonly error: string | undefined
  readonly records: readonly EventRecord[]
  readonly origin:
    | { readonly kind: 'kinesis', readonly streamArn: string, readonly shardId: string }
    | { readonly kind: 'kafka', readonly topic: string, readonly partition: number, readonly bootstrapServers: string }
}

export interface Destination {
  /** Resolves when the document is stored there; tried again until the signal aborts. */
  send(batch: FailedBatch, requestId: string, signal: AbortSignal): Promise<void>
}

const SCHEME = 'kafka://'
const PAUSE_MS = 500

/** Throws a sentence for what is no destination. */
export function destinationAt(url: string, kafka: Kafka, producer: Producer, log: { warn(details: object, message: string): void }): Destination {
  const topic = url.startsWith(SCHEME) ? url.slice(SCHEME.length) : ''
  if (!/^[a-zA-Z0-9._-]{1,249}$/.test(topic)) throw new Error(`The destination ${url} is none that is served; give kafka://TOPIC.`)
  return {
    async send(batch, requestId, signal) {
      const key = Buffer.from(batch.origin.kind === 'kinesis' ? batch.origin.shardId : `${batch.origin.topic}-${batch.origin.partition}`)
      const value = Buffer.from(JSON.stringify(document(batch, requestId)))
      for (;;) {
        try {
          const partition = partitionFor(key, 0, key.length, await kafka.partitions(topic))
          const delivery = producer.delivery()
          delivery.append(topic, partition, key, 0, key.length, value, 0, value.length, NO_HEADERS, 0, NO_HEADERS.length)
          const [failure] = await delivery.settled()
          if (failure === undefined) return
          throw failure.error
        } catch (error) {
          log.warn({ err: error, topic }, 'a failed batch could not be named at its destination; it is tried again, and its shard waits')
        }
        await sleep(PAUSE_MS, undefined, { signal })
      }
    },
  }
}

/** The invocation record of version 1.0. */
export function document({ functionArn, condition, invocations, error, records, origin }: FailedBatch, requestId: string): object {
  const [first, last] = [records[0], records[records.length - 1]]
  const time = (record: EventRecord): string => new Date(record.timestamp).toISOString()
  return {
    requestContext: { requestId, functionArn: `${functionArn}:$LATEST`, condition, approximateInvokeCount: invocations },
    responseContext: invocations === 0 ? undefined : { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    version: '1.0',
    timestamp: new Date().toISOString(),
    errorMessage: error,
    ...(origin.kind === 'kinesis' && {
      KinesisBatchInfo: {
        shardId: origin.shardId, startSequenceNumber: first.identifier, endSequenceNumber: last.identifier,
        approximateArrivalOfFirstRecord: time(first), approximateArrivalOfLastRecord: time(last), batchSize: records.length, streamArn: origin.streamArn,
      },
    }),
    ...(origin.kind === 'kafka' && {
      KafkaBatchInfo: {
        batchSize: records.length, bootstrapServers: origin.bootstrapServers, eventSourceArn: undefined,
        payloadSize: records.reduce((sum, { json }) => sum + json.length, 0),
        recordInfo: {
          [`${origin.topic}-${origin.partition}`]: {
            firstRecordOffset: first.identifier, lastRecordOffset: last.identifier, firstRecordTimestamp: time(first), lastRecordTimestamp: time(last),
          },
        },
      },
    }),
  }
}
