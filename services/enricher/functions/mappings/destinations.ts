/**
 * Sends invocation records, which name the records that were given up, to destinations (Lambda developer
 * guide, "On-failure destinations").
 */
import { randomUUID } from 'node:crypto'
import { openDestination } from '../destinations.ts'
import { LATEST } from '../entries.ts'
import type { Cause, EventRecord } from './delivery.ts'

/** Names a record in an invocation record. */
export type Named = Pick<EventRecord, 'identifier' | 'timestamp'>

/** Describes a batch that was given up; the records themselves stay in the source. */
export interface FailedBatch extends Cause {
  readonly mappingId: string
  readonly functionArn: string
  readonly first: Named
  readonly last: Named
  readonly count: number
  /** Size of the records in the event. */
  readonly payloadBytes: number
  /** Makes the event that the function got, JSON; undefined if the records could not be read. */
  readonly event: (() => string) | undefined
  readonly origin:
    | { readonly kind: 'kinesis'; readonly streamArn: string; readonly shardId: string }
    | {
        readonly kind: 'kafka'
        readonly topic: string
        readonly partition: number
        readonly bootstrapServers: string
      }
}

export interface BatchDestination {
  /** Resolves when the destination has the batch's invocation record. Retries until the signal aborts. */
  send(batch: FailedBatch, requestId: string, signal: AbortSignal): Promise<void>
}

/** Throws a one-sentence error if the URL is not a destination. */
export async function openBatchDestination(
  ...options: Parameters<typeof openDestination>
): Promise<BatchDestination> {
  const destination = await openDestination(...options)
  return {
    send(batch, requestId, signal) {
      const text = JSON.stringify(invocationRecord(batch, requestId))
      const { origin, error } = batch
      const key = origin.kind === 'kinesis' ? origin.shardId : `${origin.topic}-${origin.partition}`
      return destination.send(
        {
          text,
          key,
          error,
          objectName: (now) => objectName(batch, now),
          object: () => withPayload(text, batch),
        },
        signal,
      )
    },
  }
}

/** aws/lambda/MAPPING/SHARD/2026/11/24/2026-11-24T22.05.00-UUID, as Lambda names them. */
export function objectName({ mappingId, origin }: FailedBatch, now: Date): string {
  const time = now.toISOString()
  const shard = origin.kind === 'kinesis' ? origin.shardId : `${origin.topic}-${origin.partition}`
  return `aws/lambda/${mappingId}/${shard}/${time.slice(0, 10).replaceAll('-', '/')}/${time.slice(0, 19).replaceAll(':', '.')}-${randomUUID()}`
}

/**
 * An object in S3 holds the event beside the invocation record (developer guide, "On-failure destinations").
 */
function withPayload(text: string, { event }: FailedBatch): string {
  return event === undefined ? text : `${text.slice(0, -1)},"payload":${event()}}`
}

/** The invocation record of version 1.0. */
export function invocationRecord(batch: FailedBatch, requestId: string): object {
  const {
    functionArn,
    condition,
    invocations,
    reported,
    executedVersion = LATEST,
    first,
    last,
    count,
    payloadBytes,
    origin,
  } = batch
  const time = ({ timestamp }: Named): string => new Date(timestamp).toISOString()
  // Lambda counts one invocation for records that were too old before the first.
  const approximateInvokeCount = condition === 'RecordAgeExceeded' ? Math.max(1, invocations) : invocations
  return {
    requestContext: { requestId, functionArn, condition, approximateInvokeCount },
    ...(condition === 'RetryAttemptsExhausted' && {
      responseContext: { statusCode: 200, executedVersion, functionError: reported ? null : 'Unhandled' },
    }),
    version: '1.0',
    timestamp: new Date().toISOString(),
    ...(origin.kind === 'kinesis' && {
      KinesisBatchInfo: {
        shardId: origin.shardId,
        startSequenceNumber: first.identifier,
        endSequenceNumber: last.identifier,
        approximateArrivalOfFirstRecord: time(first),
        approximateArrivalOfLastRecord: time(last),
        batchSize: count,
        streamArn: origin.streamArn,
      },
    }),
    ...(origin.kind === 'kafka' && {
      KafkaBatchInfo: {
        batchSize: count,
        bootstrapServers: origin.bootstrapServers,
        payloadSize: payloadBytes,
        recordInfo: {
          [`${origin.topic}-${origin.partition}`]: {
            firstRecordOffset: first.identifier,
            lastRecordOffset: last.identifier,
            firstRecordTimestamp: time(first),
            lastRecordTimestamp: time(last),
          },
        },
      },
    }),
  }
}
