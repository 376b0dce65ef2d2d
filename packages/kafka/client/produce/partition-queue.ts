/**
 * Batches that wait to be written to one partition, in order. The batch at the front is sent; the one at the
 * back is open for appends.
 */
import type { KafkaError } from '../../errors.ts'
import { allocateColumns, type Columns } from '../../records/batch-reader.ts'
import type { BatchWriter } from '../../records/batch-writer.ts'
import { AT } from '../../records/format.ts'
import { readRecords } from '../../records/record-reader.ts'
import { giveWriter, takeWriter } from '../../records/writer-pool.ts'
import type { ProducerIdentity } from '../protocol/transactions.ts'
import type { Share } from './delivery.ts'

/** Below the default of max.message.bytes (1,048,588), which counts the whole batch. */
const MAX_BYTES = 1_000_000
const MAX_RECORDS = 10_000
/** Bytes of a record's lengths, deltas and attributes. */
const OVERHEAD = 22

export class Batch {
  readonly writer: BatchWriter = takeWriter()
  readonly shares: Share[] = []
  readonly created = Date.now()
  lastShare: Share | undefined
  /** Bytes of this batch that count as buffered. */
  charged = 0
  /** The finished batch, set once it is sent; its sequence never changes after that. */
  finished: Buffer | undefined

  share(share: Share): void {
    this.lastShare = share
    this.shares.push(share)
  }
}

export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  readonly batches: Batch[] = []
  inFlight = false
  /** Failed attempts of the batch at the front. */
  attempts = 0
  /** No attempt before this time, in ms since the epoch. */
  pausedUntil = 0
  lastError: KafkaError | undefined
  #identity: ProducerIdentity | undefined
  #sequence = 0

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  openFor(size: number): Batch {
    const last = this.batches[this.batches.length - 1]
    if (
      last !== undefined &&
      last.finished === undefined &&
      last.writer.count < MAX_RECORDS &&
      (last.writer.size + size + OVERHEAD <= MAX_BYTES || last.writer.count === 0)
    )
      return last
    const batch = new Batch()
    this.batches.push(batch)
    return batch
  }

  /**
   * Finishes the batch at the front, or returns it as it was sent before. From then on the batch takes no
   * more appends.
   */
  front(identity: ProducerIdentity, codec: number): Buffer {
    const batch = this.batches[0]
    this.#identity ??= identity
    batch.finished ??= batch.writer.finish(
      { ...this.#identity, baseSequence: this.#sequence, transactional: false },
      codec,
    )
    return batch.finished
  }

  /**
   * Settles the batch at the front as stored. Returns the number of bytes freed.
   * @param baseOffset the offset of its first record; -1 if unknown
   * @param appendTime the time of all its records; -1 if the time of sending applies
   */
  stored(baseOffset: number, appendTime: number): number {
    const batch = this.#drop()
    this.#sequence = (this.#sequence + batch.writer.count) & 0x7fffffff
    let row = 0
    for (const share of batch.shares) {
      share.delivery.storedAt(
        this,
        share,
        baseOffset < 0 ? -1 : baseOffset + row,
        appendTime < 0 ? batch.writer.timestamp : appendTime,
      )
      row += share.count
    }
    return this.#free(batch)
  }

  /**
   * Fails the record at the front, since the broker accepts no batch with it. Later records of its delivery
   * fail with it; those of other deliveries are kept. Returns the number of bytes freed.
   */
  refused(error: KafkaError): number {
    const [{ delivery }] = this.batches[0].shares
    let freed = this.#failFront(error)
    for (const [i, batch] of this.batches.entries()) {
      if (!batch.shares.some((share) => share.delivery === delivery)) continue
      const rest = new Batch()
      freed += this.#spread(batch, (share) => (share.delivery === delivery ? undefined : rest), error)
      this.batches[i] = rest
    }
    const kept = this.batches.filter(({ writer }) => writer.count > 0)
    this.batches.splice(0, Infinity, ...kept)
    return freed
  }

  /**
   * Fails everything that waits. If the outcome is unknown, the batch at the front may still reach the
   * broker, so the next one carries a higher epoch, which fences it (KIP-360 lets an idempotent producer
   * raise its epoch itself).
   */
  failAll(error: KafkaError, outcomeUnknown: boolean): number {
    let freed = 0
    if (outcomeUnknown && this.batches[0]?.finished !== undefined) this.#nextEpoch()
    while (this.batches.length > 0) freed += this.#failFront(error)
    return freed
  }

  /**
   * Replaces the batch at the front, which is larger than the topic accepts, with two halves. Returns the
   * number of bytes freed.
   */
  split(): number {
    const whole = this.batches.shift()!
    const halves = [new Batch(), new Batch()]
    this.batches.unshift(...halves)
    return this.#spread(whole, (_share, row) => halves[row * 2 < whole.writer.count ? 0 : 1])
  }

  /** Copies a batch's records into other batches, as `place` decides. Records that it places nowhere fail. */
  #spread(batch: Batch, place: (share: Share, row: number) => Batch | undefined, error?: KafkaError): number {
    const { count, bytes, size } = batch.writer
    const { keyStart, keyEnd, valueStart, valueEnd, headersStart, headersEnd } = columnsOf(bytes, size, count)
    let moved = 0
    let row = 0
    for (const share of batch.shares) {
      let into: Batch | undefined
      for (let i = 0; i < share.count; i++, row++) {
        const target = place(share, row)
        if (target === undefined) continue
        if (target !== into) {
          if (into !== undefined) share.delivery.split()
          target.share({ delivery: share.delivery, fromIndex: share.fromIndex + i, count: 0 })
          into = target
        }
        const before = target.writer.size
        target.lastShare!.count++
        target.writer.append(
          keyStart[row] < 0 ? null : bytes,
          keyStart[row],
          keyEnd[row],
          valueStart[row] < 0 ? null : bytes,
          valueStart[row],
          valueEnd[row],
          bytes,
          headersStart[row],
          headersEnd[row],
        )
        target.charged += target.writer.size - before
        moved += target.writer.size - before
      }
      if (into === undefined) share.delivery.failed(this, share, error!)
    }
    return this.#free(batch) - moved
  }

  #failFront(error: KafkaError): number {
    const batch = this.#drop()
    for (const share of batch.shares) share.delivery.failed(this, share, error)
    return this.#free(batch)
  }

  #drop(): Batch {
    this.attempts = 0
    this.pausedUntil = 0
    this.lastError = undefined
    return this.batches.shift()!
  }

  #free({ writer, charged }: Batch): number {
    giveWriter(writer)
    return charged
  }

  #nextEpoch(): void {
    const { producerId, producerEpoch } = this.#identity!
    this.#identity = { producerId, producerEpoch: producerEpoch + 1 }
    this.#sequence = 0
  }

  /** Whether the epochs, which have 15 bits, are used up, so that a new producer id is needed. */
  get exhausted(): boolean {
    return (this.#identity?.producerEpoch ?? 0) >= 0x7fff
  }

  /** Continues under another producer id. Nothing may be in flight. */
  adopt(identity: ProducerIdentity): void {
    this.#identity = identity
    this.#sequence = 0
  }
}

function columnsOf(bytes: Buffer, size: number, count: number): Columns {
  const columns = allocateColumns(count)
  readRecords(
    bytes,
    AT.records,
    size,
    { baseOffset: 0, lastOffsetDelta: count - 1, baseTimestamp: 0, appendTime: -1, count },
    0,
    columns,
    0,
  )
  return columns
}
