/** Sources of delivery streams as clients configure them. Those that are not served are refused by name. */
import { type AwsContext, parseArn } from '@weir/aws'
import { type DeliveryStream, TOPIC_PREFIX } from '@weir/deliveries'
import { type Firehose, invalidArgument } from './firehose.ts'

/** The members of CreateDeliveryStream that say where records come from. */
export interface SourceInput {
  readonly DeliveryStreamName: string
  readonly DeliveryStreamType?: string
  readonly DirectPutSourceConfiguration?: { readonly ThroughputHintInMBs: number }
  readonly KinesisStreamSourceConfiguration?: { readonly KinesisStreamARN: string; readonly RoleARN: string }
  readonly DeliveryStreamEncryptionConfigurationInput?: object
}

export type Source = Pick<
  DeliveryStream,
  'type' | 'topic' | 'sourceRoleArn' | 'throughputHintMiB' | 'startOffsets'
>

/** The configuration that belongs to each type that is served. */
const CONFIGURATIONS = {
  DirectPut: 'DirectPutSourceConfiguration',
  KinesisStreamAsSource: 'KinesisStreamSourceConfiguration',
} as const
/** The resource of a stream's ARN. */
const STREAM = /^stream\/([a-zA-Z0-9_.-]{1,128})$/

/**
 * Returns the source that the request names, from now on. Throws InvalidArgumentException, or AccessDeniedException
 * if the sender has no rights over it.
 */
export async function sourceOf(firehose: Firehose, input: SourceInput, context: AwsContext): Promise<Source> {
  const type = typeOf(input)
  if (type === 'KinesisStreamAsSource') return kinesisSource(firehose, input, context)
  return {
    type,
    topic: TOPIC_PREFIX + input.DeliveryStreamName,
    sourceRoleArn: null,
    throughputHintMiB: input.DirectPutSourceConfiguration?.ThroughputHintInMBs ?? null,
  }
}

function typeOf(input: SourceInput): keyof typeof CONFIGURATIONS {
  const { DeliveryStreamType: type = 'DirectPut' } = input
  if (!Object.hasOwn(CONFIGURATIONS, type))
    throw invalidArgument(
      `DeliveryStreamType ${type} is not served: there are ${Object.keys(CONFIGURATIONS).join(' and ')}.`,
    )
  const own = CONFIGURATIONS[type as keyof typeof CONFIGURATIONS]
  const other = Object.keys(input).find((member) => member.endsWith('SourceConfiguration') && member !== own)
  if (other !== undefined)
    throw invalidArgument(`${other} must be left out if DeliveryStreamType is ${type}.`)
  return type as keyof typeof CONFIGURATIONS
}

async function kinesisSource(
  { account, kinesisStreams, kafka }: Firehose,
  {
    KinesisStreamSourceConfiguration: source,
    DeliveryStreamEncryptionConfigurationInput: encryption,
  }: SourceInput,
  context: AwsContext,
): Promise<Source> {
  if (source === undefined)
    throw invalidArgument('KinesisStreamAsSource needs KinesisStreamSourceConfiguration.')
  if (encryption !== undefined) throw encryptedBySource()
  const { KinesisStreamARN: arn, RoleARN: sourceRoleArn } = source
  const { region, accountId, resource = '' } = parseArn(arn) ?? {}
  const [, name] = STREAM.exec(resource) ?? []
  if (name === undefined || region !== account.region || accountId !== account.accountId)
    throw invalidArgument(
      `${arn} is not a stream of this account; those are arn:aws:kinesis:${account.region}:${account.accountId}:stream/NAME.`,
    )
  context.authorize(arn)
  const stream = kinesisStreams.get(name)?.stream
  if (stream === undefined || stream.status === 'CREATING' || stream.status === 'DELETING')
    throw invalidArgument(
      `Stream ${name} under account ${accountId} is not ACTIVE, so it cannot be a source; create it first.`,
    )
  const startOffsets = await endsOf(kafka, stream.topic)
  return {
    type: 'KinesisStreamAsSource',
    topic: stream.topic,
    sourceRoleArn,
    throughputHintMiB: null,
    startOffsets,
  }
}

async function endsOf(kafka: Firehose['kafka'], topic: string): Promise<number[]> {
  const count = await kafka.partitions(topic)
  return Promise.all(
    Array.from({ length: count }, (_, partition) => kafka.offsetAt(topic, partition, 'latest')),
  )
}

export const encryptedBySource = () =>
  invalidArgument(
    'Only delivery streams whose records are put directly can be encrypted; encrypt the source.',
  )
