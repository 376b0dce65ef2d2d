/** The resources and helpers that the operations share. */
import type { AwsAccess, AwsContext } from '@weir/aws'
import type { Kafka } from '@weir/kafka'
import type { FanOutConsumer, Serving, Shard, Stream, Streams, StreamWriter } from '@weir/streams'
import { type Names, type StreamReference, unavailable } from './names.ts'
import type { Throttle } from './throttle.ts'

export interface Kinesis {
  readonly access: AwsAccess
  readonly kafka: Kafka
  readonly streams: Streams
  readonly writer: StreamWriter
  readonly names: Names
  /** Undefined if provisioned streams are not throttled. */
  readonly throttle: Throttle | undefined
  /** Aborts when the service is told to stop; subscriptions then end. */
  readonly stopping: AbortSignal
  /** The maximum number of open shards of all streams together. */
  readonly shardLimit: number
}

/**
 * The stream that the request names, if its sender may run this operation on it. Throws AccessDeniedException
 * or ResourceNotFoundException.
 */
export function streamFor(kinesis: Kinesis, context: AwsContext, reference: StreamReference): Serving {
  const name = allowedName(kinesis, context, reference)
  const serving = kinesis.streams.get(name)
  if (serving === undefined) throw kinesis.names.notFound(name)
  return serving
}

/** The name of the stream that the request names, which need not exist. Throws AccessDeniedException. */
export function allowedName({ names }: Kinesis, context: AwsContext, reference: StreamReference): string {
  const name = names.streamOf(reference)
  context.authorize(names.arnOf(name))
  return name
}

/**
 * The consumer that the ARN names. Checks the right to its stream first, so that clients without it do not
 * learn of its consumers.
 */
export function consumerByArn(kinesis: Kinesis, context: AwsContext, arn: string): FanOutConsumer {
  const { names, streams } = kinesis
  const { stream, name, createdSecond } = names.consumerOf(arn)
  context.authorize(names.arnOf(stream))
  const found = streams.fanOut.get(stream, name)
  if (found === undefined || Math.floor(found.createdAt / 1000) !== createdSecond) throw names.noConsumer(arn)
  return found
}

/** Changes a stream that must exist. `decide` returns its next state. */
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

/** Changes a stream that must be ACTIVE. */
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

/** Throws if this replica may not know which shards are open. */
export function requireLease({ streams }: Kinesis): void {
  if (!streams.leased) throw unavailable()
}
