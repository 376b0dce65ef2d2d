/** What the operations work with. */
import type { AwsAccess, AwsContext } from '@weir/aws'
import type { Kafka, Producer } from '@weir/kafka'
import type { FanOutConsumer, Serving, Shard, Stream, Streams } from '@weir/streams'
import { type Names, type StreamReference, unavailable } from './names.ts'
import type { Throttle } from './throttle.ts'

export interface Kinesis {
  readonly access: AwsAccess
  readonly kafka: Kafka
  readonly producer: Producer
  readonly streams: Streams
  readonly names: Names
  /** Undefined where provisioned streams are not throttled. */
  readonly throttle: Throttle | undefined
  /** Aborts when the service is told to stop: subscriptions end then. */
  readonly stopping: AbortSignal
  /** Open shards of all streams together. */
  readonly shardLimit: number
}

/**
 * The stream that the request names, and that its sender may use so. Throws AccessDeniedException or
 * ResourceNotFoundException.
 */
export function streamFor(kinesis: Kinesis, context: AwsContext, reference: StreamReference): Serving {
  const name = allowedName(kinesis, context, reference)
  const serving = kinesis.streams.get(name)
  if (serving === undefined) throw kinesis.names.notFound(name)
  return serving
}

/** The same where it need not exist. */
export function allowedName({ names }: Kinesis, context: AwsContext, reference: StreamReference): string {
  const name = names.streamOf(reference)
  context.authorize(names.arnOf(name))
  return name
}

/**
 * The consumer that the ARN names. Checks the right to its stream first, so that others do not learn of its
 * consumers.
 */
export function consumerByArn(kinesis: Kinesis, context: AwsContext, arn: string): FanOutConsumer {
  const { names, streams } = kinesis
  const { stream, name, createdSecond } = names.consumerOf(arn)
  context.authorize(names.arnOf(stream))
  const found = streams.fanOut.get(stream, name)
  if (found === undefined || Math.floor(found.createdAt / 1000) !== createdSecond) throw names.noConsumer(arn)
  return found
}

/** Decides on a stream that must exist. What `decide` returns is its next state. */
export function changeStream(
  { streams, names }: Kinesis,
  name: string,
  decide: (stream: Stream) => Stream,
): Promise<Stream> {
  return streams.change(name, (stream) => {
    if (stream === undefined) throw names.notFound(name)
    return decide(stream)
  })
}

/** The same for changes that only an ACTIVE stream takes. */
export function changeActive(
  kinesis: Kinesis,
  name: string,
  decide: (stream: Stream) => Stream,
): Promise<Stream> {
  return changeStream(kinesis, name, (stream) => {
    if (stream.status !== 'ACTIVE') throw kinesis.names.notActive(stream)
    return decide(stream)
  })
}

export function shardIn(stream: Stream, id: string): Shard | undefined {
  return stream.shards.find((shard) => shard.id === id)
}

/** Throws where this replica may not know which shards are open. */
export function requireLease({ streams }: Kinesis): void {
  if (!streams.leased) throw unavailable()
}
