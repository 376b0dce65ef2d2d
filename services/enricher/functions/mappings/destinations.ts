/**
 * Sends invocation records, which name the records that were given up, to destinations (Lambda developer
 * guide, "On-failure destinations").
 */
import { randomUUID } from 'node:crypto'
import { openDestination } from '../destinations.ts'
import { LATEST } from '../entries.ts'
import type { Cause } from './delivery.ts'
import type { BatchExtent, SourceShard } from './slice.ts'

/** Describes a batch that was given up; the records themselves stay in the source. */
export interface DiscardedBatch extends Cause, BatchExtent {
  readonly mappingId: string
  readonly functionArn: string
  readonly shard: Pick<SourceShard, 'shardId' | 'partition' | 'batchInfo'>
  /** Returns the event that the function got, as JSON. Undefined if the records could not be read. */
  readonly event: (() => string) | undefined
}

export interface BatchDestination {
  /**
   * Resolves when the destination has the batch's invocation record. Retries until the signal aborts.
   * @param failed called after each try that failed
   */
  send(
    batch: DiscardedBatch,
    requestId: string,
    signal: AbortSignal,
    failed?: (error: Error) => void,
  ): Promise<void>
}

/** Throws a one-sentence error if the URL is not a destination. */
export async function openBatchDestination(
  ...options: Parameters<typeof openDestination>
): Promise<BatchDestination> {
  const destination = await openDestination(...options)
  return {
    send(batch, requestId, signal, failed) {
      const text = JSON.stringify(invocationRecord(batch, requestId))
      const { error, shard } = batch
      return destination.send(
        {
          text,
          key: shard.shardId,
          error,
          objectName: (now) => objectName(batch, now),
          object: () => withPayload(text, batch),
        },
        signal,
        failed,
      )
    },
  }
}

/** aws/lambda/MAPPING/SHARD/2026/11/24/2026-11-24T22.05.00-UUID, as Lambda names them. */
export function objectName({ mappingId, shard }: DiscardedBatch, now: Date): string {
  const time = now.toISOString()
  return `aws/lambda/${mappingId}/${shard.shardId}/${time.slice(0, 10).replaceAll('-', '/')}/${time.slice(0, 19).replaceAll(':', '.')}-${randomUUID()}`
}

/**
 * An object in S3 holds the event beside the invocation record (developer guide, "On-failure destinations").
 */
function withPayload(text: string, { event }: DiscardedBatch): string {
  return event === undefined ? text : `${text.slice(0, -1)},"payload":${event()}}`
}

/** The invocation record of version 1.0. */
export function invocationRecord(batch: DiscardedBatch, requestId: string): object {
  const { functionArn, condition, invocations, reported, executedVersion = LATEST, shard } = batch
  // Lambda counts one invocation for records that were too old before the first.
  const approximateInvokeCount = condition === 'RecordAgeExceeded' ? Math.max(1, invocations) : invocations
  return {
    requestContext: { requestId, functionArn, condition, approximateInvokeCount },
    ...(condition === 'RetryAttemptsExhausted' && {
      responseContext: { statusCode: 200, executedVersion, functionError: reported ? null : 'Unhandled' },
    }),
    version: '1.0',
    timestamp: new Date().toISOString(),
    ...shard.batchInfo(batch),
  }
}
