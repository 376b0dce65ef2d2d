/**
 * Kafka as the services see it: the port, its configuration, and the small functions that go with batches of
 * bytes.
 */
import { openClient } from './client/index.ts'
import type { KafkaConfig } from './config.ts'
import { type KafkaLog, SILENT } from './log.ts'
import type { Kafka, RecordBatch } from './port.ts'
import { findHeader } from './records/headers.ts'

export { type Compression, type KafkaConfig, type KafkaSasl, type KafkaTls, kafkaConfig } from './config.ts'
export {
  type Bury,
  type Cause,
  type DeadLetterOptions,
  deadLetters,
  unreadableLetters,
} from './dead-letters.ts'
export { KafkaError, type KafkaErrorCode } from './errors.ts'
export { lagOf, totalLag } from './lag.ts'
export type { KafkaLog } from './log.ts'
export { ONCE_WINDOW_MS, Once, type OnceOptions } from './once/once.ts'
export { murmur2, partitionFor } from './partitioner.ts'
export type * from './port.ts'
export {
  decodeHeaders,
  editHeaders,
  encodeHeaders,
  findHeader,
  type Headers,
  listHeaders,
  NO_HEADERS,
} from './records/headers.ts'
export {
  appendRecord,
  appendValue,
  encodeValue,
  type NewRecord,
  partitionOfKey,
  stored,
  type ValueWriter,
  writeRecord,
  writeRecords,
} from './write.ts'

/**
 * Opens a client over the transport that the configuration names; the other one is not loaded. Rejects with a
 * KafkaError if no broker answers or the login fails.
 */
export async function openKafka(
  config: KafkaConfig,
  log: KafkaLog = SILENT,
): Promise<{ value: Kafka; stop(): Promise<void> }> {
  const { connect } =
    config.driver === 'kafkajs'
      ? await import('./transports/kafkajs/connection.ts')
      : await import('./transports/platformatic.ts')
  const value = await openClient(config, connect, log)
  return { value, stop: () => value.stop() }
}

/**
 * keyOf() and valueOf() return views of the record's bytes, valid as long as the batch; null if the record
 * has none.
 */
export function keyOf(batch: RecordBatch, index: number): Buffer | null {
  const start = batch.keyStart[index]
  return start < 0 ? null : batch.bytes.subarray(start, batch.keyEnd[index])
}

export function valueOf(batch: RecordBatch, index: number): Buffer | null {
  const start = batch.valueStart[index]
  return start < 0 ? null : batch.bytes.subarray(start, batch.valueEnd[index])
}

export function headerOf(batch: RecordBatch, index: number, name: string): Buffer | undefined {
  return findHeader(batch.bytes, batch.headersStart[index], name)
}
