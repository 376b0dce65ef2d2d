/**
 * Record batches whose bytes break the format are retried for a moment, then skipped for the sake of their
 * neighbours.
 */
import { backoffMs } from '@weir/timing'
import { KafkaError } from './errors.ts'
import type { KafkaLog } from './log.ts'
import type { RecordBatch } from './port.ts'
import { allocateColumns } from './records/batch-reader.ts'
import type { UnreadableBatch } from './records/unreadable-batch.ts'

/**
 * The broker checks a batch before it stores it, and TCP checks its payload, so a read that was corrupted on
 * the way succeeds the next time. Bytes that are unreadable five times within three seconds are damaged in
 * the log.
 */
const TRIES = 5
const FIRST_PAUSE_MS = 200
const MAX_PAUSE_MS = 1600

/** The number of batches that this process has skipped, by topic. */
export const passedOver = new Map<string, number>()

/** Counts the tries of one partition. */
export class UnreadableTries {
  #offset = -1
  #tries = 0

  /** The pause before the next try. */
  get pauseMs(): number {
    return backoffMs(this.#tries - 1, FIRST_PAUSE_MS, MAX_PAUSE_MS)
  }

  /**
   * Notes a failed try. Returns the batch to hand over in its place, or undefined if it is to be tried again.
   */
  failed(error: UnreadableBatch, endOffset: number, log: KafkaLog): RecordBatch | undefined {
    const { topic, partition, firstOffset, nextOffset, reason } = error
    if (this.#offset !== firstOffset) this.#tries = 0
    this.#offset = firstOffset
    if (++this.#tries < TRIES) {
      log.warn({ topic, partition, firstOffset, reason }, 'A record batch cannot be read and is retried')
      return undefined
    }
    this.#tries = 0
    passedOver.set(topic, (passedOver.get(topic) ?? 0) + 1)
    const lastOffset = nextOffset - 1
    log.error(
      { topic, partition, firstOffset, lastOffset, reason },
      'A record batch cannot be read and is skipped',
    )
    return { ...emptyBatch(topic, partition, nextOffset, endOffset), unreadable: { firstOffset, reason } }
  }
}

/**
 * The error for an answer that holds only the beginning of the batch at its position; the next one brings all
 * of it.
 */
export function cutShort(
  { topic, partition }: { topic: string; partition: number },
  position: number,
): KafkaError {
  return new KafkaError(
    'timeout',
    `The answer ends within the record batch ${topic}/${partition} at ${position}`,
  )
}

/** A batch that only moves the position. */
export function emptyBatch(
  topic: string,
  partition: number,
  nextOffset: number,
  endOffset: number,
): RecordBatch {
  return { topic, partition, length: 0, bytes: Buffer.alloc(0), ...allocateColumns(0), nextOffset, endOffset }
}

/** Whether handlers get the batch: it has records, or takes the place of some that cannot be read. */
export function isForHandlers({ length, unreadable }: RecordBatch): boolean {
  return length > 0 || unreadable !== undefined
}
