/** The resources, names and errors that the operations share. */
import { type Account, type AwsContext, AwsError, deliveryStreamArn } from '@weir/aws'
import { checks, type DeliveryStream, type DeliveryStreams, storedForm } from '@weir/deliveries'
import type { Kafka, Producer } from '@weir/kafka'
import type { Streams } from '@weir/streams'
import { Misfit } from '@weir/topics/shape.ts'

export interface Firehose {
  readonly account: Account
  readonly streams: DeliveryStreams
  /** The streams that may be sources. */
  readonly kinesisStreams: Pick<Streams, 'get'>
  readonly kafka: Pick<Kafka, 'partitions' | 'offsetAt'>
  readonly producer: Producer
  /** False while no broker answers. */
  connected(): boolean
}

/** Throws AccessDeniedException. The delivery stream need not exist. */
export function authorize({ account }: Firehose, context: AwsContext, name: string): void {
  context.authorize(deliveryStreamArn(account, name))
}

/**
 * The delivery stream of that name, if the sender may run this operation on it. Throws AccessDeniedException
 * or ResourceNotFoundException.
 */
export function streamFor(firehose: Firehose, context: AwsContext, name: string): DeliveryStream {
  authorize(firehose, context, name)
  const stream = firehose.streams.byName.get(name)
  if (stream === undefined) throw notFound(firehose, name)
  return stream
}

/** Changes a delivery stream that must be ACTIVE. `decide` returns its next state. */
export async function changeActive(
  firehose: Firehose,
  context: AwsContext,
  name: string,
  decide: (stream: DeliveryStream) => DeliveryStream,
): Promise<void> {
  authorize(firehose, context, name)
  await firehose.streams.change(name, (stream) => {
    if (stream === undefined) throw notFound(firehose, name)
    if (stream.status !== 'ACTIVE') throw inUse(firehose, stream)
    return checked(decide(stream))
  })
}

/**
 * Returns the stream. Throws InvalidArgumentException for a value that the model allows and Weir cannot keep.
 */
export function checked(stream: DeliveryStream): DeliveryStream {
  try {
    checks.stream(storedForm(stream), stream.name)
  } catch (error) {
    throw error instanceof Misfit ? invalidArgument(error.message) : error
  }
  return stream
}

export function invalidArgument(message: string): AwsError {
  return new AwsError('InvalidArgumentException', message)
}

/** @param instead the parts that are served */
export const refused = (part: string, instead: string): AwsError =>
  invalidArgument(`${part} is not served: ${instead}.`)

export function notFound({ account }: Firehose, name: string): AwsError {
  return new AwsError(
    'ResourceNotFoundException',
    `Firehose ${name} under account ${account.accountId} not found.`,
  )
}

export function inUse({ account }: Firehose, { name, status }: DeliveryStream): AwsError {
  return new AwsError(
    'ResourceInUseException',
    `Firehose ${name} under account ${account.accountId} is not ACTIVE, but ${status}.`,
  )
}

export function limitExceeded(message: string): AwsError {
  return new AwsError('LimitExceededException', message)
}

/** SDKs retry it. */
export function unavailable(message: string): AwsError {
  return new AwsError('ServiceUnavailableException', message, 500)
}
