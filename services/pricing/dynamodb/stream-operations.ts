/** The operations of DynamoDB Streams. The change streams of all tables are in one topic, whose partitions are their shards. */
import { AwsError, formatToken, pageOf, parseArn, parseToken, tableArn } from '@weir/aws'
import type { TableChange } from '@weir/contracts'
import { readItem } from '@weir/items'
import {
  EXPIRY_PRINCIPAL,
  eventIdOf,
  offsetOf,
  STREAM_LABEL,
  sequenceNumberOf,
  shardIdOf,
} from '@weir/items/change-streams.ts'
import { type Kafka, KafkaError, type RecordBatch } from '@weir/kafka'
import type { TopicRecords } from '@weir/topics'
import { labelOf, type Table } from '../tables/entries.ts'
import { CHANGES } from '../tables/table-task.ts'
import type { DynamoContext } from './dynamodb-api.ts'
import { invalid } from './errors.ts'
import type { TableDeps } from './table-operations.ts'

export interface StreamDeps extends TableDeps {
  readonly kafka: Kafka
  readonly changes: TopicRecords<TableChange>
}

interface IteratorInput {
  readonly StreamArn: string
  readonly ShardId: string
  readonly ShardIteratorType: 'TRIM_HORIZON' | 'LATEST' | 'AT_SEQUENCE_NUMBER' | 'AFTER_SEQUENCE_NUMBER'
  readonly SequenceNumber?: string
}

interface Stream {
  readonly table: Table
  readonly label: string
  readonly arn: string
}

/** API reference, ListStreams, DescribeStream and GetRecords. */
const MAX_LISTED = 100
const MAX_RECORDS = 1000
const MAX_BYTES = 1 << 20
/** Iterators expire after this time (developer guide, "Reading and processing a stream"). */
const ITERATOR_MS = 15 * 60_000
const ITERATOR = 'table-changes'
/** A call reads on past the changes of other tables, up to so many fetches. */
const MAX_FETCHES = 8

export function streamOperations({ account, names, tables, kafka, changes }: StreamDeps) {
  const { definitions } = tables

  const streamOf = (table: Table): Stream => {
    const label = labelOf(table.stream!)
    return { table, label, arn: `${tableArn(account, table.name)}/stream/${label}` }
  }
  const found = async (arn: string, context: DynamoContext): Promise<Stream> => {
    const { service, resource = '' } = parseArn(arn) ?? {}
    const [, name, label] = /^table\/([^/]+)\/stream\/([^/]+)$/.exec(resource) ?? []
    if (service !== 'dynamodb' || name === undefined || !STREAM_LABEL.test(label))
      throw invalid(`Invalid StreamArn: ${arn.slice(0, 200)}`)
    context.authorize(arn)
    await definitions.catchUp()
    const table = definitions.byName.get(names.named(name))
    if (table?.stream == null || streamOf(table).arn !== arn)
      throw new AwsError(
        'ResourceNotFoundException',
        `Requested resource not found: Stream: ${arn} not found`,
      )
    return streamOf(table)
  }

  return {
    async ListStreams(
      input: {
        readonly TableName?: string
        readonly Limit?: number
        readonly ExclusiveStartStreamArn?: string
      },
      context: DynamoContext,
    ) {
      await definitions.catchUp()
      const wanted = input.TableName === undefined ? undefined : names.named(input.TableName)
      const all = [...definitions.byName.values()]
        .filter(({ name, stream }) => stream !== null && (wanted ?? name) === name)
        .map(streamOf)
        .filter(({ arn }) => context.may(arn))
        .sort((a, b) => (a.arn < b.arn ? -1 : 1))
      const { items, last } = pageOf(
        all,
        ({ arn }) => arn,
        input.ExclusiveStartStreamArn,
        input.Limit ?? MAX_LISTED,
      )
      return {
        Streams: items.map(({ table, label, arn }) => ({
          StreamArn: arn,
          TableName: table.name,
          StreamLabel: label,
        })),
        LastEvaluatedStreamArn: last,
      }
    },

    async DescribeStream(
      input: { readonly StreamArn: string; readonly Limit?: number; readonly ExclusiveStartShardId?: string },
      context: DynamoContext,
    ) {
      const { table, label, arn } = await found(input.StreamArn, context)
      const offsets = await kafka.admin.offsets(CHANGES)
      const shards = offsets
        .map(({ partition, earliest }) => ({
          ShardId: shardIdOf(label, partition),
          SequenceNumberRange: { StartingSequenceNumber: sequenceNumberOf(earliest) },
        }))
        .sort((a, b) => (a.ShardId < b.ShardId ? -1 : 1))
      const { items, last } = pageOf(
        shards,
        ({ ShardId }) => ShardId,
        input.ExclusiveStartShardId,
        input.Limit ?? MAX_LISTED,
      )
      const keys = table.sortKey === null ? [table.partitionKey] : [table.partitionKey, table.sortKey]
      return {
        StreamDescription: {
          StreamArn: arn,
          StreamLabel: label,
          StreamStatus: 'ENABLED',
          StreamViewType: table.stream!.view,
          CreationRequestDateTime: new Date(table.stream!.enabledAt),
          TableName: table.name,
          KeySchema: keys.map(({ name }, i) => ({
            AttributeName: name,
            KeyType: i === 0 ? 'HASH' : 'RANGE',
          })),
          Shards: items,
          LastEvaluatedShardId: last,
        },
      }
    },

    async GetShardIterator(input: IteratorInput, context: DynamoContext) {
      const { arn, label } = await found(input.StreamArn, context)
      const partitions = await kafka.partitions(CHANGES)
      const partition = Array.from({ length: partitions }, (_, i) => shardIdOf(label, i)).indexOf(
        input.ShardId,
      )
      if (partition < 0)
        throw new AwsError('ResourceNotFoundException', `Requested resource not found: Shard does not exist`)
      return {
        ShardIterator: formatToken(ITERATOR, arn, String(partition), String(await startOf(input, partition))),
      }
    },

    async GetRecords(
      {
        ShardIterator: iterator,
        Limit: limit = MAX_RECORDS,
      }: { readonly ShardIterator: string; readonly Limit?: number },
      context: DynamoContext,
    ) {
      const { fields, issuedAt } = parseToken(iterator, ITERATOR, 3) ?? { fields: [], issuedAt: 0 }
      const [arn, ...place] = fields
      const [partition, from] = place.map(Number)
      if (arn === undefined || !Number.isSafeInteger(partition) || !Number.isSafeInteger(from))
        throw invalid('Invalid ShardIterator')
      if (Date.now() - issuedAt > ITERATOR_MS)
        throw new AwsError('ExpiredIteratorException', 'The shard iterator has expired; get another one.')
      const stream = await found(arn, context)
      if (limit > MAX_RECORDS)
        throw invalid(
          `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to ${MAX_RECORDS}`,
        )
      const { records, next } = await read(stream, partition, from, limit)
      return {
        Records: records,
        NextShardIterator: formatToken(ITERATOR, arn, String(partition), String(next)),
      }
    },
  }

  async function startOf(
    { ShardIteratorType: type, SequenceNumber }: IteratorInput,
    partition: number,
  ): Promise<number> {
    const needsNumber = type === 'AT_SEQUENCE_NUMBER' || type === 'AFTER_SEQUENCE_NUMBER'
    if (needsNumber !== (SequenceNumber !== undefined))
      throw invalid(
        `The parameter SequenceNumber ${needsNumber ? 'must be given with' : 'cannot be used with'} the ShardIteratorType ${type}`,
      )
    const earliest = await kafka.offsetAt(CHANGES, partition, 'earliest')
    if (type === 'TRIM_HORIZON') return earliest
    if (type === 'LATEST') return kafka.offsetAt(CHANGES, partition, 'latest')
    const offset = offsetOf(SequenceNumber!)
    if (offset === undefined) throw invalid('Invalid SequenceNumber')
    if (offset < earliest) throw trimmed()
    return type === 'AT_SEQUENCE_NUMBER' ? offset : offset + 1
  }

  async function read({ table, label }: Stream, partition: number, from: number, limit: number) {
    const records: object[] = []
    let [next, bytes] = [from, 0]
    for (let fetches = 0; fetches < MAX_FETCHES && records.length < limit && bytes < MAX_BYTES; fetches++) {
      const batch = await kafka.fetch(CHANGES, partition, next, MAX_BYTES).catch((error: unknown) => {
        throw error instanceof KafkaError && error.code === 'out-of-range' ? trimmed() : error
      })
      if (batch.nextOffset === next) break
      await changes.prepare(batch)
      next = batch.nextOffset
      changes.each(batch, ({ index, value }) => {
        if (value?.table !== table.name || value.stream !== label) return
        if (records.length < limit) {
          records.push(recordOf(batch, index, value))
          bytes += value.bytes
        } else next = Math.min(next, batch.offsets[index])
      })
    }
    return { records, next }
  }

  function recordOf({ partition, offsets }: RecordBatch, index: number, change: TableChange): object {
    const { oldImage, newImage } = change
    return {
      eventID: eventIdOf(partition, offsets[index]),
      eventName: change.event,
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: account.region,
      dynamodb: {
        ApproximateCreationDateTime: new Date(change.at),
        Keys: readItem(JSON.parse(change.keys)),
        ...(newImage !== null && { NewImage: readItem(JSON.parse(newImage)) }),
        ...(oldImage !== null && { OldImage: readItem(JSON.parse(oldImage)) }),
        SequenceNumber: sequenceNumberOf(offsets[index]),
        SizeBytes: change.bytes,
        StreamViewType: change.view,
      },
      ...(change.expired && { userIdentity: { PrincipalId: EXPIRY_PRINCIPAL, Type: 'Service' } }),
    }
  }
}

const trimmed = (): AwsError =>
  new AwsError(
    'TrimmedDataAccessException',
    'The operation attempted to read past the oldest stream record in a shard.',
  )
