/**
 * One batch and its function: invoked until every record has succeeded or was given up, in order, and never past a record that still fails
 * (Lambda developer guide, "How Lambda processes records from stream and queue-based event sources").
 */
import type { DeliverySettings } from './settings.ts'

/** A record as the function sees it. */
export interface EventRecord {
  /** The sequence number, or the offset. */
  readonly identifier: string
  /** Of a Kafka record, TOPIC-PARTITION: batchItemFailures name it together with the offset. */
  readonly partition?: string
  /** Its arrival, ms since the epoch. */
  readonly timestamp: number
  /** Its part of the event, JSON. */
  readonly json: string
}

export type InvokeResult =
  | { readonly kind: 'success', readonly response: unknown }
  /** The function failed, was killed, or took too long. */
  | { readonly kind: 'error', readonly error: string }
  /** No environment was free. */
  | { readonly kind: 'throttled' }

/** Why records were given up, as on-failure records say it. */
export type Condition = 'RetryAttemptsExhausted' | 'RecordAgeExceeded'

export interface DeliveryPort {
  /** @param signal aborts when the batch is no longer this process's: what the function has begun does not count */
  invoke(records: readonly EventRecord[], signal: AbortSignal): Promise<InvokeResult>
  /** Resolves when the destination has taken it; must not reject but by its signal. */
  discard(records: readonly EventRecord[], why: { condition: Condition, invocations: number, error: string | undefined }, signal: AbortSignal): Promise<void>
  /** The function's answer to records that all succeeded. */
  succeeded?(records: readonly EventRecord[], response: unknown): void
  now(): number
  /** Resolves after so many ms; rejects when the signal aborts. */
  pause(ms: number, signal: AbortSignal): Promise<void>
}

/** Milliseconds before a batch is tried again; doubles from the first to the longest. */
const FIRST_PAUSE = 100
const LONGEST_PAUSE = 30_000
const THROTTLED_PAUSE = 50

/** What is left of a batch, and what became of it so far. */
interface Part {
  readonly records: readonly EventRecord[]
  readonly retries: number
  readonly invocations: number
}

/** Resolves when every record has succeeded or was given up. Rejects only when the signal aborts. */
export async function deliver(records: readonly EventRecord[], settings: DeliverySettings, port: DeliveryPort, signal: AbortSignal): Promise<void> {
  const parts: Part[] = [{ records, retries: 0, invocations: 0 }]
  while (parts.length > 0) parts.unshift(...await step(parts.shift()!, settings, port, signal))
}

/** One invocation. Returns what is to be done next of the part, in order. */
async function step(part: Part, settings: DeliverySettings, port: DeliveryPort, signal: AbortSignal): Promise<Part[]> {
  const { records, retries } = part
  const old = expired(records, settings, port.now())
  if (old > 0) {
    await port.discard(records.slice(0, old), { condition: 'RecordAgeExceeded', invocations: part.invocations, error: undefined }, signal)
    return old === records.length ? [] : [{ ...part, records: records.slice(old) }]
  }
  const result = await port.invoke(records, signal)
  signal.throwIfAborted()
  if (result.kind === 'throttled') {
    await port.pause(THROTTLED_PAUSE, signal)
    return [part]
  }
  const invocations = part.invocations + 1
  let error: string
  let failing = records
  if (result.kind === 'success') {
    const first = settings.reportItemFailures ? firstFailure(result.response, records) : undefined
    if (first === undefined) {
      port.succeeded?.(records, result.response)
      return []
    }
    error = first.error
    if (first.index > 0) {
      port.succeeded?.(records.slice(0, first.index), result.response)
      failing = records.slice(first.index)
    }
  } else {
    error = result.error
    // Splitting is no retry. A function that names the failing record has split the batch there itself.
    if (settings.bisect && records.length > 1) {
      const half = records.length >> 1
      return [records.slice(0, half), records.slice(half)].map((split) => ({ records: split, retries, invocations }))
    }
  }
  if (settings.maxRetries >= 0 && retries >= settings.maxRetries) {
    await port.discard(failing, { condition: 'RetryAttemptsExhausted', invocations, error }, signal)
    return []
  }
  await port.pause(Math.min(FIRST_PAUSE * 2 ** Math.min(retries, 20), LONGEST_PAUSE), signal)
  return [{ records: failing, retries: retries + 1, invocations }]
}

/** How many records at the front are too old. */
function expired(records: readonly EventRecord[], { maxAgeMs }: DeliverySettings, now: number): number {
  if (maxAgeMs < 0) return 0
  let count = 0
  while (count < records.length && now - records[count].timestamp > maxAgeMs) count++
  return count
}

/**
 * Where a partial answer says that the batch has failed; undefined where all has succeeded. The lowest identifier is the checkpoint; an identifier that is
 * empty or unknown means the whole batch (developer guide, "Reporting batch item failures", and for Kafka "Configuring error handling controls").
 */
export function firstFailure(response: unknown, records: readonly EventRecord[]): { index: number, error: string } | undefined {
  if (response === null || response === undefined || response === '') return undefined
  const list = (response as { batchItemFailures?: unknown }).batchItemFailures
  if (list === null || list === undefined) return undefined
  if (!Array.isArray(list)) return { index: 0, error: 'batchItemFailures is no list' }
  let index = Infinity
  for (const item of list as readonly unknown[]) {
    const identifier = (item as { itemIdentifier?: unknown } | null)?.itemIdentifier
    const at = records.findIndex((record) => names(identifier, record))
    if (at < 0) return { index: 0, error: 'batchItemFailures names a record that is not in the batch' }
    index = Math.min(index, at)
  }
  return index === Infinity ? undefined : { index, error: 'The function reported batch item failures' }
}

function names(itemIdentifier: unknown, { identifier, partition }: EventRecord): boolean {
  if (partition === undefined) return itemIdentifier === identifier
  const named = itemIdentifier as { partition?: unknown, offset?: unknown } | null | undefined
  return named?.partition === partition && String(named.offset) === identifier
}
