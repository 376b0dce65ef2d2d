/** What was fetched of one partition and not handed over yet: small pieces collect while a handler is busy, so that the next batch has all that has arrived. */
import type { RecordBatch } from '../../../port.ts'
import { head, join, tail } from '../../../records/slice.ts'
import type { TopicPartition } from '../protocol/wire.ts'

/** Pieces are copied together up to this size; beyond it the copy costs more than a second call of the handler. */
const MOST_JOINED = 256 * 1024

export class Prefetch implements TopicPartition {
  readonly topic: string
  readonly partition: number
  /** The offset to ask the broker for next. */
  fetchPosition: number
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
  readonly #mostRecords: number
  readonly #arrived: () => void
  #pieces: RecordBatch[] = []
  #records = 0
  #bytes = 0

  /** @param arrived called when take() has something */
  constructor({ topic, partition }: TopicPartition, position: number, mostRecords: number, arrived: () => void) {
    this.topic = topic
    this.partition = partition
    this.fetchPosition = position
    this.#mostRecords = mostRecords
    this.#arrived = arrived
  }

  wants(now: number, mostBytes: number): boolean {
    return !this.inFlight && this.pausedUntil <= now && this.#records < this.#mostRecords && this.#bytes < mostBytes
  }

  offer(batch: RecordBatch): void {
    this.failures = 0
    this.endOffset = batch.endOffset
    if (batch.nextOffset === this.fetchPosition) return
    this.fetchPosition = batch.nextOffset
    this.#pieces.push(batch)
    this.#records += batch.length
    this.#bytes += batch.length > 0 ? batch.bytes.length : 0
    this.#arrived()
  }

  /** The next batch for the handler, of length 0 where only the position moved; undefined where nothing is there. */
  take(): RecordBatch | undefined {
    const [first] = this.#pieces
    if (first === undefined) return undefined
    if (first.length > this.#mostRecords) {
      this.#pieces[0] = tail(first, this.#mostRecords)
      this.#records -= this.#mostRecords
      return { ...head(first, this.#mostRecords), endOffset: this.endOffset }
    }
    let count = 0
    let records = 0
    let bytes = 0
    for (const piece of this.#pieces) {
      if (count > 0 && (records + piece.length > this.#mostRecords || bytes + piece.bytes.length > MOST_JOINED)) break
      count++
      records += piece.length
      bytes += piece.length > 0 ? piece.bytes.length : 0
    }
    this.#records -= records
    this.#bytes -= bytes
    return { ...join(this.#pieces.splice(0, count)), endOffset: this.endOffset }
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
