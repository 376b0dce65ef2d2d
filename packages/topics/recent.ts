/**
 * The newest records of a topic. They are read from Kafka while somebody looks, and only the newest of a busy topic,
 * so that looking costs the others who use the broker little.
 */
import type { TopicName, ValueOf } from '@weir/contracts'
import { type Kafka, KafkaError } from '@weir/kafka'
import { type Accept, openRecords, type RecordsOptions, type TopicRecords } from './records.ts'

export interface RecentOptions<T extends TopicName> extends RecordsOptions<T> {
  readonly kafka: Pick<Kafka, 'partitions' | 'offsetAt' | 'fetch'>
  /** How far back the first reading goes. */
  readonly windowMs: number
  readonly accept: Accept<ValueOf[T]>
}

/** The records that one reading of a partition takes. */
const MAX_BEHIND = 5000
const FETCH_BYTES = 1 << 20
/** Callers within this time share a reading. */
const FRESH_MS = 500

export class Recent<T extends TopicName> {
  readonly #options: RecentOptions<T>
  readonly #records: TopicRecords<ValueOf[T]>
  /** The next offset of each partition; -1 before its first reading. */
  readonly #positions: number[]
  #reading: Promise<void> | undefined
  #readAt = -Infinity
  #skipped = 0

  constructor(options: RecentOptions<T>, records: TopicRecords<ValueOf[T]>, partitions: number) {
    this.#options = options
    this.#records = records
    this.#positions = Array<number>(partitions).fill(-1)
  }

  /** Records of the window that were not read, because there were too many. */
  get skipped(): number {
    return this.#skipped
  }

  /** Resolves when the records up to now are accepted. Rejects with a KafkaError. */
  async read(): Promise<void> {
    if (performance.now() - this.#readAt < FRESH_MS) return this.#reading
    this.#readAt = performance.now()
    const before = this.#reading ?? Promise.resolve()
    this.#reading = before.catch(() => {}).then(() => this.#readAll())
    return this.#reading
  }

  async #readAll(): Promise<void> {
    const since = Date.now() - this.#options.windowMs
    await Promise.all(this.#positions.map((_, partition) => this.#readPartition(partition, since)))
  }

  async #readPartition(partition: number, since: number): Promise<void> {
    const { kafka, topic, accept } = this.#options
    const end = await kafka.offsetAt(topic, partition, 'latest')
    const first =
      this.#positions[partition] < 0
        ? await kafka.offsetAt(topic, partition, since)
        : this.#positions[partition]
    let position = Math.max(first, end - MAX_BEHIND)
    this.#positions[partition] = position
    this.#skipped += position - first
    try {
      while (position < end) {
        const batch = await kafka.fetch(topic, partition, position, FETCH_BYTES)
        if (batch.nextOffset <= position) break
        await this.#records.prepare(batch)
        this.#records.each(batch, accept)
        position = batch.nextOffset
        this.#positions[partition] = position
      }
    } catch (error) {
      if (!(error instanceof KafkaError) || error.code !== 'out-of-range') throw error
      // The records were deleted meanwhile, or the topic was recreated.
      this.#positions[partition] = -1
    }
  }
}

export async function openRecent<T extends TopicName>(options: RecentOptions<T>): Promise<Recent<T>> {
  const { kafka, topic } = options
  const [records, partitions] = await Promise.all([openRecords(options), kafka.partitions(topic)])
  return new Recent(options, records, partitions)
}
