/**
 * Does the actions that leave Weir's own Kafka. A record has the actions of one rule for one message; those that
 * fail for now are a new record in the topic of retries, so that nothing waits in memory for longer than an attempt.
 */
import type { Codec } from '@weir/codec'
import { RETRY_PARTITIONS, type RuleActions } from '@weir/contracts'
import { encodeValue, type Producer, type RecordBatch, writeRecord } from '@weir/kafka'
import { type Logger, watchGroup } from '@weir/service'
import { backoffMs, pause } from '@weir/timing'
import { openRecords } from '@weir/topics'
import { ACTIONS } from '../actions-topic.ts'
import type { RulesOptions } from '../open.ts'
import type { RuleSet } from '../rule-set.ts'
import { Attempts } from './attempts.ts'
import { type ErrorActionOptions, runErrorAction } from './error-action.ts'
import { receiversOf } from './receivers/receivers.ts'

export const RETRIES = 'weir.rules.retries'
/** Attempts that fail are repeated after 1, 2, 4 … 64 s: for two minutes. */
const MAX_ATTEMPTS = 8
const FIRST_PAUSE_MS = 1000
const MAX_PAUSE_MS = 64_000
/** Actions that find no room at their receivers are given up at this age. */
const MAX_AGE_MS = 15 * 60_000
const BATCH_RECORDS = 200
/** Above these, actions do not wait in memory for others, and no more are read. */
const MAX_QUEUED_BYTES = 16 << 20
const MAX_HELD_BYTES = 32 << 20
/** Bytes of a record in memory besides its payloads. */
const OVERHEAD_BYTES = 2048
const LOOK_MS = 20
const MIN_STORE_PAUSE_MS = 250
const MAX_STORE_PAUSE_MS = 5000

export interface ExecutionOptions extends RulesOptions, Omit<ErrorActionOptions, 'rules' | 'accountId'> {
  readonly rules: RuleSet
}

/**
 * Returns a function that stops it. The hub takes messages whether its actions can be done or not, so that this does not
 * count for its readiness.
 */
export async function openExecution(options: ExecutionOptions): Promise<(drainMs: number) => Promise<void>> {
  const { kafka, codec, log } = options
  const execution = new Execution(options, await retriesTopic(codec, options.intake.producer))
  const consume = async (topic: typeof ACTIONS | typeof RETRIES, delayMs?: (partition: number) => number) => {
    const records = await openRecords({ codec, topic, reader: 'rules', log })
    return kafka.consume(
      {
        groupId: `ingest-hub.${topic}`,
        topics: [topic],
        startAt: 'earliest',
        maxBatchRecords: BATCH_RECORDS,
        delayMs,
      },
      async (batch: RecordBatch, signal: AbortSignal) => {
        const running: Promise<void>[] = []
        await records.prepare(batch)
        records.each(batch, ({ value }) => value && running.push(execution.run(value, signal)))
        while (execution.isFull && !signal.aborted) await pause(LOOK_MS, signal)
        return { done: Promise.all(running).then(() => {}) }
      },
    )
  }
  const subscriptions = await Promise.all([consume(ACTIONS), consume(RETRIES, keptMs)])
  const unwatch = subscriptions.map((subscription) => watchGroup(subscription, kafka))
  return async (drainMs) => {
    for (const end of unwatch) end()
    await Promise.all(subscriptions.map((subscription) => subscription.stop(drainMs)))
  }
}

/** Returns how long a partition of the topic of retries keeps its records. */
const keptMs = (partition: number): number => FIRST_PAUSE_MS * 2 ** partition

/** Returns the partition that keeps records for at least this long, if there is one. */
function partitionFor(waitMs: number): number {
  return Math.min(RETRY_PARTITIONS - 1, Math.max(0, Math.ceil(Math.log2(waitMs / FIRST_PAUSE_MS))))
}

type Retry = (record: RuleActions, waitMs: number) => Promise<void>

async function retriesTopic(codec: Codec, producer: Producer): Promise<Retry> {
  const writer = await codec.writer(RETRIES)
  return (record, waitMs) =>
    writeRecord(producer, {
      topic: RETRIES,
      partition: partitionFor(waitMs),
      key: null,
      value: encodeValue(writer, record),
    })
}

class Execution {
  readonly #options: ErrorActionOptions
  readonly #attempts: Attempts
  readonly #retry: Retry
  readonly #log: Logger
  #heldBytes = 0

  constructor(options: ExecutionOptions, retry: Retry) {
    const { account, credentials, log } = options
    this.#options = { ...options, accountId: account.accountId }
    this.#retry = retry
    this.#log = log
    const receivers = receiversOf({ ...options, region: account.region, credentials })
    this.#attempts = new Attempts(receivers, () => this.#heldBytes < MAX_QUEUED_BYTES, log)
  }

  get isFull(): boolean {
    return this.#heldBytes > MAX_HELD_BYTES
  }

  /** Resolves when the actions are done, given up, or stored as a retry. Rejects if the signal aborts before. */
  async run(record: RuleActions, signal: AbortSignal): Promise<void> {
    const bytes = bytesOf(record)
    this.#heldBytes += bytes
    try {
      await this.#untilItEnds(record, signal)
    } finally {
      this.#heldBytes -= bytes
    }
  }

  /** A mistake of this program with one record must neither lose it nor hold up others for longer than it lasts. */
  async #untilItEnds(record: RuleActions, signal: AbortSignal): Promise<void> {
    for (let retry = 0; ; retry++) {
      try {
        return await this.#once(record, signal)
      } catch (error) {
        if (signal.aborted) throw error
        this.#log.error({ err: error, rule: record.rule }, 'actions failed inside, and are attempted again')
        await pause(backoffMs(retry, FIRST_PAUSE_MS, MAX_PAUSE_MS), signal)
      }
    }
  }

  async #once(record: RuleActions, signal: AbortSignal): Promise<void> {
    const attempt = record.attempts + 1
    const isLast = attempt >= MAX_ATTEMPTS || Date.now() - record.receivedAt > MAX_AGE_MS
    const { remaining, failures, hasFailed, dueAt } = await this.#attempts.make(record, isLast)
    const next: RuleActions = {
      ...record,
      actions: remaining,
      failures: [...record.failures, ...failures],
      attempts: hasFailed ? attempt : record.attempts,
    }
    if (remaining.length > 0) {
      const backoff = hasFailed ? backoffMs(record.attempts, FIRST_PAUSE_MS, MAX_PAUSE_MS) : 0
      await this.#untilStored(() => this.#retry(next, Math.max(backoff, dueAt - Date.now())), signal)
    } else if (next.failures.length > 0 && !next.isErrorAction)
      await this.#untilStored(() => runErrorAction(this.#options, next), signal)
  }

  async #untilStored(store: () => Promise<void>, signal: AbortSignal): Promise<void> {
    for (let retry = 0; ; retry++) {
      signal.throwIfAborted()
      try {
        return await store()
      } catch (error) {
        this.#log.warn(
          { err: error },
          'what is left of the actions of a rule is not stored yet, and is tried again',
        )
        await pause(backoffMs(retry, MIN_STORE_PAUSE_MS, MAX_STORE_PAUSE_MS), signal)
      }
    }
  }
}

function bytesOf({ payload, original, actions }: RuleActions): number {
  let bytes = OVERHEAD_BYTES + payload.length + (original?.length ?? 0)
  for (const { parameters } of actions) bytes += 2 * parameters.length
  return bytes
}
