/** Listing, splitting and merging shards. */
import { type AwsOperations, formatToken, pageOf } from '@weir/aws'
import {
  beginResharding,
  mergeOf,
  openShards,
  parseHashKey,
  SequenceNumbers,
  type Shard,
  type Stream,
  splitOf,
  stepTowards,
} from '@weir/streams'
import { changeActive, type Kinesis, shardIn, streamFor } from '../kinesis.ts'
import { invalidArgument, type StreamReference } from '../names.ts'
import { fieldsOf, invalidToken } from '../tokens.ts'
import { requireShards } from './streams.ts'

/** The maximum and default page size (API reference, ListShards). */
const SHARDS_A_PAGE = 1000
const HOUR_MS = 3_600_000

const FILTERS = [
  'AFTER_SHARD_ID',
  'AT_TRIM_HORIZON',
  'FROM_TRIM_HORIZON',
  'AT_LATEST',
  'AT_TIMESTAMP',
  'FROM_TIMESTAMP',
] as const

interface ShardFilter {
  readonly Type: (typeof FILTERS)[number]
  readonly ShardId?: string
  readonly Timestamp?: Date
}

interface ListShards extends StreamReference {
  readonly NextToken?: string
  readonly ExclusiveStartShardId?: string
  readonly MaxResults?: number
  readonly ShardFilter?: ShardFilter
}

/** A page of ListShards shows the stream's shards that follow `after` and pass the filter. */
interface Listing {
  readonly stream: string
  readonly after: string
  readonly filter: ShardFilter | undefined
}

function tokenOf({ stream, after, filter }: Listing): string {
  const time = String(filter?.Timestamp?.getTime() ?? '')
  return formatToken('shards', stream, after, filter?.Type ?? '', filter?.ShardId ?? '', time)
}

function listingOf(token: string): Listing {
  const [stream, after, type, shard, time] = fieldsOf(token, 'shards', 5, Date.now())
  if (type === '') return { stream, after, filter: undefined }
  const Type = FILTERS.find((known) => known === type)
  const Timestamp = time === '' ? undefined : new Date(Number(time))
  if (Type === undefined || Number.isNaN(Timestamp?.getTime())) throw invalidToken()
  return { stream, after, filter: { Type, ShardId: shard || undefined, Timestamp } }
}

export function describeShard(shard: Shard): object {
  const numbers = new SequenceNumbers(shard)
  return {
    ShardId: shard.id,
    ParentShardId: shard.parents[0],
    AdjacentParentShardId: shard.parents[1],
    HashKeyRange: { StartingHashKey: shard.start, EndingHashKey: shard.end },
    SequenceNumberRange: {
      StartingSequenceNumber: numbers.start,
      EndingSequenceNumber: shard.closedAt === null ? undefined : numbers.end(shard.closedAt),
    },
  }
}

/** The form in which GetRecords and SubscribeToShard show the children of a shard that has ended. */
export function describeChild(shard: Shard): object {
  return {
    ShardId: shard.id,
    ParentShards: shard.parents,
    HashKeyRange: { StartingHashKey: shard.start, EndingHashKey: shard.end },
  }
}

export function shardOperations(kinesis: Kinesis): AwsOperations {
  const { streams, names } = kinesis

  const openCount = (): number =>
    streams.all().reduce((sum, { stream }) => sum + openShards(stream).length, 0)

  const requireShard = (stream: Stream, id: string): Shard => {
    const shard = shardIn(stream, id)
    if (shard === undefined) throw names.noShard(id, stream.name)
    return shard
  }

  /** Throws unless clients may change the stream's shards: AWS allows it for provisioned streams only. */
  const requireReshardable = (stream: Stream): void => {
    if (stream.mode === 'ON_DEMAND') throw names.onDemand(stream)
    if (stream.external)
      throw invalidArgument(
        `Stream ${stream.name} is also written by Kafka producers, so its shards cannot be changed.`,
      )
  }

  const requireOpen = ({ id, to }: Shard, stream: Stream): void => {
    if (to === null) return
    throw invalidArgument(
      `Shard ${id} in stream ${stream.name} under account ${names.account.accountId} ` +
        'has already been merged or split, and thus is not eligible for merging or splitting.',
    )
  }

  return {
    async ListShards(input: ListShards, context) {
      const named = input.StreamName ?? input.StreamARN
      if (named === undefined && input.NextToken === undefined)
        throw invalidArgument('Either NextToken or StreamName should be provided.')
      if (named !== undefined && input.NextToken !== undefined)
        throw invalidArgument('NextToken and StreamName cannot be provided together.')
      const {
        stream: name,
        after,
        filter,
      } = input.NextToken !== undefined
        ? listingOf(input.NextToken)
        : {
            stream: names.streamOf(input),
            after: input.ExclusiveStartShardId ?? '',
            filter: input.ShardFilter,
          }
      const { stream } = streamFor(kinesis, context, { StreamName: name })
      const now = Date.now()
      const shards = stream.status === 'CREATING' ? [] : stream.shards
      const { items, last } = pageOf(
        shards.filter((shard) => passes(shard, stream, filter, now)),
        ({ id }) => id,
        after,
        Math.min(input.MaxResults ?? SHARDS_A_PAGE, SHARDS_A_PAGE),
      )
      return {
        Shards: items.map(describeShard),
        NextToken: last && tokenOf({ stream: name, after: last, filter }),
      }
    },

    async SplitShard(input: StreamReference & { ShardToSplit: string; NewStartingHashKey: string }, context) {
      const name = names.streamOf(input)
      const id = names.shardOf(input.ShardToSplit, name)
      streamFor(kinesis, context, input)
      await changeActive(kinesis, name, (stream) => {
        const shard = requireShard(stream, id)
        requireReshardable(stream)
        requireShards(kinesis, openCount(), 1)
        requireOpen(shard, stream)
        const at = parseHashKey(input.NewStartingHashKey)
        if (at === undefined || at <= BigInt(shard.start) + 1n || at >= BigInt(shard.end)) {
          throw invalidArgument(
            `NewStartingHashKey ${input.NewStartingHashKey} used in SplitShard() on shard ${id} in stream ${name} under account ` +
              `${names.account.accountId} is not both greater than one plus the shard's StartingHashKey ${shard.start} and less than the shard's EndingHashKey ${shard.end}.`,
          )
        }
        return beginResharding(stream, splitOf(shard, at), null)
      })
    },

    async MergeShards(
      input: StreamReference & { ShardToMerge: string; AdjacentShardToMerge: string },
      context,
    ) {
      const name = names.streamOf(input)
      const ids = [input.ShardToMerge, input.AdjacentShardToMerge].map((text) => names.shardOf(text, name))
      streamFor(kinesis, context, input)
      await changeActive(kinesis, name, (stream) => {
        const [one, other] = ids.map((id) => requireShard(stream, id))
        requireReshardable(stream)
        if (BigInt(one.end) + 1n !== BigInt(other.start) || one.to !== null || other.to !== null) {
          throw invalidArgument(
            `Shards ${one.id} and ${other.id} in stream ${name} under account ${names.account.accountId} are not an adjacent pair of shards eligible for merging`,
          )
        }
        return beginResharding(stream, mergeOf(one, other), null)
      })
    },

    async UpdateShardCount(input: StreamReference & { TargetShardCount: number }, context) {
      const {
        stream: { name },
      } = streamFor(kinesis, context, input)
      const target = input.TargetShardCount
      let current = 0
      await changeActive(kinesis, name, (stream) => {
        requireReshardable(stream)
        current = openShards(stream).length
        if (target > current * 2 || target < current / 2) {
          throw invalidArgument(
            `UpdateShardCount can neither more than double nor more than halve the number of open shards: it is ${current}, and ${target} was requested.`,
          )
        }
        requireShards(kinesis, openCount(), Math.max(0, target - current))
        const steps = stepTowards(openShards(stream), target)
        return steps.length === 0 ? stream : beginResharding(stream, steps, target)
      })
      return {
        StreamName: name,
        StreamARN: names.arnOf(name),
        CurrentShardCount: current,
        TargetShardCount: target,
      }
    },
  }
}

/** Whether the shard passes the filter (API reference, ShardFilter). */
function passes(shard: Shard, stream: Stream, filter: ListShards['ShardFilter'], now: number): boolean {
  if (filter === undefined) return true
  const horizon = Math.max(stream.createdAt, now - stream.retentionHours * HOUR_MS)
  const openAt = (time: number): boolean => shard.createdAt <= time && (shard.closedAt ?? Infinity) >= time
  switch (filter.Type) {
    case 'AT_TRIM_HORIZON':
      return openAt(horizon)
    case 'FROM_TRIM_HORIZON':
      return true
    case 'AT_LATEST':
      return shard.to === null
    case 'AT_TIMESTAMP':
      return openAt(timeOf(filter))
    case 'FROM_TIMESTAMP':
      return shard.closedAt === null || shard.closedAt >= timeOf(filter)
    case 'AFTER_SHARD_ID':
      if (filter.ShardId === undefined)
        throw invalidArgument('ShardId is required with the filter AFTER_SHARD_ID.')
      return shard.id > filter.ShardId
  }
}

function timeOf({ Type, Timestamp }: ShardFilter): number {
  if (Timestamp === undefined) throw invalidArgument(`Timestamp is required with the filter ${Type}.`)
  return Timestamp.getTime()
}
