/** Changes of tables as Lambda's functions and filters see them (developer guide, "Using AWS Lambda with DynamoDB"). */
import type { TableChange } from '@weir/contracts'
import { EXPIRY_PRINCIPAL, eventIdOf, sequenceNumberOf } from '@weir/items/change-streams.ts'
import { keyOf, type RecordBatch } from '@weir/kafka'
import { matchesPlan, Planner, SlicedMatcher, type Work } from '@weir/patterns'
import { type BatchExtent, type KeyedRecord, timeOf, type UnwrittenRecord } from '../slice.ts'
import type { FilterDialect } from './filters.ts'

export interface TableOrigin {
  readonly streamArn: string
  readonly region: string
}

/** An element of Records of a DynamoDB event. */
export type TableRecord = Readonly<Record<string, unknown>>

/** Returns record `i` of a batch, decoded, in the form of a DynamoDB event. */
export function tableRecord(
  batch: RecordBatch,
  i: number,
  change: TableChange,
  { streamArn, region }: TableOrigin,
): UnwrittenRecord<TableRecord> {
  const offset = batch.offsets[i]
  const identifier = sequenceNumberOf(offset)
  const { oldImage, newImage } = change
  return {
    identifier,
    timestamp: batch.timestamps[i],
    offset,
    key: keyOf(batch, i),
    content: {
      eventID: eventIdOf(batch.partition, offset),
      eventName: change.event,
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: region,
      dynamodb: {
        ApproximateCreationDateTime: Math.floor(change.at / 1000),
        Keys: JSON.parse(change.keys),
        ...(newImage !== null && { NewImage: JSON.parse(newImage) }),
        ...(oldImage !== null && { OldImage: JSON.parse(oldImage) }),
        SequenceNumber: identifier,
        SizeBytes: change.bytes,
        StreamViewType: change.view,
      },
      ...(change.expired && { userIdentity: { type: 'Service', principalId: EXPIRY_PRINCIPAL } }),
      eventSourceARN: streamArn,
    },
  }
}

export function writeTable({ content, ...record }: UnwrittenRecord<TableRecord>): KeyedRecord {
  return { ...record, json: JSON.stringify(content) }
}

/** The part of an invocation record that names a batch of a change stream. */
export function tableBatchInfo(
  streamArn: string,
  shardId: string,
  { first, last, count }: BatchExtent,
): object {
  return {
    DDBStreamBatchInfo: {
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

/** Patterns see records as functions do. */
export const tableFilters: FilterDialect<TableRecord> = {
  compile(branches) {
    const planner = new Planner()
    const plans = branches.map((branch) => planner.plan(branch.values()))
    return new SlicedMatcher(
      plans.map((plan) => (record: TableRecord, work: Work) => matchesPlan(plan, record, work)),
      (record: TableRecord) => record,
    )
  },
}
