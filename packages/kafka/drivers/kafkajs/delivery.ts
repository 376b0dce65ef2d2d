/** Records whose outcome is reported together. */
import type { KafkaError } from '../../errors.ts'
import type { Delivery, DeliveryFailure, StoredRange } from '../../port.ts'
import type { Segment } from './batch.ts'
import type { PartitionQueue } from './partition-queue.ts'

export class OpenDelivery implements Delivery {
  readonly #queue: (topic: string, partition: number) => PartitionQueue
  /** The segment opened last in each queue, which shows how many records went there. */
  readonly #last = new Map<PartitionQueue, Segment>()
  readonly #failures = new Map<PartitionQueue, DeliveryFailure>()
  readonly #stored: StoredRange[] = []
  #unsettled = 0
  #waiting: (() => void)[] = []

  constructor(queue: (topic: string, partition: number) => PartitionQueue) {
    this.#queue = queue
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
    this.#queue(topic, partition).append(
      this,
      key,
      keyStart,
      keyEnd,
      value,
      valueStart,
      valueEnd,
      headers,
      headersStart,
      headersEnd,
    )
  }

  async settled(): Promise<DeliveryFailure[]> {
    if (this.#unsettled > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    return [...this.#failures.values()]
  }

  stored(): readonly StoredRange[] {
    return this.#stored
  }

  storedAt(
    { topic, partition }: PartitionQueue,
    fromIndex: number,
    count: number,
    offset: number,
    time: number,
  ): void {
    this.#stored.push({ topic, partition, fromIndex, count, offset, time })
  }

  /** Opens a segment that begins with the delivery's next record for that partition. */
  segment(queue: PartitionQueue): Segment {
    const last = this.#last.get(queue)
    const segment = {
      delivery: this,
      fromIndex: last === undefined ? 0 : last.fromIndex + last.count,
      count: 0,
    }
    this.#last.set(queue, segment)
    return segment
  }

  added(): void {
    this.#unsettled++
  }

  failed(queue: PartitionQueue): boolean {
    return this.#failures.has(queue)
  }

  /** Fails what the delivery appended to that partition from `fromIndex` on. */
  fail(queue: PartitionQueue, fromIndex: number, error: KafkaError): void {
    const known = this.#failures.get(queue)
    if (known !== undefined && known.fromIndex <= fromIndex) return
    this.#failures.set(queue, { topic: queue.topic, partition: queue.partition, fromIndex, error })
  }

  settle(records: number): void {
    this.#unsettled -= records
    if (this.#unsettled > 0) return
    for (const resolve of this.#waiting) resolve()
    this.#waiting = []
  }
}
