/** Tracks a caller's own records among those of others. Registered once per batch, settled once per batch. */
import type { KafkaError } from '../../errors.ts'
import type { Delivery, DeliveryFailure, StoredRange } from '../../port.ts'
import type { PartitionQueue } from './partition-queue.ts'

/** Consecutive records of one delivery in one batch. */
export interface Share {
  readonly delivery: QueuedDelivery
  /** Index of the first of them among the delivery's appends to the partition. */
  readonly fromIndex: number
  count: number
}

/** Finds the queue of a partition, and is notified when records were appended to it. */
export interface Queues {
  queue(topic: string, partition: number): PartitionQueue
  appended(queue: PartitionQueue, bytes: number): void
  /** Throws KafkaError `buffer-full` or `stopped` if another record of `bytes` bytes cannot be accepted. */
  admit(bytes: number): void
}

export class QueuedDelivery implements Delivery {
  readonly #queues: Queues
  readonly #lastShare = new Map<PartitionQueue, Share>()
  readonly #failures = new Map<PartitionQueue, DeliveryFailure>()
  readonly #stored: StoredRange[] = []
  #unsettled = 0
  #waiting: (() => void)[] = []

  constructor(queues: Queues) {
    this.#queues = queues
  }

  append(
    topic: string,
    partition: number,
    key: Buffer | null,
    keyStart: number,
    keyEnd: number,
    value: Buffer | null,
    valueStart: number,
    valueEnd: number,
    headers: Buffer,
    headersStart: number,
    headersEnd: number,
  ): void {
    const queue = this.#queues.queue(topic, partition)
    // Records that follow a failed one in its partition have failed with it.
    if (this.#failures.size > 0 && this.#failures.has(queue)) return
    const size = keyEnd - keyStart + valueEnd - valueStart + headersEnd - headersStart
    this.#queues.admit(size)
    const batch = queue.openFor(size)
    const { writer } = batch
    const before = writer.size
    writer.append(key, keyStart, keyEnd, value, valueStart, valueEnd, headers, headersStart, headersEnd)
    if (batch.lastShare?.delivery !== this) batch.share(this.#newShare(queue))
    batch.lastShare!.count++
    batch.charged += writer.size - before
    this.#queues.appended(queue, writer.size - before)
  }

  async settled(): Promise<DeliveryFailure[]> {
    if (this.#unsettled > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    return [...this.#failures.values()]
  }

  /** A batch was split between the records of one share, which adds a share to settle. */
  split(): void {
    this.#unsettled++
  }

  stored(): readonly StoredRange[] {
    return this.#stored
  }

  /**
   * @param offset the offset of the share's first record
   * @param time   the time of all its records, ms since the epoch
   */
  storedAt(
    { topic, partition }: PartitionQueue,
    { fromIndex, count }: Share,
    offset: number,
    time: number,
  ): void {
    this.#stored.push({ topic, partition, fromIndex, count, offset, time })
    this.#settle()
  }

  failed(queue: PartitionQueue, { fromIndex }: Share, error: KafkaError): void {
    const earlier = this.#failures.get(queue)
    if (earlier === undefined || earlier.fromIndex > fromIndex) {
      this.#failures.set(queue, { topic: queue.topic, partition: queue.partition, fromIndex, error })
    }
    this.#settle()
  }

  #newShare(queue: PartitionQueue): Share {
    const last = this.#lastShare.get(queue)
    const share = {
      delivery: this,
      fromIndex: last === undefined ? 0 : last.fromIndex + last.count,
      count: 0,
    }
    this.#lastShare.set(queue, share)
    this.#unsettled++
    return share
  }

  #settle(): void {
    if (--this.#unsettled > 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
