/** What a handler gives out for one transaction: record batches per output partition. */
import { KafkaError } from '../../../errors.ts'
import type { Appender } from '../../../port.ts'
import type { BatchWriter } from '../../../records/batch-writer.ts'
import { giveWriter, takeWriter } from '../produce/writer-pool.ts'
import type { TopicPartition } from '../protocol/wire.ts'

/** Below the default of max.message.bytes. */
const MOST_BATCH_BYTES = 1_000_000
/** Lengths, deltas and attributes of a record. */
const OVERHEAD = 22
/** Of one transaction. */
const MOST_BYTES = 64 * 1024 * 1024

export interface OutputPartition extends TopicPartition {
  /** In the order of the records; each becomes one record batch. */
  readonly writers: BatchWriter[]
}

export class TransactionOutput implements Appender {
  readonly partitions: OutputPartition[] = []
  readonly #byTopic = new Map<string, OutputPartition[]>()
  #bytes = 0

  append(
    topic: string, partition: number, key: Buffer | null, keyStart: number, keyEnd: number,
    value: Buffer | null, valueStart: number, valueEnd: number, headers: Buffer, headersStart: number, headersEnd: number,
  ): void {
    let partitions = this.#byTopic.get(topic)
    if (partitions === undefined) this.#byTopic.set(topic, partitions = [])
    let output = partitions[partition]
    if (output === undefined) {
      output = { topic, partition, writers: [takeWriter()] }
      partitions[partition] = output
      this.partitions.push(output)
    }
    const size = keyEnd - keyStart + valueEnd - valueStart + headersEnd - headersStart + OVERHEAD
    this.#bytes += size
    if (this.#bytes > MOST_BYTES) throw new KafkaError('too-large', `The output of one batch of input exceeds ${MOST_BYTES} bytes`)
    let writer = output.writers[output.writers.length - 1]
    if (writer.count > 0 && writer.size + size > MOST_BATCH_BYTES) output.writers.push(writer = takeWriter())
    writer.append(key, keyStart, keyEnd, value, valueStart, valueEnd, headers, headersStart, headersEnd)
  }

  /** Gives the buffers back; nothing may be appended or sent after. */
  release(): void {
    for (const { writers } of this.partitions.splice(0)) writers.forEach(giveWriter)
    this.#byTopic.clear()
  }
}
