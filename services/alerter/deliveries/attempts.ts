/** Writes attempts with their outcomes. Those that end within a few milliseconds share a request. */
import type { Codec } from '@weir/codec'
import type { DeliveryAttempt } from '@weir/contracts'
import { appendRecord, encodeValue, KafkaError, type Producer, writeRecord } from '@weir/kafka'
import { backoffMs, pause } from '@weir/timing'
import { isFifo } from '../notifications/entries.ts'
import { type Delivery, identityOf, type Outcome } from './delivery.ts'

const TOPIC = 'weir.notifications.attempts'
/** How long an attempt waits for others. Only FIFO topics, whose next message waits for its record, are not gathered. */
const GATHER_MS = 10
const MIN_PAUSE_MS = 100
const MAX_PAUSE_MS = 5000
/** Receivers' answers are recorded up to this length. */
const MAX_ANSWER_CHARACTERS = 200

export interface Attempted {
  /** The number of attempts so far, this one included. */
  readonly attempts: number
  /** Ms since the epoch. */
  readonly startedAt: number
  readonly durationMs: number
}

export interface AttemptLog {
  /**
   * Resolves when the outcome is stored, which is retried until it succeeds or the signal aborts. Rejects only
   * then.
   */
  write(delivery: Delivery, outcome: Outcome, attempted: Attempted, signal: AbortSignal): Promise<void>
}

export async function openAttemptLog(codec: Codec, producer: Producer): Promise<AttemptLog> {
  const writer = await codec.writer(TOPIC)
  let gathered: { out: ReturnType<Producer['delivery']>; stored: Promise<void> } | undefined

  /** Records that are appended within a few milliseconds succeed or fail together. */
  const gather = (): NonNullable<typeof gathered> => {
    if (gathered !== undefined) return gathered
    const out = producer.delivery()
    const stored = pause(GATHER_MS).then(async () => {
      gathered = undefined
      const [failure] = await out.settled()
      if (failure !== undefined) throw failure.error
    })
    stored.catch(() => {})
    gathered = { out, stored }
    return gathered
  }

  return {
    async write(delivery, outcome, attempted, signal) {
      const value = encodeValue(writer, recordOf(delivery, outcome, attempted))
      const { partition } = delivery.cause
      for (let retry = 0; ; retry++) {
        try {
          const record = { topic: TOPIC, partition, key: delivery.subscription.id, value }
          if (isFifo(delivery.topic.name)) return await writeRecord(producer, record)
          const { out, stored } = gather()
          appendRecord(out, record)
          return await stored
        } catch (error) {
          if (!(error instanceof KafkaError) || signal.aborted) throw error
          await pause(backoffMs(retry, MIN_PAUSE_MS, MAX_PAUSE_MS), signal)
        }
      }
    },
  }
}

function recordOf(delivery: Delivery, outcome: Outcome, attempted: Attempted): DeliveryAttempt {
  const { cause } = delivery
  const { status, text } = outcome.answer
  return {
    ...identityOf(delivery),
    protocol: delivery.subscription.protocol,
    retry: cause.retry,
    cause: cause.offset,
    ...attempted,
    outcome: outcome.outcome,
    status,
    answer: text === null ? null : text.slice(0, MAX_ANSWER_CHARACTERS).toWellFormed(),
    dueAt: 'dueAt' in outcome ? outcome.dueAt : null,
    deadLetter: 'deadLetter' in outcome ? outcome.deadLetter : delivery.deadLetter,
  }
}
