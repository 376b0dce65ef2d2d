/**
 * What was fetched of one partition and not handed over yet: small pieces collect while a handler is busy, so
 * that the next batch has all that has arrived.
 */
import type { RecordBatch, SubscribeOptions } from '../../../port.ts'
import { head, join, tail } from '../../../records/slice.ts'
import { emptyBatch, UnreadableTries } from '../../../unreadable.ts'
import type { Standstill } from '../../standstill.ts'
import type { Loss } from '../../topic-ids.ts'
import type { TopicPartition } from '../protocol/wire.ts'

/**
 * Pieces are copied together up to this size; beyond it the copy costs more than a second call of the
 * handler.
 */
const MAX_JOINED = 256 * 1024

interface PrefetchOptions {
  readonly topicId: string
  readonly position: number
  readonly maxRecords: number
  readonly standstill: Standstill
  /** Called when take() has something, and when the position is lost. */
  readonly arrived: () => void
  readonly gather?: SubscribeOptions['gather']
}

export class Prefetch implements TopicPartition {
  readonly topic: string
  readonly partition: number
  /** The id of the topic that the position belongs to. */
  readonly topicId: string
  /** The offset to ask the broker for next. */
  fetchPosition: number
  /** Where the log begins, when last heard of. */
  startOffset = 0
  /** The last stable offset when last heard of; -1 before the first answer. */
  endOffset = -1
  /** Grows with every seek(): answers to earlier questions are dropped. */
  generation = 0
  inFlight = false
  /** No question before this time, in ms since the epoch. */
  pausedUntil = 0
  failures = 0
  /** The replica to ask in the place of the leader, -1 for none. */
  replica = -1
  /** Why nothing can be fetched from the position any more; undefined while all is well. */
  lost: Loss | undefined
  readonly standstill: Standstill
  readonly unreadable = new UnreadableTries()
  readonly #maxRecords: number
  readonly #arrived: () => void
  readonly #gather: SubscribeOptions['gather']
  #since = 0
  #pieces: RecordBatch[] = []
  #records = 0
  #bytes = 0

  constructor({ topic, partition }: TopicPartition, options: PrefetchOptions) {
    const { topicId, position, maxRecords, standstill, arrived, gather } = options
    this.topic = topic
    this.partition = partition
    this.topicId = topicId
    this.fetchPosition = position
    this.standstill = standstill
    this.#maxRecords = maxRecords
    this.#arrived = arrived
    this.#gather = gather
  }

  wants(now: number, mostBytes: number): boolean {
    return (
      !this.inFlight &&
      this.lost === undefined &&
      this.pausedUntil <= now &&
      this.#records < this.#maxRecords &&
      this.#bytes < Math.max(mostBytes, this.#gather?.bytes ?? 0)
    )
  }

  /** The partition has to begin anew. */
  lose(reason: Loss): void {
    if (this.lost !== undefined) return
    this.lost = reason
    this.#arrived()
  }

  /** Goes on at a later offset: what lies before is gone. */
  skipTo(offset: number): void {
    this.inFlight = false
    this.startOffset = offset
    this.offer(emptyBatch(this.topic, this.partition, offset, Math.max(offset, this.endOffset)))
  }

  /** Until when (ms since the epoch) more is to be gathered before take(). */
  get gatherUntil(): number {
    if (
      this.#gather === undefined ||
      this.#records === 0 ||
      this.#records >= this.#maxRecords ||
      this.#bytes >= this.#gather.bytes
    )
      return 0
    return this.#since + this.#gather.ms
  }

  offer(batch: RecordBatch): void {
    this.failures = 0
    this.endOffset = batch.endOffset
    // An answer that was full before it came to this partition is neither a success nor a failure.
    const moved = batch.nextOffset > this.fetchPosition
    if (moved || this.fetchPosition >= batch.endOffset) this.standstill.succeeded('fetching')
    if (!moved) return
    this.fetchPosition = batch.nextOffset
    if (this.#records === 0) this.#since = Date.now()
    this.#pieces.push(batch)
    this.#records += batch.length
    this.#bytes += batch.length > 0 ? batch.bytes.length : 0
    this.#arrived()
  }

  /**
   * The next batch for the handler, of length 0 where only the position moved; undefined where nothing is
   * there.
   */
  take(): RecordBatch | undefined {
    if (this.#pieces.length === 0) return undefined
    const mostBytes = this.#gather?.bytes ?? MAX_JOINED
    let count = 0
    let records = 0
    let bytes = 0
    for (const piece of this.#pieces) {
      if (piece.unreadable !== undefined) {
        if (count === 0) return this.#pieces.shift()
        break
      }
      // What is gathered is to be full: then the last piece is cut.
      const full =
        this.#gather === undefined ? records + piece.length > this.#maxRecords : records >= this.#maxRecords
      if (count > 0 && (full || bytes + piece.bytes.length > mostBytes)) break
      count++
      records += piece.length
      bytes += piece.length > 0 ? piece.bytes.length : 0
    }
    const batch = join(this.#pieces.splice(0, count))
    if (records <= this.#maxRecords) {
      this.#records -= records
      this.#bytes -= bytes
      return { ...batch, endOffset: this.endOffset }
    }
    this.#pieces.unshift(tail(batch, this.#maxRecords))
    this.#since = Date.now()
    this.#records -= this.#maxRecords
    return { ...head(batch, this.#maxRecords), endOffset: this.endOffset }
  }

  seek(position: number): void {
    this.generation++
    this.fetchPosition = position
    this.#pieces = []
    this.#records = 0
    this.#bytes = 0
    this.inFlight = false
    this.pausedUntil = 0
  }
}
