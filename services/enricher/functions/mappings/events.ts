/**
 * Events as Lambda gives them to functions (developer guide: "Using AWS Lambda with Kinesis", "with Amazon
 * MSK", "with self-managed Kafka").
 */
import { deaggregate, type UserRecord } from '@weir/aws'
import { keyOf, type RecordBatch, valueOf } from '@weir/kafka'
import { readVarint, varint } from '@weir/kafka/records/varint.ts'
import type { EventRecord } from './delivery.ts'

export interface KeyedRecord extends EventRecord {
  readonly key: Buffer | null
  readonly offset: number
}

/** A record before it becomes JSON text. Filters read this form, whose content is bytes. */
export interface Unwritten<Event> extends Omit<KeyedRecord, 'json'> {
  readonly event: Event
}

export interface KinesisOrigin {
  readonly streamArn: string
  readonly region: string
  /** The ARN of the function's role. */
  readonly identityArn: string
  readonly shardId: string
  sequenceNumber(offset: number, time: number): string
}

interface KinesisEvent {
  readonly kinesis: { data: Buffer | string; readonly [name: string]: unknown }
  readonly [name: string]: unknown
}

const EMPTY = Buffer.alloc(0)
/**
 * In characters (Kinesis API reference, PutRecord). Many records of an aggregate can share a key, and each
 * event record repeats it, so a longer one would make a small aggregate huge.
 */
const MAX_PARTITION_KEY = 256

/**
 * Returns record `i` of a batch in the form of a Kinesis event. If the Kinesis Producer Library has
 * aggregated several records in it, returns each of them. These share one sequence number, as a consumer that
 * deaggregates them itself would see them.
 */
export function kinesisRecords(
  batch: RecordBatch,
  i: number,
  origin: KinesisOrigin,
): Unwritten<KinesisEvent>[] {
  const { streamArn, region, identityArn, shardId, sequenceNumber } = origin
  const timestamp = batch.timestamps[i]
  const offset = batch.offsets[i]
  const identifier = sequenceNumber(offset, timestamp)
  const value = valueOf(batch, i)
  const aggregated = value === null ? undefined : userRecords(value)
  const records = aggregated ?? [{ partitionKey: keyOf(batch, i)?.toString() || '-', data: value ?? EMPTY }]
  return records.map(({ partitionKey, data }) => ({
    identifier,
    timestamp,
    offset,
    key: aggregated === undefined ? keyOf(batch, i) : Buffer.from(partitionKey),
    event: {
      kinesis: {
        kinesisSchemaVersion: '1.0',
        partitionKey,
        sequenceNumber: identifier,
        data,
        approximateArrivalTimestamp: timestamp / 1000,
      },
      eventSource: 'aws:kinesis',
      eventVersion: '1.0',
      eventID: `${shardId}:${identifier}`,
      eventName: 'aws:kinesis:record',
      invokeIdentityArn: identityArn,
      awsRegion: region,
      eventSourceARN: streamArn,
    },
  }))
}

function userRecords(value: Buffer): UserRecord[] | undefined {
  const records = deaggregate(value)
  return records?.every(({ partitionKey }) => partitionKey.length <= MAX_PARTITION_KEY) ? records : undefined
}

export function writeKinesis({ event, ...record }: Unwritten<KinesisEvent>): KeyedRecord {
  event.kinesis.data = (event.kinesis.data as Buffer).toString('base64')
  return { ...record, json: JSON.stringify(event) }
}

/** A record's part of an event. */
type Written = Pick<EventRecord, 'json'>

export function kinesisEvent(records: readonly Written[], window = ''): string {
  return `{"Records":[${records.map(({ json }) => json).join()}]${window}}`
}

interface KafkaEvent {
  key: Buffer | string | undefined
  value: Buffer | string | undefined
  readonly [name: string]: unknown
}

export type TimestampType = 'CREATE_TIME' | 'LOG_APPEND_TIME'

/** Returns record `i` of a batch in the form of a Kafka event. @param value replaces the record's own */
export function kafkaRecord(
  batch: RecordBatch,
  i: number,
  timestampType: TimestampType,
  value: Buffer | null = valueOf(batch, i),
): Unwritten<KafkaEvent> {
  const { topic, partition } = batch
  const offset = batch.offsets[i]
  const timestamp = batch.timestamps[i]
  const key = keyOf(batch, i)
  return {
    identifier: String(offset),
    partition: partitionName(topic, partition),
    timestamp,
    key,
    offset,
    event: {
      topic,
      partition,
      offset,
      timestamp,
      timestampType,
      key: key ?? undefined,
      value: value ?? undefined,
      headers: headersOf(batch, i),
    },
  }
}

export function writeKafka({ event, ...record }: Unwritten<KafkaEvent>): KeyedRecord {
  event.key = (event.key as Buffer | undefined)?.toString('base64')
  event.value = (event.value as Buffer | undefined)?.toString('base64')
  return { ...record, json: JSON.stringify(event) }
}

/** The partition's name, as it appears in events. */
export function partitionName(topic: string, partition: number): string {
  return `${topic}-${partition}`
}

/** Returns each header as an object of its own, with its value as a list of bytes. */
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
  /** aws:kafka for an ARN of MSK, otherwise SelfManagedKafka. */
  readonly eventSource: 'aws:kafka' | 'SelfManagedKafka'
  readonly eventSourceArn?: string
  readonly bootstrapServers: string
}

export function kafkaEvent(
  topic: string,
  partition: number,
  records: readonly Written[],
  origin: KafkaOrigin,
  window = '',
): string {
  const head = JSON.stringify({
    eventSource: origin.eventSource,
    eventSourceArn: origin.eventSourceArn,
    bootstrapServers: origin.bootstrapServers,
  })
  return `${head.slice(0, -1)},"records":{${JSON.stringify(partitionName(topic, partition))}:[${records.map(({ json }) => json).join()}]}${window}}`
}
