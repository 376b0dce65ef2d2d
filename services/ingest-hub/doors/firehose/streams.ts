/** Creating, describing, listing, updating and deleting delivery streams. */
import { randomBytes } from 'node:crypto'
import {
  type Account,
  type AwsContext,
  AwsError,
  type AwsOperations,
  deliveryStreamArn,
  pageOf,
} from '@weir/aws'
import {
  type DeliveryStream,
  type DeliveryStreams,
  MAX_DELIVERY_STREAMS,
  type S3Destination,
} from '@weir/deliveries'
import { DESTINATION_ID, describe } from './description.ts'
import {
  authorize,
  changeActive,
  checked,
  type Firehose,
  inUse,
  invalidArgument,
  limitExceeded,
  notFound,
  streamFor,
} from './firehose.ts'
import { type Receiver, receiverOf } from './receiver.ts'
import { type EncryptionInput, encryptionOf, type TagInput, tagsOf } from './settings.ts'
import { type Source, type SourceInput, sourceOf } from './sources.ts'

/** API reference, ListDeliveryStreams. */
const STREAMS_A_PAGE = 10

interface CreateDeliveryStream extends SourceInput {
  readonly DeliveryStreamEncryptionConfigurationInput?: EncryptionInput
  readonly Tags?: readonly TagInput[]
}

interface UpdateDestination {
  readonly DeliveryStreamName: string
  readonly CurrentDeliveryStreamVersionId: string
  readonly DestinationId: string
}

interface ListDeliveryStreams {
  readonly Limit?: number
  readonly DeliveryStreamType?: string
  readonly ExclusiveStartDeliveryStreamName?: string
}

export function streamOperations(firehose: Firehose): AwsOperations {
  const { account, streams } = firehose

  return {
    async CreateDeliveryStream(input: CreateDeliveryStream, context: AwsContext) {
      const name = input.DeliveryStreamName
      authorize(firehose, context, name)
      const receiver = receiverOf(input, 'Configuration', { name, account })
      authorizeFunction(receiver.destination, context)
      const stream = newStream(input, await sourceOf(firehose, input, context), receiver, Date.now())
      await streams.create(stream, (all) => requireNew(all, account, name))
      return { DeliveryStreamARN: deliveryStreamArn(account, name) }
    },

    async DeleteDeliveryStream({ DeliveryStreamName: name }: { DeliveryStreamName: string }, context) {
      authorize(firehose, context, name)
      await streams.change(name, (stream) => {
        if (stream === undefined) throw notFound(firehose, name)
        if (stream.status === 'CREATING') throw inUse(firehose, stream)
        return stream.status === 'DELETING' ? stream : { ...stream, status: 'DELETING' }
      })
    },

    DescribeDeliveryStream(
      input: { DeliveryStreamName: string; ExclusiveStartDestinationId?: string },
      context: AwsContext,
    ) {
      const description = describe(streamFor(firehose, context, input.DeliveryStreamName), account)
      const isPast = (input.ExclusiveStartDestinationId ?? '') >= DESTINATION_ID
      return { DeliveryStreamDescription: isPast ? { ...description, Destinations: [] } : description }
    },

    ListDeliveryStreams(input: ListDeliveryStreams, context: AwsContext) {
      context.authorize('*')
      const { DeliveryStreamType: type } = input
      const visible = [...streams.byName.values()]
        .filter((stream) => type === undefined || stream.type === type)
        .map(({ name }) => name)
        .filter((name) => context.may(deliveryStreamArn(account, name)))
        .sort()
      const after = input.ExclusiveStartDeliveryStreamName
      const page = pageOf(visible, (name) => name, after, input.Limit ?? STREAMS_A_PAGE)
      return { DeliveryStreamNames: page.items, HasMoreDeliveryStreams: page.last !== undefined }
    },

    async UpdateDestination(input: UpdateDestination, context) {
      const { DeliveryStreamName: name, CurrentDeliveryStreamVersionId: version, DestinationId: id } = input
      await changeActive(firehose, context, name, (stream) => {
        if (id !== DESTINATION_ID)
          throw invalidArgument(`Destination Id ${id} not found; there is only ${DESTINATION_ID}.`)
        if (version !== String(stream.version)) {
          throw new AwsError(
            'ConcurrentModificationException',
            `Cannot update firehose: ${name} since the current version id: ${stream.version} and specified version id: ${version} do not match`,
          )
        }
        const receiver = receiverOf(input, 'Update', { name, account }, stream)
        authorizeFunction(receiver.destination, context)
        return { ...stream, ...receiver, version: stream.version + 1, updatedAt: Date.now() }
      })
    },
  }
}

/** The creator of a delivery stream must have rights over the function that gets its records. */
function authorizeFunction({ processing }: S3Destination, context: AwsContext): void {
  if (processing?.lambda) context.authorize(processing.lambda.arn)
}

function newStream(
  input: CreateDeliveryStream,
  source: Source,
  receiver: Receiver,
  now: number,
): DeliveryStream {
  const name = input.DeliveryStreamName
  return checked({
    ...source,
    name,
    id: randomBytes(16).toString('hex'),
    createdAt: now,
    updatedAt: null,
    version: 1,
    status: 'CREATING',
    ...receiver,
    tags: tagsOf(input.Tags ?? []),
    encryption: encryptionOf(input.DeliveryStreamEncryptionConfigurationInput),
  })
}

/** Throws if no delivery stream of that name can be added to those that there are. */
export function requireNew(
  all: DeliveryStreams['byName'],
  { accountId }: Pick<Account, 'accountId'>,
  name: string,
): void {
  if (all.has(name)) {
    throw new AwsError(
      'ResourceInUseException',
      `Firehose ${name} under accountId ${accountId} already exists`,
    )
  }
  if (all.size >= MAX_DELIVERY_STREAMS)
    throw limitExceeded(`You have already consumed your firehose quota of ${MAX_DELIVERY_STREAMS} hoses.`)
  // Brokers refuse a topic whose name differs from another one's only in dots and underscores.
  const inKafka = name.replaceAll('.', '_')
  for (const other of all.keys()) {
    if (other.replaceAll('.', '_') === inKafka)
      throw invalidArgument(
        `The name ${name} differs from that of delivery stream ${other} only in . and _, which Kafka treats as equal in topic names.`,
      )
  }
}
