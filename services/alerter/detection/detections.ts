/** Runs the detections of solutions, each as its own consumer group. */
import type { Codec } from '@weir/codec'
import type { Kafka } from '@weir/kafka'
import type { Logger, Readiness, Resource } from '@weir/service'
import { type DetectionDefinition, REFERENCE_TOPIC, ReferenceTables, solutions } from '@weir/solutions'
import { keyedTask, openStateStore, type StateConfig } from '@weir/state'
import { materialise } from '@weir/tables'
import { openConsumerStage, type RunningStage } from '@weir/topics'
import { DetectionTask } from './detection-task.ts'
import { Plans } from './plans.ts'

export interface DetectionsOptions {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly config: StateConfig
  /** Devices of one partition that may have states; MAX_DEVICES if not given. */
  readonly maxDevices?: number
  readonly log: Logger
}

export interface Detections {
  /** Detections by name: true while the detection is in its group and not paused, otherwise the reason. */
  readonly ready: Readiness
}

/** Devices of one partition. A client that invents more is refused, and the others are not affected. */
export const MAX_DEVICES = 100_000
/** Each may be of another device, whose detectors take some KB as objects until the batch is done. */
const MAX_BATCH_RECORDS = 1000

export async function openDetections(
  definitions: readonly DetectionDefinition[],
  options: DetectionsOptions,
): Promise<Resource<Detections>> {
  const { kafka, codec, log } = options
  const tables = new ReferenceTables(solutions)
  const reference = materialise(
    { kafka, codec, log, reader: 'detections', topic: REFERENCE_TOPIC },
    { accept: (record) => void tables.accept(record), clear: () => tables.clear() },
  )
  await reference.catchUp()
  reference.start()
  const running = await Promise.all(
    definitions.map(async (one) => [one.name, await runDetection(one, tables, options)] as const),
  )
  return {
    value: {
      ready: {
        'reference tables': () => reference.ready,
        ...Object.fromEntries(running.map(([name, { value }]) => [`detection ${name}`, value.ready])),
      },
    },
    stop: async (drainMs) => {
      await Promise.all([...running.map(([, one]) => one.stop(drainMs)), reference.stop()])
    },
  }
}

async function runDetection(
  definition: DetectionDefinition,
  tables: ReferenceTables,
  { kafka, codec, config, maxDevices = MAX_DEVICES, log }: DetectionsOptions,
): Promise<{ value: RunningStage; stop(drainMs: number): Promise<void> }> {
  const { name, source, output, deadLetter, states, erasures, table } = definition
  const plans = new Plans(definition, tables.table(table), log)
  const [reader, writer, partitions, store, stage] = await Promise.all([
    codec.reader(source),
    codec.writer(output),
    kafka.partitions(output),
    openStateStore({
      kafka,
      codec,
      config,
      topic: states,
      timers: ({ dueAt }) => ({ event: Infinity, clock: dueAt }),
      maxKeys: maxDevices,
      log,
    }),
    openConsumerStage({ name: `alerter.${name}`, kind: 'stage', deadLetter, kafka, codec, log }),
  ])
  const subscription = await kafka.transform(
    {
      groupId: `alerter.${name}`,
      topics: [source, erasures],
      startAt: 'earliest',
      maxBatchRecords: MAX_BATCH_RECORDS,
    },
    (partition) =>
      keyedTask(
        store.value(partition),
        new DetectionTask({ definition, reader, writer, partitions, plans, stage, log }),
        erasures,
      ),
  )
  const watched = stage.watch(subscription)
  return {
    value: watched.value,
    stop: async (drainMs) => {
      await watched.stop(drainMs)
      await store.stop(drainMs)
    },
  }
}
