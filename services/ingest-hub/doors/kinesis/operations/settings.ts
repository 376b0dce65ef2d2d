/**
 * Operations that change a stream's settings other than its shards: retention, record size, mode, monitoring,
 * encryption, tags, policies.
 */
import {
  type AwsContext,
  AwsError,
  type AwsOperations,
  pageOf,
  type Tags,
  tagList,
  withoutTags,
} from '@weir/aws'
import {
  type FanOutConsumer,
  MAX_RETENTION_HOURS,
  MIN_RETENTION_HOURS,
  type Stream,
  streamTopicConfigs,
} from '@weir/streams'
import {
  allowedName,
  changeActive,
  changeStream,
  consumerByArn,
  type Kinesis,
  streamFor,
} from '../kinesis.ts'
import { invalidArgument, type StreamReference } from '../names.ts'
import { checkPolicy } from '../policy.ts'
import { checkCharacters, checkTags } from '../tags.ts'

const TAGS_A_PAGE = 50
const METRICS = [
  'IncomingBytes',
  'IncomingRecords',
  'OutgoingBytes',
  'OutgoingRecords',
  'WriteProvisionedThroughputExceeded',
  'ReadProvisionedThroughputExceeded',
  'IteratorAgeMilliseconds',
]

type Retention = StreamReference & { RetentionPeriodHours: number }
type Monitoring = StreamReference & { ShardLevelMetrics: readonly string[] }
type Encryption = StreamReference & { EncryptionType: 'KMS' | 'NONE'; KeyId: string }

/** The part of a stream or consumer that the operations by ARN use. */
type Tagged = Pick<Stream, 'tags' | 'policy'>

export function settingOperations(kinesis: Kinesis): AwsOperations {
  const { streams, names, kafka } = kinesis

  /**
   * Changes the topic first, so that repeating the request after a failure in between gives the correct
   * result.
   */
  const configure = async (name: string, decide: (stream: Stream) => Stream): Promise<void> => {
    const current = streams.get(name)!.stream
    if (current.status !== 'ACTIVE') throw names.notActive(current)
    const next = decide(current)
    await kafka.admin.alterTopicConfigs(current.topic, streamTopicConfigs(next))
    await changeActive(kinesis, name, decide)
  }

  const setMetrics = async (
    input: Monitoring,
    context: AwsContext,
    decide: (before: readonly string[], named: readonly string[]) => string[],
  ) => {
    const {
      stream: { name, metrics: before },
    } = streamFor(kinesis, context, input)
    const named = input.ShardLevelMetrics.includes('ALL') ? METRICS : input.ShardLevelMetrics
    const { metrics } = await changeActive(kinesis, name, (stream) => ({
      ...stream,
      metrics: decide(stream.metrics, named),
    }))
    return {
      StreamName: name,
      StreamARN: names.arnOf(name),
      CurrentShardLevelMetrics: before,
      DesiredShardLevelMetrics: metrics,
    }
  }

  const setEncryption = async (input: Encryption, context: AwsContext, key: string | null): Promise<void> => {
    if (input.EncryptionType !== 'KMS') throw invalidArgument('EncryptionType must be KMS.')
    const {
      stream: { name },
    } = streamFor(kinesis, context, input)
    await changeActive(kinesis, name, (stream) => ({ ...stream, encryptionKey: key }))
  }

  /** The stream or consumer of the ARN: its current state, and a way to change it. */
  const resource = (
    arn: string,
    context: AwsContext,
  ): { value: Tagged; change(decide: (value: Tagged) => Partial<Tagged>): Promise<unknown> } => {
    if (!names.isConsumer(arn)) {
      const stream = streams.get(allowedName(kinesis, context, { StreamARN: arn }))?.stream
      if (stream === undefined) throw names.notFound(arn)
      return {
        value: stream,
        change: (decide) =>
          changeStream(kinesis, stream.name, (current) => ({ ...current, ...decide(current) })),
      }
    }
    const found = consumerByArn(kinesis, context, arn)
    const changed = (
      consumer: FanOutConsumer | undefined,
      decide: (value: Tagged) => Partial<Tagged>,
    ): FanOutConsumer => {
      if (consumer === undefined) throw names.noConsumer(arn)
      return { ...consumer, ...decide(consumer) }
    }
    const { stream, name } = found
    return {
      value: found,
      change: (decide) => streams.fanOut.change(stream, name, (consumer) => changed(consumer, decide)),
    }
  }

  return {
    async IncreaseStreamRetentionPeriod(input: Retention, context) {
      const {
        stream: { name },
      } = streamFor(kinesis, context, input)
      const hours = checkRetention(input.RetentionPeriodHours)
      await configure(name, (stream) => {
        if (stream.retentionHours > hours) {
          throw invalidArgument(
            `Requested retention period (${hours} hours) for stream ${name} can not be shorter than existing retention period ` +
              `(${stream.retentionHours} hours). Use DecreaseRetentionPeriod API.`,
          )
        }
        return { ...stream, retentionHours: hours }
      })
    },

    async DecreaseStreamRetentionPeriod(input: Retention, context) {
      const {
        stream: { name },
      } = streamFor(kinesis, context, input)
      const hours = checkRetention(input.RetentionPeriodHours)
      await configure(name, (stream) => {
        if (stream.retentionHours < hours) {
          throw invalidArgument(
            `Requested retention period (${hours} hours) for stream ${name} can not be longer than existing retention period ` +
              `(${stream.retentionHours} hours). Use IncreaseRetentionPeriod API.`,
          )
        }
        return { ...stream, retentionHours: hours }
      })
    },

    async UpdateMaxRecordSize(input: StreamReference & { MaxRecordSizeInKiB: number }, context) {
      const {
        stream: { name },
      } = streamFor(kinesis, context, input)
      await configure(name, (stream) => ({ ...stream, maxRecordKiB: input.MaxRecordSizeInKiB }))
    },

    async UpdateStreamMode(
      input: StreamReference & { StreamModeDetails: { StreamMode: Stream['mode'] } },
      context,
    ) {
      const {
        stream: { name },
      } = streamFor(kinesis, context, input)
      await changeActive(kinesis, name, (stream) => ({ ...stream, mode: input.StreamModeDetails.StreamMode }))
    },

    EnableEnhancedMonitoring: (input: Monitoring, context) =>
      setMetrics(input, context, (before, named) =>
        METRICS.filter((metric) => before.includes(metric) || named.includes(metric)),
      ),
    DisableEnhancedMonitoring: (input: Monitoring, context) =>
      setMetrics(input, context, (before, named) => before.filter((metric) => !named.includes(metric))),

    StartStreamEncryption: (input: Encryption, context) => setEncryption(input, context, input.KeyId),
    StopStreamEncryption: (input: Encryption, context) => setEncryption(input, context, null),

    async AddTagsToStream(input: StreamReference & { Tags: Tags }, context) {
      const {
        stream: { name },
      } = streamFor(kinesis, context, input)
      await changeStream(kinesis, name, (stream) => {
        checkTags(input.Tags, name, kinesis, stream.tags)
        return { ...stream, tags: { ...stream.tags, ...input.Tags } }
      })
    },

    async RemoveTagsFromStream(input: StreamReference & { TagKeys: readonly string[] }, context) {
      const {
        stream: { name },
      } = streamFor(kinesis, context, input)
      checkCharacters(input.TagKeys, 'remove tags from', name, kinesis)
      await changeStream(kinesis, name, (stream) => ({
        ...stream,
        tags: withoutTags(stream.tags, input.TagKeys),
      }))
    },

    async ListTagsForStream(
      input: StreamReference & { ExclusiveStartTagKey?: string; Limit?: number },
      context,
    ) {
      const { stream } = streamFor(kinesis, context, input)
      const { items, last } = pageOf(
        tagList(stream.tags),
        ({ Key }) => Key,
        input.ExclusiveStartTagKey,
        input.Limit ?? TAGS_A_PAGE,
      )
      return { Tags: items, HasMoreTags: last !== undefined }
    },

    async TagResource(input: { ResourceARN: string; Tags: Tags }, context) {
      await resource(input.ResourceARN, context).change(({ tags }) => {
        checkTags(input.Tags, input.ResourceARN, kinesis, tags)
        return { tags: { ...tags, ...input.Tags } }
      })
    },

    async UntagResource(input: { ResourceARN: string; TagKeys: readonly string[] }, context) {
      await resource(input.ResourceARN, context).change(({ tags }) => ({
        tags: withoutTags(tags, input.TagKeys),
      }))
    },

    async ListTagsForResource(input: { ResourceARN: string }, context) {
      return { Tags: tagList(resource(input.ResourceARN, context).value.tags) }
    },

    async PutResourcePolicy(input: { ResourceARN: string; Policy: string }, context) {
      const { change } = resource(input.ResourceARN, context)
      checkPolicy(input.Policy)
      await change(() => ({ policy: input.Policy }))
    },

    async GetResourcePolicy(input: { ResourceARN: string }, context) {
      return { Policy: resource(input.ResourceARN, context).value.policy ?? '{}' }
    },

    async DeleteResourcePolicy(input: { ResourceARN: string }, context) {
      await resource(input.ResourceARN, context).change(({ policy }) => {
        if (policy !== null) return { policy: null }
        const text = `No resource policy found for resource ARN ${input.ResourceARN}.`
        throw new AwsError('ResourceNotFoundException', text)
      })
    },
  }
}

function checkRetention(hours: number): number {
  if (hours < MIN_RETENTION_HOURS) {
    throw invalidArgument(
      `Minimum allowed retention period is ${MIN_RETENTION_HOURS} hours. Requested retention period (${hours} hours) is too short.`,
    )
  }
  if (hours > MAX_RETENTION_HOURS) {
    throw invalidArgument(
      `Maximum allowed retention period is ${MAX_RETENTION_HOURS} hours. Requested retention period (${hours} hours) is too long.`,
    )
  }
  return hours
}
