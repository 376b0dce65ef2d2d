/** Writes single records, to topics that rarely change. Doors and flows append to batches of their own. */
import type { Writer } from '@weir/codec'
import { type Appender, NO_HEADERS, type Producer } from '@weir/kafka'

export interface NewRecord {
  readonly topic: string
  readonly partition: number
  readonly key: string | Buffer
  /** null: a tombstone. */
  readonly value: Buffer | null
  /** A header block; none if not given. */
  readonly headers?: Buffer
}

/** @param room bytes that suffice in most cases */
export function encodeValue<V>(writer: Writer<V>, value: V, room: number): Buffer {
  for (let size = room; ; size *= 2) {
    const buffer = Buffer.allocUnsafe(size)
    const end = writer.encode(value, buffer, 0)
    if (end >= 0) return buffer.subarray(0, end)
  }
}

export function append(
  out: Appender,
  { topic, partition, key, value, headers = NO_HEADERS }: NewRecord,
): void {
  const bytes = typeof key === 'string' ? Buffer.from(key) : key
  out.append(
    topic,
    partition,
    bytes,
    0,
    bytes.length,
    value,
    0,
    value?.length ?? 0,
    headers,
    0,
    headers.length,
  )
}

/**
 * Resolves when the record is stored. Rejects with the producer's KafkaError if it is not known to be stored.
 */
export async function store(producer: Producer, record: NewRecord): Promise<void> {
  const delivery = producer.delivery()
  append(delivery, record)
  const [failure] = await delivery.settled()
  if (failure !== undefined) throw failure.error
}
