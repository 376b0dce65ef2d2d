/** Events as Lambda gives them to functions (developer guide: "Using AWS Lambda with Kinesis", "with Amazon MSK", "with self-managed Kafka"). */
import { deaggregate } from '@weir/aws'
import { keyOf, valueOf, type RecordBatch } from '@weir/kafka'
import { readVarint, varint } from '@weir/kafka/records/varint.ts'
import type { EventRecord } from './delivery.ts'

export interface KeyedRecord extends EventRecord {
  readonly key: Buffer | null
  readonly offset: number
}

const base64 = (bytes: Buffer | null): string => (bytes === null ? '' : bytes.toString('base64'))

export interface KinesisOrigin {
  readonly streamArn: string
  readonly region: string
  readonly functionArn: string
  readonly shardId: string
  sequenceNumber(offset: number, time: number): string
}

/**
 * Record `i` of a batch as a Kinesis event's; where the Kinesis Producer Library has aggregated several in it, each of them. These have one sequence number, as a
 * consumer that takes them apart by itself would see them.
 */
export function kinesisRecords(batch: RecordBatch, i: number, { streamArn, region, functionArn, shardId, sequenceNumber }: KinesisOrigin): KeyedRecord[] {
  const timestamp = batch.timestamps[i]
  const offset = batch.offsets[i]
  const identifier = sequenceNumber(offset, timestamp)
  const value = valueOf(batch, i)
  const aggregated = value === null ? undefined : deaggregate(value)
  const records = aggregated ?? [{ partitionKey: keyOf(batch, i)?.toString() || '-', data: value }]
  return records.map(({ partitionKey, data }) => ({
    identifier, timestamp, offset, key: aggregated === undefined ? keyOf(batch, i) : Buffer.from(partitionKey),
    json: JSON.stringify({
      kinesis: { kinesisSchemaVersion: '1.0', partitionKey, sequenceNumber: identifier, data: base64(data), approximateArrivalTimestamp: timestamp / 1000 },
      eventSource: 'aws:kinesis', eventVersion: '1.0', eventID: `${shardId}:${identifier}`, eventName: 'aws:kinesis:record',
      invokeIdentityArn: functionArn, awsRegion: region, eventSourceARN: streamArn,
    }),
  }))
}

export function kinesisEvent(records: readonly EventRecord[], window = ''): string {
  return `{"Records":[${records.map(({ json }) => json).join()}]${window}}`
}

/** Record `i` of a batch as a Kafka event's. @param value in the place of the record's own */
export function kafkaRecord(batch: RecordBatch, i: number, value: Buffer | null = valueOf(batch, i)): KeyedRecord {
  const { topic, partition } = batch
  const offset = batch.offsets[i]
  const json = JSON.stringify({
    topic, partition, offset, timestamp: batch.timestamps[i], timestampType: 'LOG_APPEND_TIME',
    key: keyOf(batch, i)?.toString('base64'), value: value?.toString('base64'), headers: headersOf(batch, i),
  })
  return { identifier: String(offset), partition: partitionName(topic, partition), timestamp: batch.timestamps[i], key: keyOf(batch, i), offset, json }
}

/** Of a partition, as events have it. */
export function partitionName(topic: string, partition: number): string {
  return `${topic}-${partition}`
}

/** Each header as an object of its own, its value as a list of bytes. */
function headersOf(batch: RecordBatch, i: number): Record<string, number[]>[] {
  const { bytes } = batch
  const headers: Record<string, number[]>[] = []
  let count = readVarint(bytes, batch.headersStart[i])
  let at = varint.next
  while (count-- > 0) {
    const nameEnd = readVarint(bytes, at) + varint.next
    const name = bytes.toString('utf8', varint.next, nameEnd)
    const length = readVarint(bytes, nameEnd)
    at = varint.next + Math.max(length, 0)
    headers.push({ [name]: [...bytes.subarray(varint.next, at)] })
  }
  return headers
}

export interface KafkaOrigin {
  /** aws:kafka for an ARN of MSK, else SelfManagedKafka. */
  readonly eventSource: 'aws:kafka' | 'SelfManagedKafka'
  readonly eventSourceArn?: string
  readonly bootstrapServers: string
}

export function kafkaEvent(topic: string, partition: number, records: readonly EventRecord[], origin: KafkaOrigin, window = ''): string {
  const head = JSON.stringify({ eventSource: origin.eventSource, eventSourceArn: origin.eventSourceArn, bootstrapServers: origin.bootstrapServers })
  return `${head.slice(0, -1)},"records":{${JSON.stringify(partitionName(topic, partition))}:[${records.map(({ json }) => json).join()}]}${window}}`
}
