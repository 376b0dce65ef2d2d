/**
 * Processes the records of delivery streams. Every replica runs all of them, and the group of each shares out the
 * partitions.
 */
import type { Account } from '@weir/aws'
import type { Codec } from '@weir/codec'
import {
  beginDelivery,
  type DeliveryStream,
  deliveredTopic,
  runDeliveryStreams,
  type StreamRuns,
} from '@weir/deliveries'
import type { Kafka, Subscription } from '@weir/kafka'
import { type Logger, type Resource, stage } from '@weir/service'
import type { Streams } from '@weir/streams'
import type { Functions } from '../functions/functions.ts'
import { ProcessingTask } from './processing-task.ts'

export interface ProcessingsOptions {
  readonly account: Account
  readonly codec: Codec
  readonly functions: Pick<Functions, 'invoke'>
  readonly kafka: Kafka
  readonly streams: Pick<Streams, 'get'>
  readonly log: Logger
}

interface Gather {
  readonly ms: number
  readonly bytes: number
}

const MIB = 1 << 20

export function openProcessings(options: ProcessingsOptions): Promise<Resource<StreamRuns>> {
  const counts = stage('enricher.deliveries')

  const start = async (stream: DeliveryStream, current: () => DeliveryStream): Promise<Subscription> => {
    const { kafka } = options
    const { name, id, topic } = stream
    const groupId = `enricher.delivery.${name}.${id}`
    await beginDelivery(kafka.admin, groupId, stream)
    const partitions = await kafka.partitions(deliveredTopic(stream))
    const gather = gatherOf(stream)
    return kafka.transform(
      { groupId, topics: [topic], startAt: 'earliest', gather },
      (partition) => new ProcessingTask({ ...options, partition, partitions, stream: current, counts }),
    )
  }

  return runDeliveryStreams({
    ...options,
    // Buffering is a setting of the subscription.
    dependsOn: (stream) =>
      isProcessed(stream) ? JSON.stringify([stream.id, gatherOf(stream) ?? null]) : undefined,
    start,
  })
}

const isProcessed = ({ status, destination }: DeliveryStream): boolean =>
  status === 'ACTIVE' && destination.processing !== undefined

function gatherOf({ destination }: DeliveryStream): Gather | undefined {
  const lambda = destination.processing?.lambda
  return !lambda || lambda.intervalSeconds === 0
    ? undefined
    : { ms: lambda.intervalSeconds * 1000, bytes: Math.ceil(lambda.sizeMiB * MIB) }
}
