/** GetShardIterator and GetRecords. */
import type { AwsOperations } from '@weir/aws'
import { type Kafka, KafkaError, keyOf, type RecordBatch, valueOf } from '@weir/kafka'
import { type Lease, leaseOf } from '@weir/service'
import {
  childrenOf,
  parseSequenceNumber,
  type Serving,
  type Shard,
  shardId,
  shardNumber,
} from '@weir/streams'
import { type Kinesis, requireLease, shardIn } from '../kinesis.ts'
import { invalidArgument, type StreamReference, unavailable } from '../names.ts'
import { formatIterator, invalidIterator, parseIterator } from '../tokens.ts'
import { dryRun } from './records.ts'
import { describeChild } from './shards.ts'

/** Limits of one answer (API reference, GetRecords). */
const MAX_RECORDS = 10_000
const MAX_BYTES = 10 << 20
/** Bytes to fetch per record if the client asks for only a few; a record batch is always fetched whole. */
const BYTES_A_RECORD = 4096
const MIN_FETCH = 64 << 10
/**
 * Memory of an answer, as a multiple of the bytes read for it: the bytes, their base64, and the JSON around
 * them.
 */
const ANSWER_FACTOR = 3
/** PartitionKey has at least one character; records written by Kafka producers may have no key. */
const NO_KEY = '-'

export type StartingType =
  | 'AT_SEQUENCE_NUMBER'
  | 'AFTER_SEQUENCE_NUMBER'
  | 'TRIM_HORIZON'
  | 'LATEST'
  | 'AT_TIMESTAMP'

interface GetShardIterator extends StreamReference {
  readonly ShardId: string
  readonly ShardIteratorType: StartingType
  readonly StartingSequenceNumber?: string
  readonly Timestamp?: Date
  readonly DryRun?: boolean
}

export function readingOperations(kinesis: Kinesis): AwsOperations {
  const { names, streams } = kinesis

  return {
    async GetShardIterator(input: GetShardIterator, context) {
      const name = names.streamOf(input)
      const id = names.shardOf(input.ShardId, name)
      context.authorize(names.arnOf(name))
      const serving = streams.get(name)
      const shard =
        serving === undefined || serving.stream.status === 'CREATING'
          ? undefined
          : shardIn(serving.stream, id)
      if (serving === undefined || shard === undefined) throw names.shardGone(id, name)
      if (input.DryRun === true) return dryRun(kinesis, context, input)
      requireLease(kinesis)
      const { ShardIteratorType: type, StartingSequenceNumber: sequenceNumber, Timestamp: time } = input
      const offset = await startingOffset(
        kinesis,
        serving,
        shard,
        type,
        sequenceNumber,
        time,
        'GetShardIterator',
      )
      return {
        ShardIterator: formatIterator({
          stream: name,
          createdAt: serving.stream.createdAt,
          shard: id,
          offset,
          issued: Date.now(),
        }),
      }
    },

    async GetRecords(
      input: StreamReference & { ShardIterator: string; Limit?: number; DryRun?: boolean },
      context,
    ) {
      const now = Date.now()
      const iterator = parseIterator(input.ShardIterator, now)
      context.authorize(names.arnOf(iterator.stream))
      const serving = streams.get(iterator.stream)
      const shard =
        serving?.stream.createdAt === iterator.createdAt ? shardIn(serving.stream, iterator.shard) : undefined
      if (serving === undefined || shard === undefined) throw names.shardGone(iterator.shard, iterator.stream)
      if (iterator.offset < shard.from || iterator.offset > (shard.to ?? Infinity)) throw invalidIterator()
      if (input.DryRun === true) return dryRun(kinesis, context, { StreamName: iterator.stream })
      requireLease(kinesis)
      const limit = input.Limit ?? MAX_RECORDS
      const { records, next, millisBehind } = await readShard(
        kinesis,
        serving,
        shard,
        iterator.offset,
        limit,
        leaseOf(context.request),
      )
      const ended = shard.to !== null && next >= shard.to
      return {
        Records: records,
        NextShardIterator: ended ? undefined : formatIterator({ ...iterator, offset: next, issued: now }),
        MillisBehindLatest: millisBehind,
        ChildShards: ended ? childrenOf(serving.stream, shard.id).map(describeChild) : undefined,
      }
    },
  }
}

/**
 * The offset at which reading a shard begins.
 * @param operation the operation's name, for the errors
 */
export async function startingOffset(
  { kafka, names }: Kinesis,
  { stream }: Serving,
  shard: Shard,
  type: StartingType,
  sequenceNumber: string | undefined,
  time: Date | undefined,
  operation: string,
): Promise<number> {
  const { name, topic } = stream
  const within = (offset: number): number => Math.min(Math.max(offset, shard.from), shard.to ?? Infinity)
  const both = (given: string): never => {
    throw invalidArgument(
      'Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no ' +
        `StartingSequenceNumber. Request specified ${type} and ${given} StartingSequenceNumber.`,
    )
  }
  switch (type) {
    case 'AT_SEQUENCE_NUMBER':
    case 'AFTER_SEQUENCE_NUMBER': {
      if (sequenceNumber === undefined) return both('no')
      const position = parseSequenceNumber(sequenceNumber)
      const said = `StartingSequenceNumber ${sequenceNumber} used in ${operation} on shard ${shard.id} in stream ${name} under account ${names.account.accountId} is invalid`
      if (position === undefined) throw invalidArgument(`${said}.`)
      if (position.shard !== shardNumber(shard.id)) {
        throw invalidArgument(
          `Invalid StartingSequenceNumber. It encodes ${shardId(position.shard)}, while it was used in a call to a shard with ${shard.id}`,
        )
      }
      if (position.createdSecond !== shard.createdSecond)
        throw invalidArgument(`${said} because it did not come from this stream.`)
      const offset = shard.from + position.place - 1 + (type === 'AT_SEQUENCE_NUMBER' ? 0 : 1)
      const isOpen = shard.to === null && offset > shard.from
      if (isOpen && (await isBeyond(kafka, topic, shard.partition, offset))) throw invalidArgument(`${said}.`)
      return within(offset)
    }
    case 'TRIM_HORIZON':
      if (sequenceNumber !== undefined) return both('also a')
      return within(await kafka.offsetAt(topic, shard.partition, 'earliest'))
    case 'LATEST':
      if (sequenceNumber !== undefined) return both('also a')
      return within(await kafka.offsetAt(topic, shard.partition, 'latest'))
    case 'AT_TIMESTAMP': {
      if (time === undefined) {
        throw invalidArgument(
          'Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter.',
        )
      }
      const [at, now] = [time.getTime(), Date.now()]
      if (at > now) {
        throw invalidArgument(
          'The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. ' +
            `timestampInMillis: ${at}, currentTimestampInMillis: ${now}`,
        )
      }
      return within(await kafka.offsetAt(topic, shard.partition, at))
    }
  }
}

/** Whether the offset is beyond that of the partition's next record. */
async function isBeyond(kafka: Kafka, topic: string, partition: number, offset: number): Promise<boolean> {
  if (offset <= (await kafka.offsetAt(topic, partition, 'latest'))) return false
  // Records after an open transaction may have been acknowledged, although they cannot be read yet.
  const found = (await kafka.admin.offsets(topic)).find((ends) => ends.partition === partition)
  return found === undefined || offset > found.latest
}

interface Read {
  readonly records: object[]
  /** The offset to continue from. */
  readonly next: number
  /** 0 at the tip. */
  readonly millisBehind: number
}

/**
 * Reads at most `limit` records from the offset on, and fewer while memory is short. Skips records that have
 * expired in the meantime. The first fetch is small, because most readers are at the tip. Only if more
 * records are waiting, it covers more memory and fetches all of them. Throws InvalidArgumentException if the
 * offset is beyond the end.
 */
async function readShard(
  kinesis: Kinesis,
  serving: Serving,
  shard: Shard,
  offset: number,
  limit: number,
  lease: Lease,
): Promise<Read> {
  if (shard.to !== null && offset >= shard.to) return { records: [], next: offset, millisBehind: 0 }
  if (!lease.cover(ANSWER_FACTOR * MIN_FETCH)) throw unavailable()
  let batch = await fetchFrom(kinesis, serving, shard, offset, MIN_FETCH)
  const wantedBytes = Math.min(MAX_BYTES, limit * BYTES_A_RECORD)
  if (batch.bytes.length >= MIN_FETCH && batch.length < limit && wantedBytes > MIN_FETCH) {
    const covered = lease.coverUpTo(ANSWER_FACTOR * wantedBytes, 2 * ANSWER_FACTOR * MIN_FETCH)
    if (covered > 0)
      batch = await fetchFrom(kinesis, serving, shard, offset, Math.floor(covered / ANSWER_FACTOR))
  }
  // A record batch is always fetched whole.
  if (!lease.cover(ANSWER_FACTOR * batch.bytes.length)) throw unavailable()
  const { records, next } = recordsOf(batch, serving, shard, limit)
  return { records, next, millisBehind: millisBehind(batch, shard, next, records.length) }
}

async function fetchFrom(
  { kafka }: Kinesis,
  { stream: { topic } }: Serving,
  { partition }: Shard,
  offset: number,
  maxBytes: number,
): Promise<RecordBatch> {
  return kafka.fetch(topic, partition, offset, maxBytes).catch(async (error: unknown) => {
    if (!(error instanceof KafkaError) || error.code !== 'out-of-range') throw error
    const earliest = await kafka.offsetAt(topic, partition, 'earliest')
    if (offset >= earliest) throw invalidIterator()
    return kafka.fetch(topic, partition, earliest, maxBytes)
  })
}

/**
 * The batch's records that belong to the shard, in Kinesis' form, up to `limit` and to the maximum size of an
 * answer.
 * @param first the index of the first record
 */
export function recordsOf(
  batch: RecordBatch,
  serving: Serving,
  shard: Shard,
  limit: number,
  first = 0,
): { records: object[]; next: number } {
  const encryption = serving.stream.encryptionKey === null ? undefined : 'KMS'
  const end = shard.to ?? Infinity
  const numbers = serving.numbersOf(shard)
  const records: object[] = []
  let bytes = 0
  for (let i = first; i < batch.length; i++) {
    if (batch.offsets[i] >= end) return { records, next: end }
    const data = valueOf(batch, i) ?? EMPTY
    bytes += data.length + batch.keyEnd[i] - batch.keyStart[i]
    if (records.length === limit || (bytes > MAX_BYTES && records.length > 0))
      return { records, next: batch.offsets[i] }
    records.push({
      SequenceNumber: numbers.at(batch.offsets[i], batch.timestamps[i]),
      ApproximateArrivalTimestamp: new Date(batch.timestamps[i]),
      Data: data,
      PartitionKey: keyOf(batch, i)?.toString() || NO_KEY,
      EncryptionType: encryption,
    })
  }
  return { records, next: Math.min(batch.nextOffset, end) }
}

const EMPTY = Buffer.alloc(0)

/** How far the last of the `count` records taken is behind the newest record of the shard (ms). */
export function millisBehind(batch: RecordBatch, shard: Shard, next: number, count: number): number {
  if (next >= Math.min(batch.endOffset, shard.to ?? Infinity)) return 0
  // The batch had only aborted transactions. More follows, but its age is not known before the next record is
  // read.
  if (batch.length === 0) return 1
  return Math.max(1, Date.now() - batch.timestamps[Math.max(0, count - 1)])
}
