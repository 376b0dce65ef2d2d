/**
 * Runs a mapping: reads its shards or partitions as a member of its group, filters the records, cuts them
 * into batches, and passes these to the function.
 */
import { type Appender, type Kafka, KafkaError, Once, type Producer, type RecordBatch } from '@weir/kafka'
import { Counter, Gauge, metrics, watchGroup } from '@weir/service'
import { Caller, type CallerDeps, outOf } from './caller.ts'
import { openBatchDestination } from './destinations.ts'
import type { Mapping } from './mapping.ts'
import { openOutput } from './output.ts'
import { PartitionWindows, type PartitionWindowsOptions } from './partition-windows.ts'
import { MAX_PAYLOAD_BYTES } from './settings.ts'
import { openSource, type SourceDeps } from './sources.ts'

const iteratorAges = new Gauge({
  name: 'weir_function_iterator_age_seconds',
  labelNames: ['function'],
  registers: [metrics],
  help: 'Age of the last record of the batch handled last.',
})
const filtered = new Counter({
  name: 'weir_function_filtered_records_total',
  labelNames: ['function'],
  registers: [metrics],
  help: 'Records that no filter of the mapping matches.',
})

const repetitions = new Counter({
  name: 'weir_function_repeated_records_total',
  labelNames: ['function'],
  registers: [metrics],
  help: 'Records left out because a client had sent them before under the same id.',
})

export interface MappingDeps extends SourceDeps, CallerDeps {
  readonly producer: Producer
  /** Resolves when this replica knows the window states that others wrote before the call. */
  catchUp(): Promise<void>
  /** The states of tumbling windows, by mapping and partition. */
  readonly windowStates: PartitionWindowsOptions['states']
}

export interface RunningMapping {
  ready(): boolean
  stop(drainMs: number): Promise<void>
}

export async function runMapping(mapping: Mapping, deps: MappingDeps): Promise<RunningMapping> {
  const { kafka, codec, producer, report } = deps
  const { settings, groupId, functionName } = mapping
  if (settings.tumblingMs > 0 && mapping.output !== undefined) {
    throw new Error(
      `Mapping ${mapping.id} has a tumbling window and an output, but a window's function returns its state.`,
    )
  }
  const source = await openSource(mapping, deps)
  const destination =
    mapping.onFailure === undefined
      ? undefined
      : await openBatchDestination(mapping.onFailure, kafka, producer, {
          warn: (details, message) => {
            report('PROBLEM: The on-failure destination cannot be reached')
            deps.log.warn({ ...details, mapping: mapping.id }, message)
          },
        })
  const output = mapping.output === undefined ? undefined : await openOutput(mapping.output, kafka, codec)
  await beginAt(mapping, source.topic, kafka)

  const caller = new Caller(mapping, deps, destination)
  const windows =
    settings.tumblingMs === 0
      ? undefined
      : new PartitionWindows({
          mappingId: mapping.id,
          settings,
          log: deps.log,
          catchUp: deps.catchUp,
          states: deps.windowStates,
          placeOf: (partition, offset) => source.placeOf(partition, offset),
          portOf: (place) => caller.windowPort(place),
        })

  const once =
    mapping.onceMs === undefined ? undefined : new Once({ kafka, windowMs: mapping.onceMs, log: deps.log })
  const handle = async (
    batch: RecordBatch,
    appender: Appender | undefined,
    signal: AbortSignal,
  ): Promise<void> => {
    const { partition, unreadable } = batch
    if (unreadable !== undefined) {
      const { firstOffset, reason } = unreadable
      await caller.loseBatch(firstOffset, batch, reason, source.placeOf(partition, firstOffset), signal)
    }
    await Promise.all([output?.prepare(), once?.prepare(batch, signal)])
    const out = outOf(output, appender)
    const leaveOut = (index: number): boolean => {
      const repeated = once?.seen(batch, index) ?? false
      if (repeated) repetitions.inc({ function: functionName })
      return repeated
    }
    for await (const stretch of source.stretches(batch, leaveOut, signal)) {
      if (stretch.filtered > 0) filtered.inc({ function: functionName }, stretch.filtered)
      for (const lost of stretch.lost) await caller.lose(lost, stretch.place, signal)
      if (windows !== undefined) await windows.handle(stretch, partition, signal)
      else if (stretch.records.length > 0) await caller.handle(stretch, out, signal)
      iteratorAges.set({ function: functionName }, (Date.now() - batch.timestamps[batch.length - 1]) / 1000)
    }
  }
  const process = async (
    batch: RecordBatch,
    appender: Appender | undefined,
    signal: AbortSignal,
  ): Promise<void> => {
    try {
      await handle(batch, appender, signal)
    } catch (error) {
      // The error may be temporary: the port delivers the batch again.
      if (!signal.aborted) report(`PROBLEM: ${(error as Error).message}`)
      throw error
    }
  }

  const options = {
    groupId,
    topics: [source.topic],
    startAt: 'earliest' as const,
    maxBatchRecords: Math.min(10_000, settings.batchSize * settings.parallelization),
    gather: settings.windowMs === 0 ? undefined : { ms: settings.windowMs, bytes: MAX_PAYLOAD_BYTES / 2 },
  }
  const subscription =
    output === undefined
      ? await kafka.consume(options, (batch, signal) => process(batch, undefined, signal))
      : await kafka.transform(options, () => ({
          process: (batch, appender, signal) => process(batch, appender, signal),
        }))
  windows?.watch(subscription)
  const unwatch = watchGroup(subscription, kafka)
  return {
    ready: () => subscription.ready(),
    stop: async (drainMs) => {
      windows?.stop()
      unwatch()
      await subscription.stop(drainMs)
    },
  }
}

/**
 * Commits the starting offsets of a group without offsets at once, so that records which arrive while nobody
 * reads are not skipped.
 */
async function beginAt({ groupId, start }: Mapping, topic: string, kafka: Kafka): Promise<void> {
  if (start === 'TRIM_HORIZON') return
  const known = await kafka.admin.lag(groupId)
  if (known.some((lag) => lag.topic === topic && lag.committed >= 0)) return
  // No record is older than the epoch. Kafka gives negative times special meanings.
  const time = start === 'LATEST' ? 'latest' : start.timestamp < 0 ? 'earliest' : start.timestamp
  const partitions = Array.from({ length: await kafka.partitions(topic) }, (_, partition) => partition)
  const offsets = await Promise.all(
    partitions.map(async (partition) => ({
      partition,
      offset: await kafka.offsetAt(topic, partition, time),
    })),
  )
  try {
    await kafka.admin.setOffsets(groupId, topic, offsets)
  } catch (error) {
    // Another replica has already set the offsets and joined.
    if (!(error instanceof KafkaError) || error.code !== 'invalid-group') throw error
  }
}
