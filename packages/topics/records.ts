/**
 * Hands out the records of a batch, decoded. A record that cannot be read is left out: it never holds up its
 * neighbours.
 */
import type { Codec, Reader } from '@weir/codec'
import type { TopicName, ValueOf } from '@weir/contracts'
import { decodeHeaders, type RecordBatch } from '@weir/kafka'
import { Counter, metrics } from '@weir/service'

const leftOut = new Counter({
  name: 'weir_records_left_out_total',
  help: 'Records that a reader of a topic skipped because they could not be read or did not have the expected shape.',
  labelNames: ['topic', 'reader'],
  registers: [metrics],
})

/** Records can be bad by the thousand, so the log names one of them at most this often (ms). */
const TELL_AGAIN_MS = 60_000

export interface WarnLog {
  warn(details: object, message: string): void
}

/** One record. Its key and headers are valid until the batch's handler settles; its value stays valid. */
export class TopicRecord<V> {
  /** null: a tombstone. */
  readonly value: V | null
  readonly #batch: RecordBatch
  readonly #index: number

  constructor(batch: RecordBatch, index: number, value: V | null) {
    this.#batch = batch
    this.#index = index
    this.value = value
  }

  /** Empty for a record without a key. */
  get key(): string {
    const { bytes, keyStart, keyEnd } = this.#batch
    const start = keyStart[this.#index]
    return start < 0 ? '' : bytes.toString('utf8', start, keyEnd[this.#index])
  }

  /** A copy of the key's bytes; empty for a record without a key. */
  get keyBytes(): Buffer {
    const { bytes, keyStart, keyEnd } = this.#batch
    const start = Math.max(0, keyStart[this.#index])
    return Buffer.from(bytes.subarray(start, Math.max(start, keyEnd[this.#index])))
  }

  /** The number of the record in its batch. */
  get index(): number {
    return this.#index
  }

  get partition(): number {
    return this.#batch.partition
  }

  get offset(): number {
    return this.#batch.offsets[this.#index]
  }

  get headers(): Readonly<Record<string, string>> {
    return decodeHeaders(this.#batch.bytes, this.#batch.headersStart[this.#index])
  }
}

/** Takes a record. If it throws, the record is left out. */
export type Accept<V> = (record: TopicRecord<V>) => void

export interface TopicRecords<V> {
  /**
   * Await it before each(). Rejects with RegistryUnavailable, which says nothing about the records: repeat
   * the batch.
   */
  prepare(batch: RecordBatch): Promise<void> | undefined
  /** Passes the batch's records to `accept` in order, beginning at offset `from`. */
  each(batch: RecordBatch, accept: Accept<V>, from?: number): void
}

export interface RecordsOptions<T extends TopicName> {
  readonly codec: Pick<Codec, 'reader'>
  readonly topic: T
  /** Names the reader in the log and the metric. */
  readonly reader: string
  readonly log: WarnLog
}

export async function openRecords<T extends TopicName>(
  options: RecordsOptions<T>,
): Promise<TopicRecords<ValueOf[T]>> {
  const { codec, topic, reader: name, log } = options
  const reader: Reader<ValueOf[T]> = await codec.reader(topic)
  const counter = leftOut.labels({ topic, reader: name })
  let untold = 0
  let toldAt = -Infinity

  const leaveOut = (batch: RecordBatch, index: number, error: unknown): void => {
    counter.inc()
    untold++
    const now = performance.now()
    if (now - toldAt < TELL_AGAIN_MS) return
    const { message } = error as Error
    const place = { topic, partition: batch.partition, offset: batch.offsets[index] }
    log.warn({ ...place, reader: name, error: message, records: untold }, 'a record is skipped')
    untold = 0
    toldAt = now
  }

  return {
    prepare: (batch) => reader.prepare(batch),
    each(batch, accept, from = -1) {
      for (let i = 0; i < batch.length; i++) {
        if (batch.offsets[i] < from) continue
        try {
          const start = batch.valueStart[i]
          accept(
            new TopicRecord(
              batch,
              i,
              start < 0 ? null : reader.decode(batch.bytes, start, batch.valueEnd[i]),
            ),
          )
        } catch (error) {
          leaveOut(batch, i, error)
        }
      }
    },
  }
}
