/**
 * Records of streams as Lambda's functions and filters see them (developer guide, "Using AWS Lambda with
 * Kinesis").
 */
import { deaggregate, type UserRecord } from '@weir/aws'
import { keyOf, type RecordBatch, valueOf } from '@weir/kafka'
import { type Branch, matchesPlan, PatternError, Planner, SlicedMatcher, type Work } from '@weir/patterns'
import { type BatchExtent, type KeyedRecord, timeOf, type UnwrittenRecord } from '../slice.ts'
import { type Content, type FilterDialect, formatOf, jsonOf, textOf } from './filters.ts'

export interface KinesisOrigin {
  readonly streamArn: string
  readonly region: string
  /** The ARN of the function's role. */
  readonly identityArn: string
  readonly shardId: string
  sequenceNumber(offset: number, time: number): string
}

/** An element of Records of a Kinesis event. */
export interface KinesisRecord {
  readonly kinesis: { data: Content; readonly [name: string]: unknown }
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
): UnwrittenRecord<KinesisRecord>[] {
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
    content: {
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

/** Returns the records that the Kinesis Producer Library has aggregated; undefined for any other record. */
export function userRecords(value: Buffer): UserRecord[] | undefined {
  const records = deaggregate(value)
  return records?.every(({ partitionKey }) => partitionKey.length <= MAX_PARTITION_KEY) ? records : undefined
}

export function writeKinesis({ content, ...record }: UnwrittenRecord<KinesisRecord>): KeyedRecord {
  content.kinesis.data = (content.kinesis.data as Buffer).toString('base64')
  return { ...record, json: JSON.stringify(content) }
}

/** The part of an invocation record that names a batch of a stream. */
export function kinesisBatchInfo(
  { streamArn, shardId }: Pick<KinesisOrigin, 'streamArn' | 'shardId'>,
  { first, last, count }: BatchExtent,
): object {
  return {
    KinesisBatchInfo: {
      shardId,
      startSequenceNumber: first.identifier,
      endSequenceNumber: last.identifier,
      approximateArrivalOfFirstRecord: timeOf(first),
      approximateArrivalOfLastRecord: timeOf(last),
      batchSize: count,
      streamArn,
    },
  }
}

/**
 * Patterns see the members of `kinesis` alongside the others, and `data` decoded. A pattern with `data` drops
 * records whose data is not a JSON object or array; in such a pattern, `data` must itself be an object.
 */
export const kinesisFilters: FilterDialect<KinesisRecord> = {
  check(branch) {
    if (formatOf(branch, 'data') === 'plain')
      throw new PatternError(
        'data is an array; Kinesis filters take an object, whose fields are those of the JSON data.',
      )
  },
  compile(branches) {
    const planner = new Planner()
    const asksData = (branch: Branch): boolean => formatOf(branch, 'data') !== undefined
    const needsData = branches.some(asksData)
    const alternatives = branches.map((branch) => {
      const plan = planner.plan(branch.values())
      const asks = asksData(branch)
      return (event: { readonly data: unknown }, work: Work): boolean =>
        (!asks || event.data !== undefined) && matchesPlan(plan, event, work)
    })
    return new SlicedMatcher(alternatives, (record: KinesisRecord, work: Work) => {
      const data = needsData ? jsonOf(textOf(record.kinesis.data), work) : undefined
      return { ...record, ...record.kinesis, kinesis: undefined, data }
    })
  },
}
