/** A handler's output for one transaction: record batches per output partition. */
import { KafkaError } from '../errors.ts'
import type { Appender, RecordBatch } from '../port.ts'
import type { BatchWriter } from '../records/batch-writer.ts'
import { head, tail } from '../records/slice.ts'
import { giveWriter, takeWriter } from '../records/writer-pool.ts'

/** Below the default of max.message.bytes. */
const MAX_BATCH_BYTES = 1_000_000
/** Bytes of a record's lengths, deltas and attributes. */
const OVERHEAD = 22
/** Limit of one transaction's output. */
export const MAX_BYTES = 64 * 1024 * 1024

export interface OutputPartition {
  readonly topic: string
  readonly partition: number
  /** In the order of the records; each becomes one record batch. */
  readonly writers: BatchWriter[]
}

class OutputTooLarge extends KafkaError {
  constructor() {
    super('too-large', `The output of one transaction exceeds ${MAX_BYTES} bytes`)
  }
}

export class TransactionOutput implements Appender {
  readonly partitions: OutputPartition[] = []
  readonly #byTopic = new Map<string, OutputPartition[]>()
  #bytes = 0

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
    let partitions = this.#byTopic.get(topic)
    if (partitions === undefined) this.#byTopic.set(topic, (partitions = []))
    let output = partitions[partition]
    if (output === undefined) {
      output = { topic, partition, writers: [takeWriter()] }
      partitions[partition] = output
      this.partitions.push(output)
    }
    const size = keyEnd - keyStart + valueEnd - valueStart + headersEnd - headersStart + OVERHEAD
    this.#bytes += size
    if (this.#bytes > MAX_BYTES) throw new OutputTooLarge()
    let writer = output.writers[output.writers.length - 1]
    if (writer.count > 0 && writer.size + size > MAX_BATCH_BYTES) output.writers.push((writer = takeWriter()))
    writer.append(key, keyStart, keyEnd, value, valueStart, valueEnd, headers, headersStart, headersEnd)
  }

  /** Bytes of the records. */
  get bytes(): number {
    return this.#bytes
  }

  /** Returns the buffers to the pool. Nothing may be appended or sent afterwards. */
  release(): void {
    for (const { writers } of this.partitions.splice(0)) writers.forEach(giveWriter)
    this.#byTopic.clear()
  }
}

/** Batches of up to this size are joined to one: each more costs another request. */
const JOINED_BYTES = 64 * 1024

/** Puts several outputs together, in their order. They are not to be used by themselves any more. */
export function joined(outputs: readonly TransactionOutput[]): readonly OutputPartition[] {
  if (outputs.length === 1) return outputs[0].partitions
  const all = outputs.flatMap(({ partitions }) => partitions)
  return [...Map.groupBy(all, ({ topic, partition }) => `${topic}/${partition}`).values()].map((parts) => {
    const [{ topic, partition }] = parts
    const writers: BatchWriter[] = []
    for (const writer of parts.flatMap((part) => part.writers)) {
      const last = writers.at(-1)
      if (last !== undefined && last.size + writer.size <= JOINED_BYTES) last.appendAll(writer)
      else writers.push(writer)
    }
    return { topic, partition, writers }
  })
}

/**
 * Handles a batch in one transaction, or in several, one after the other, if its output is more than one may
 * hold.
 * @param again called before the handler gets records again
 */
export async function inParts(
  batch: RecordBatch,
  transact: (part: RecordBatch) => Promise<void>,
  again: () => Promise<void>,
): Promise<void> {
  try {
    return await transact(batch)
  } catch (error) {
    if (!(error instanceof OutputTooLarge) || batch.length < 2) throw error
  }
  await again()
  const half = batch.length >> 1
  await inParts(head(batch, half), transact, again)
  await inParts(tail(batch, half), transact, again)
}
