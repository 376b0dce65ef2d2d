/**
 * Delivers one batch to its function, which is invoked until every record has succeeded or was given up, in
 * order, and never past a record that still fails (Lambda developer guide, "How Lambda processes records from
 * stream and queue-based event sources").
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { backoffMs } from '@weir/timing'
import type { DeliverySettings } from './settings.ts'

/** A record as the function sees it. */
export interface EventRecord {
  /** The sequence number, or the offset. */
  readonly identifier: string
  /**
   * TOPIC-PARTITION of a Kafka record, the same in all of a batch; batchItemFailures name it along with the
   * offset.
   */
  readonly partition?: string
  /** Its arrival, ms since the epoch. */
  readonly timestamp: number
  /** Its part of the event, JSON. */
  readonly json: string
}

/** The record of a batch from which the function reports failure, and a sentence about it. */
export interface ItemFailure {
  readonly index: number
  readonly error: string
}

/**
 * The consequence of an invocation for its batch. `executedVersion` is $LATEST or a number.
 * @typeParam R the part of the response that the mapping uses
 */
export type BatchResult<R> =
  | {
      readonly kind: 'success'
      readonly response: R
      readonly failure: ItemFailure | undefined
      readonly executedVersion?: string
    }
  /** The function failed, was killed, took too long, or gave an unusable response. */
  | { readonly kind: 'error'; readonly error: string; readonly executedVersion?: string }
  /** No environment was free. */
  | { readonly kind: 'throttled' }

/**
 * Why records were given up; part of invocation records. For records that never reach the function, it is
 * Lambda's DESERIALIZATION_ERROR or SCHEMA_NOT_FOUND, or FILTER_ERROR, which is Weir's own.
 */
export type Condition =
  | 'RetryAttemptsExhausted'
  | 'RecordAgeExceeded'
  | 'DESERIALIZATION_ERROR'
  | 'SCHEMA_NOT_FOUND'
  | 'FILTER_ERROR'

export interface Cause {
  readonly condition: Condition
  readonly invocations: number
  /** True if the function succeeded and reported the failure in batchItemFailures. */
  readonly reported: boolean
  /** A sentence; undefined for records that grew too old. */
  readonly error: string | undefined
  /** The version of the last invocation; an alias may have chosen another one for those before. */
  readonly executedVersion?: string
}

export interface DeliveryPort<R = unknown> {
  /**
   * @param signal aborts when the batch no longer belongs to this process; what the function has begun then
   * does not count
   */
  invoke(records: readonly EventRecord[], signal: AbortSignal): Promise<BatchResult<R>>
  /** Resolves when the destination has accepted the records. Must not reject unless the signal aborts. */
  discard(records: readonly EventRecord[], why: Cause, signal: AbortSignal): Promise<void>
  /** Receives the response about records that have all succeeded. */
  succeeded?(records: readonly EventRecord[], response: R): void
  now(): number
  /** Resolves after `ms`; rejects when the signal aborts. */
  pause(ms: number, signal: AbortSignal): Promise<void>
}

/** The clock of a DeliveryPort in production. */
export const clock: Pick<DeliveryPort, 'now' | 'pause'> = {
  now: Date.now,
  pause: (ms, signal) => sleep(ms, undefined, { signal }),
}

/** Backoff before a batch is retried; doubles from the first pause to the longest. */
const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 30_000
const THROTTLED_PAUSE_MS = 50

/** The rest of a batch, with its attempts so far. */
interface Part {
  readonly records: readonly EventRecord[]
  readonly retries: number
  readonly invocations: number
}

/** Resolves when every record has succeeded or was given up. Rejects only when the signal aborts. */
export async function deliver<R>(
  records: readonly EventRecord[],
  settings: DeliverySettings,
  port: DeliveryPort<R>,
  signal: AbortSignal,
): Promise<void> {
  const parts: Part[] = [{ records, retries: 0, invocations: 0 }]
  while (parts.length > 0) parts.unshift(...(await step(parts.shift()!, settings, port, signal)))
}

/**
 * Gives up the expired records of a part, or makes one invocation. Returns the parts that remain, in order.
 */
async function step<R>(
  part: Part,
  settings: DeliverySettings,
  port: DeliveryPort<R>,
  signal: AbortSignal,
): Promise<Part[]> {
  const { records, retries } = part
  const old = expired(records, settings, port.now())
  if (old > 0) {
    const { invocations } = part
    const why: Cause = { condition: 'RecordAgeExceeded', invocations, reported: false, error: undefined }
    await port.discard(records.slice(0, old), why, signal)
    return old === records.length ? [] : [{ ...part, records: records.slice(old) }]
  }
  const result = await port.invoke(records, signal)
  signal.throwIfAborted()
  if (result.kind === 'throttled') {
    await port.pause(THROTTLED_PAUSE_MS, signal)
    return [part]
  }
  const invocations = part.invocations + 1
  const failure = result.kind === 'success' ? result.failure : { index: 0, error: result.error }
  if (result.kind === 'success') {
    const done = records.slice(0, failure?.index)
    if (done.length > 0) port.succeeded?.(done, result.response)
    if (failure === undefined) return []
    if (done.length > 0) {
      // The remaining records are a batch of their own, with retries of their own.
      await port.pause(FIRST_PAUSE_MS, signal)
      return [{ records: records.slice(failure.index), retries: 0, invocations: 0 }]
    }
  } else if (settings.bisect && records.length > 1) {
    // Splitting is not a retry. A function that names the failing record has itself split the batch there.
    const half = records.length >> 1
    return [records.slice(0, half), records.slice(half)].map((split) => ({
      records: split,
      retries,
      invocations,
    }))
  }
  if (settings.maxRetries >= 0 && retries >= settings.maxRetries) {
    const reported = result.kind === 'success'
    const { executedVersion } = result
    await port.discard(
      records,
      { condition: 'RetryAttemptsExhausted', invocations, reported, error: failure!.error, executedVersion },
      signal,
    )
    return []
  }
  await port.pause(backoffMs(retries, FIRST_PAUSE_MS, MAX_PAUSE_MS), signal)
  return [{ records, retries: retries + 1, invocations }]
}

/** Counts the records at the front that are too old. */
function expired(records: readonly EventRecord[], { maxAgeMs }: DeliverySettings, now: number): number {
  if (maxAgeMs < 0) return 0
  let count = 0
  while (count < records.length && now - records[count].timestamp > maxAgeMs) count++
  return count
}

/**
 * Returns the record from which a partial response reports failure; undefined if all records succeeded. The
 * lowest identifier is the checkpoint; an empty or unknown identifier means the whole batch (developer guide,
 * "Reporting batch item failures", and for Kafka "Configuring error handling controls").
 */
export function firstFailure(response: unknown, records: readonly EventRecord[]): ItemFailure | undefined {
  if (response === null || response === undefined || response === '') return undefined
  const list = (response as { batchItemFailures?: unknown }).batchItemFailures
  if (list === null || list === undefined) return undefined
  if (!Array.isArray(list)) return { index: 0, error: 'batchItemFailures is no list' }
  if (list.length === 0 || records.length === 0) return undefined
  const indices = new Map<string, number>()
  for (let i = records.length - 1; i >= 0; i--) indices.set(records[i].identifier, i)
  let index = Infinity
  for (const item of list as readonly unknown[]) {
    const identifier = identifierOf(
      (item as { itemIdentifier?: unknown } | null)?.itemIdentifier,
      records[0].partition,
    )
    const at = identifier === undefined ? undefined : indices.get(identifier)
    if (at === undefined)
      return { index: 0, error: 'batchItemFailures names a record that is not in the batch' }
    index = Math.min(index, at)
  }
  return { index, error: 'The function reported batch item failures' }
}

/** @param partition the partition of the batch's records, if they are Kafka's */
function identifierOf(itemIdentifier: unknown, partition: string | undefined): string | undefined {
  if (partition === undefined) return typeof itemIdentifier === 'string' ? itemIdentifier : undefined
  const { partition: named, offset } = (itemIdentifier ?? {}) as { partition?: unknown; offset?: unknown }
  return named === partition && (typeof offset === 'string' || typeof offset === 'number')
    ? String(offset)
    : undefined
}
