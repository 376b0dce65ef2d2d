/**
 * Writes one record, or a few, where their number does not matter. Doors, flows and mappings append to the
 * port without an object per record.
 */
import { partitionFor } from './partitioner.ts'
import type { Appender, Delivery, Producer } from './port.ts'
import { encodeHeaders, type Headers, NO_HEADERS } from './records/headers.ts'

export interface NewRecord {
  readonly topic: string
  readonly partition: number
  readonly key: string | Buffer | null
  /** null: a tombstone. */
  readonly value: Buffer | null
  /** The headers, or a header block. */
  readonly headers?: Headers | Buffer
}

/** The partition in which Kafka's own clients put records with this key. */
export function partitionOfKey(key: string | Buffer, partitions: number): number {
  const bytes = typeof key === 'string' ? Buffer.from(key) : key
  return partitionFor(bytes, 0, bytes.length, partitions)
}

/** The codec's writer of a topic. */
export interface ValueWriter<V> {
  /** Writes the value from `at` on and returns its end, or a negative number if the buffer is too small. */
  encode(value: V, into: Buffer, at: number): number
}

const scratch = Buffer.allocUnsafeSlow(64 << 10)

/** Returns the encoded value in a buffer of its own. */
export function encodeValue<V>(writer: ValueWriter<V>, value: V): Buffer {
  const end = writer.encode(value, scratch, 0)
  if (end >= 0) return Buffer.from(scratch.subarray(0, end))
  for (let size = scratch.length * 4; ; size *= 4) {
    const buffer = Buffer.allocUnsafe(size)
    const end = writer.encode(value, buffer, 0)
    if (end >= 0) return buffer.subarray(0, end)
  }
}

/** Appends a record. Throws what the appender throws. */
export function appendRecord(out: Appender, record: NewRecord): void {
  append(out, record, record.value, record.value?.length ?? 0)
}

/**
 * Encodes the value and appends its record. The appender copies the value, so it has no buffer of its own.
 * Throws what the writer and the appender throw.
 */
export function appendValue<V>(
  out: Appender,
  writer: ValueWriter<V>,
  value: V,
  record: Omit<NewRecord, 'value'>,
): void {
  const end = writer.encode(value, scratch, 0)
  if (end >= 0) return append(out, record, scratch, end)
  const bytes = encodeValue(writer, value)
  append(out, record, bytes, bytes.length)
}

function append(
  out: Appender,
  { topic, partition, key, headers }: Omit<NewRecord, 'value'>,
  value: Buffer | null,
  valueEnd: number,
): void {
  const keyBytes = typeof key === 'string' ? Buffer.from(key) : key
  const block =
    headers === undefined ? NO_HEADERS : Buffer.isBuffer(headers) ? headers : encodeHeaders(headers)
  out.append(topic, partition, keyBytes, 0, keyBytes?.length ?? 0, value, 0, valueEnd, block, 0, block.length)
}

/**
 * Resolves when every record of the delivery is stored. Rejects with the first failure if one of them is not
 * known to be stored.
 */
export async function stored(delivery: Pick<Delivery, 'settled'>): Promise<void> {
  const [failure] = await delivery.settled()
  if (failure !== undefined) throw failure.error
}

/** Resolves when the record is stored. Rejects with a KafkaError if it is not known to be stored. */
export async function writeRecord(producer: Producer, record: NewRecord): Promise<void> {
  const delivery = producer.delivery()
  appendRecord(delivery, record)
  await stored(delivery)
}

/** Like writeRecord(), for all records that `append` appends. */
export async function writeRecords(producer: Producer, append: (out: Appender) => void): Promise<void> {
  const delivery = producer.delivery()
  append(delivery)
  await stored(delivery)
}
