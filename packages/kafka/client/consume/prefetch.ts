/**
 * Records that were fetched from one partition and not handed over yet. Small pieces collect while a handler
 * is busy, so that the next batch has all that has arrived.
 */
import type { RecordBatch, SubscribeOptions } from '../../port.ts'
import { head, join, tail } from '../../records/slice.ts'
import { emptyBatch, UnreadableTries } from '../../unreadable.ts'
import type { TopicPartition } from '../protocol/wire.ts'
import type { Standstill } from '../standstill.ts'
import type { Loss } from '../topic-ids.ts'

/**
 * Pieces are joined by copying up to this size (bytes); beyond it the copy costs more than a second call of
 * the handler.
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
  /** The offset of the next fetch. */
  fetchPosition: number
  /** The start of the log, as of the last answer. */
  startOffset = 0
  /** The last stable offset, as of the last answer; -1 before the first one. */
  endOffset = -1
  /** Grows with every seek(); answers to earlier requests are dropped. */
  generation = 0
  inFlight = false
  /** No fetch before this time, in ms since the epoch. */
  pausedUntil = 0
  failures = 0
  /** The replica to fetch from instead of the leader; -1 for none. */
  replica = -1
  /** Why nothing can be fetched from the position any more; undefined while it can. */
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

  /** Marks the position as lost: the partition has to begin again. */
  lose(reason: Loss): void {
    if (this.lost !== undefined) return
    this.lost = reason
    this.#arrived()
  }

  /** Continues at a later offset: the records before it are gone. */
  skipTo(offset: number): void {
    this.inFlight = false
    this.startOffset = offset
    this.offer(emptyBatch(this.topic, this.partition, offset, Math.max(offset, this.endOffset)))
  }

  /** The time until which more is gathered before take() (ms since the epoch). */
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
    // If the response was full before it reached this partition, that is neither a success nor a failure.
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
   * Returns the next batch for the handler, of length 0 if only the position moved; undefined if there is
   * none.
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
      // A gathered batch is to be full, so its last piece may be cut.
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
