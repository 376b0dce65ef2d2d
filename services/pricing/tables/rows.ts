/** Rows: the newest state of each item of a table as a record of a compacted topic, in the shape of its contract. */
import type { Codec } from '@weir/codec'
import type { TopicName } from '@weir/contracts'
import { type Item, ItemError } from '@weir/items'
import { type Appender, appendRecord, encodeValue, type Kafka, partitionOfKey } from '@weir/kafka'
import { toPlain } from './plain-items.ts'

export interface Rows {
  /** Encodes the row of an item. Throws an ItemError if the item does not fit the contract. */
  encode(item: Item): Buffer
  /** Appends the row of a key; null removes it. */
  append(out: Appender, key: string, row: Buffer | null): void
}

export async function openRows(
  { kafka, codec }: { readonly kafka: Kafka; readonly codec: Codec },
  topic: TopicName,
): Promise<Rows> {
  const [writer, partitions] = await Promise.all([codec.writer(topic), kafka.partitions(topic)])
  return {
    encode(item) {
      try {
        return encodeValue(writer, toPlain(item) as never)
      } catch (error) {
        throw new ItemError(`The item does not fit the contract of ${topic}: ${(error as Error).message}`)
      }
    },
    append: (out, key, row) =>
      appendRecord(out, { topic, partition: partitionOfKey(key, partitions), key, value: row }),
  }
}
