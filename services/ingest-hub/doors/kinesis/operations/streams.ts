/** Creating, describing, listing and deleting streams. */
import { AwsError, type AwsOperations, formatToken, pageOf } from '@weir/aws'
import { MIN_RECORD_KIB, newStream, ON_DEMAND_SHARDS, openShards, type Stream } from '@weir/streams'
import { allowedName, changeStream, type Kinesis, streamFor } from '../kinesis.ts'
import { invalidArgument, limitExceeded, type StreamReference } from '../names.ts'
import { checkTags } from '../tags.ts'
import { fieldsOf } from '../tokens.ts'
import { describeShard } from './shards.ts'

/** The default page sizes; that of shards is also the maximum (API reference). */
const SHARDS_A_PAGE = 100
const STREAMS_A_PAGE = 100
const ON_DEMAND_STREAMS = 50
/** A tag with this name creates a stream over a topic that Kafka producers write to. */
const EXTERNAL_TAG = 'weir:external'

interface CreateStream {
  readonly StreamName: string
  readonly ShardCount?: number
  readonly StreamModeDetails?: { readonly StreamMode: Stream['mode'] }
  readonly MaxRecordSizeInKiB?: number
  readonly Tags?: Readonly<Record<string, string>>
}

export function streamOperations(kinesis: Kinesis): AwsOperations {
  const { streams, names, shardLimit } = kinesis

  const openCount = (): number =>
    streams.all().reduce((sum, { stream }) => sum + openShards(stream).length, 0)

  const description = (stream: Stream) => ({
    StreamName: stream.name,
    StreamARN: names.arnOf(stream.name),
    StreamStatus: stream.status,
    StreamModeDetails: { StreamMode: stream.mode },
    RetentionPeriodHours: stream.retentionHours,
    StreamCreationTimestamp: new Date(stream.createdAt),
    EnhancedMonitoring: [{ ShardLevelMetrics: stream.metrics }],
    EncryptionType: stream.encryptionKey === null ? 'NONE' : 'KMS',
    KeyId: stream.encryptionKey ?? undefined,
  })

  return {
    async CreateStream(input: CreateStream, context) {
      const name = allowedName(kinesis, context, input)
      const mode =
        input.StreamModeDetails?.StreamMode ?? (input.ShardCount === undefined ? 'ON_DEMAND' : 'PROVISIONED')
      if (mode === 'PROVISIONED' && input.ShardCount === undefined)
        throw invalidArgument('ShardCount is required for a stream in PROVISIONED mode.')
      if (mode === 'ON_DEMAND' && input.ShardCount !== undefined)
        throw invalidArgument('ShardCount must not be given for a stream in ON_DEMAND mode.')
      if (name.startsWith('.'))
        throw invalidArgument(
          `The name ${name} begins with a dot, which the name of its Kafka topic does not allow.`,
        )
      const { [EXTERNAL_TAG]: external, ...tags } = input.Tags ?? {}
      checkTags(tags, name, kinesis)
      const shards = input.ShardCount ?? ON_DEMAND_SHARDS
      await streams.change(name, (existing) => {
        if (existing !== undefined) {
          throw new AwsError(
            'ResourceInUseException',
            `Stream ${name} under account ${names.account.accountId} already exists.`,
          )
        }
        const alike = streams.all().find(({ stream }) => alikeInKafka(stream.name, name))?.stream.name
        if (alike !== undefined) {
          throw invalidArgument(
            `The name ${name} differs from that of stream ${alike} only in . and _, which Kafka treats as equal in topic names.`,
          )
        }
        requireShards(kinesis, openCount(), shards)
        return newStream(
          {
            name,
            mode,
            shards,
            maxRecordKiB: input.MaxRecordSizeInKiB ?? MIN_RECORD_KIB,
            tags,
            external: external === 'true',
          },
          Date.now(),
        )
      })
    },

    async DeleteStream(input: StreamReference & { EnforceConsumerDeletion?: boolean }, context) {
      const {
        stream: { name },
      } = streamFor(kinesis, context, input)
      await changeStream(kinesis, name, (stream) => {
        if (stream.status === 'DELETING') return stream
        if (stream.status === 'UPDATING') throw names.notActive(stream)
        if (input.EnforceConsumerDeletion !== true && streams.fanOut.of(name).length > 0) {
          throw new AwsError(
            'ResourceInUseException',
            `DeleteStream can't delete ${names.arnOf(name)} because there ` +
              `are consumers associated with this data stream. To delete ${name} anyway, set the EnforceConsumerDeletion ` +
              'parameter to true to force the deletion of all the consumers that are associated with it.',
          )
        }
        return { ...stream, status: 'DELETING' }
      })
    },

    async DescribeStream(
      input: StreamReference & { Limit?: number; ExclusiveStartShardId?: string },
      context,
    ) {
      const { stream } = streamFor(kinesis, context, input)
      // A stream that is being created shows no shards yet.
      const shards = stream.status === 'CREATING' ? [] : stream.shards
      const limit = Math.min(input.Limit ?? SHARDS_A_PAGE, SHARDS_A_PAGE)
      const page = pageOf(shards, ({ id }) => id, input.ExclusiveStartShardId, limit)
      return {
        StreamDescription: {
          ...description(stream),
          Shards: page.items.map(describeShard),
          HasMoreShards: page.last !== undefined,
        },
      }
    },

    async DescribeStreamSummary(input: StreamReference, context) {
      const { stream } = streamFor(kinesis, context, input)
      return {
        StreamDescriptionSummary: {
          ...description(stream),
          OpenShardCount: stream.status === 'CREATING' ? 0 : openShards(stream).length,
          ConsumerCount: streams.fanOut.of(stream.name).length,
          MaxRecordSizeInKiB: stream.maxRecordKiB,
        },
      }
    },

    async ListStreams(
      input: { Limit?: number; ExclusiveStartStreamName?: string; NextToken?: string },
      context,
    ) {
      context.authorize('*')
      const after =
        input.NextToken === undefined
          ? input.ExclusiveStartStreamName
          : fieldsOf(input.NextToken, 'streams', 1, Date.now())[0]
      const visible = streams
        .all()
        .map(({ stream }) => stream)
        .filter(({ name }) => context.may(names.arnOf(name)))
      const { items, last } = pageOf(visible, ({ name }) => name, after, input.Limit ?? STREAMS_A_PAGE)
      return {
        StreamNames: items.map(({ name }) => name),
        HasMoreStreams: last !== undefined,
        NextToken: last && formatToken('streams', last),
        StreamSummaries: items.map((stream) => ({
          StreamName: stream.name,
          StreamARN: names.arnOf(stream.name),
          StreamStatus: stream.status,
          StreamModeDetails: { StreamMode: stream.mode },
          StreamCreationTimestamp: new Date(stream.createdAt),
        })),
      }
    },

    async DescribeLimits(_input: object, context) {
      context.authorize('*')
      return {
        ShardLimit: shardLimit,
        OpenShardCount: openCount(),
        OnDemandStreamCount: streams.all().filter(({ stream }) => stream.mode === 'ON_DEMAND').length,
        OnDemandStreamCountLimit: ON_DEMAND_STREAMS,
      }
    },
  }
}

/**
 * Brokers refuse a topic whose name differs from another one's only in dots and underscores, because the two
 * are the same in their metrics.
 */
function alikeInKafka(one: string, other: string): boolean {
  return one.replaceAll('.', '_') === other.replaceAll('.', '_')
}

/** Throws LimitExceededException if `more` open shards, added to `open`, would exceed the limit. */
export function requireShards({ names, shardLimit }: Kinesis, open: number, more: number): void {
  if (open + more <= shardLimit) return
  const { accountId, region } = names.account
  throw limitExceeded(
    `This request would exceed the shard limit for the account ${accountId} in ${region}. Current shard count for the account: ${open}. ` +
      `Limit: ${shardLimit}. Number of additional shards that would have resulted from this request: ${more}. Refer to the AWS Service Limits page ` +
      '(http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how to request higher limits.',
  )
}
