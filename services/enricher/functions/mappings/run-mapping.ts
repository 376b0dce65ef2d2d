/** Runs a mapping: reads its shards or partitions as a member of its group. */
import type { Kafka, OpenTask, Producer, RecordBatch } from '@weir/kafka'
import { watchGroup } from '@weir/service'
import { beginGroup } from '@weir/topics/groups.ts'
import { BatchHandler, type BatchHandlerDeps } from './batch-handler.ts'
import { type BatchDestination, openBatchDestination } from './destinations.ts'
import type { Mapping } from './mapping.ts'
import { openOutput } from './output.ts'
import { MAX_PAYLOAD_BYTES } from './settings.ts'
import type { SourceDeps, WindowsClosed } from './sources/source.ts'
import { eventSource } from './sources/sources.ts'

export interface MappingDeps extends SourceDeps, BatchHandlerDeps {
  readonly producer: Producer
}

export interface RunningMapping {
  ready(): boolean
  stop(drainMs: number): Promise<void>
}

export async function runMapping(mapping: Mapping, deps: MappingDeps): Promise<RunningMapping> {
  const { kafka, codec } = deps
  const { settings, groupId, output: topic } = mapping
  const windowed = settings.tumblingMs > 0
  if (windowed && topic !== undefined) {
    throw new Error(
      `Mapping ${mapping.id} has a tumbling window and an output, but a window's function returns its state.`,
    )
  }
  const closed: WindowsClosed = async (partition, offset, signal) => {
    const open = await deps.windowStates.read(mapping.id, partition, signal)
    return open === undefined || open.offset > offset
  }
  const reader = await eventSource(mapping.source).open(mapping, deps, windowed ? closed : undefined)
  const destination = await openOnFailure(mapping, deps)
  const output = topic === undefined ? undefined : await openOutput(topic, kafka, codec)
  await beginAt(mapping, reader.topic, kafka)

  const handler = new BatchHandler(mapping, deps, { reader, output, destination })
  const options = {
    groupId,
    topics: [reader.topic],
    startAt: 'earliest' as const,
    // The state of a window goes through one invocation after the other, and is stored after each batch.
    maxBatchRecords: Math.min(10_000, settings.batchSize * (windowed ? 1 : settings.parallelization)),
    cut: reader.cut && ((batch: RecordBatch, signal: AbortSignal) => reader.cut!(batch, signal)),
    gather: settings.windowMs === 0 ? undefined : { ms: settings.windowMs, bytes: MAX_PAYLOAD_BYTES / 2 },
  }
  const openTask: OpenTask | undefined = windowed
    ? (partition) => handler.windowTask(partition)
    : output && (() => ({ process: (batch, out, signal) => handler.handle(batch, out, signal) }))
  const subscription =
    openTask === undefined
      ? await kafka.consume(options, (batch, signal) => handler.handle(batch, undefined, signal))
      : await kafka.transform(options, openTask)
  const { topics } = subscription
  const assignments = () => subscription.assignments()
  const stalled = () => [...subscription.stalled(), ...handler.stalled(assignments())]
  const unwatch = watchGroup({ groupId, topics, assignments, stalled }, kafka)
  return {
    ready: () => subscription.ready(),
    stop: async (drainMs) => {
      unwatch()
      await subscription.stop(drainMs)
    },
  }
}

async function openOnFailure(
  { id, onFailure }: Mapping,
  { kafka, producer, log }: MappingDeps,
): Promise<BatchDestination | undefined> {
  if (onFailure === undefined) return undefined
  return openBatchDestination(onFailure, kafka, producer, {
    warn: (details, message) => log.warn({ ...details, mapping: id }, message),
  })
}

/** Commits the offsets of a new group at once, so that it later reads the records that arrive until it has members. */
async function beginAt({ groupId, start }: Mapping, topic: string, kafka: Kafka): Promise<void> {
  if (start === 'TRIM_HORIZON') return
  // No record is older than the epoch. Kafka gives negative times special meanings.
  const time = start === 'LATEST' ? 'latest' : start.timestamp < 0 ? 'earliest' : start.timestamp
  await beginGroup(kafka.admin, groupId, topic, async () => {
    const partitions = Array.from({ length: await kafka.partitions(topic) }, (_, partition) => partition)
    return Promise.all(
      partitions.map(async (partition) => ({
        partition,
        offset: await kafka.offsetAt(topic, partition, time),
      })),
    )
  })
}
