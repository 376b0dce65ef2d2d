/**
 * A sink: topic → destination. Kafka makes it at-least-once, and the records' ids make it effectively once.
 */
import type { Codec } from '@weir/codec'
import type { DeadLetterTopic, TopicName } from '@weir/contracts'
import type { Appender, Kafka, Producer, RecordBatch } from '@weir/kafka'
import { Counter, Gauge, type Logger, metrics, type Resource } from '@weir/service'
import { openConsumerStage, type RunningStage } from '@weir/topics'
import type { Settlement } from './settlement.ts'

const LOOK_MS = 1000
/** The time reserved for leaving the group once the batches have ended. */
const LEAVE_MS = 1500

const sinkMetrics = {
  documents: new Counter({
    name: 'weir_sink_documents_total',
    help: 'Records by outcome: created, duplicate (already there), dead.',
    labelNames: ['sink', 'fate'],
    registers: [metrics],
  }),
  paused: new Gauge({
    name: 'weir_sink_paused',
    help: '1 while the sink does not read: its engine or an index rejects documents, or too many records are dead.',
    labelNames: ['sink'],
    registers: [metrics],
  }),
}

/** The way of one sink's records to their destination. */
export interface SinkWriter {
  /** The most records of a batch. A partition has few batches in memory, so this bounds its records there. */
  readonly maxBatchRecords: number
  /**
   * Delivers the batch. Resolves when the destination has every record or has refused it for good; rejects if
   * the batch is to be delivered again, and when the signal aborts.
   */
  write(batch: RecordBatch, signal: AbortSignal): Promise<Pick<Settlement, 'created' | 'duplicates' | 'dead'>>
  /** True while the destination takes requests, otherwise the reason why not. */
  readonly ready: true | string
  /** The reason why records wait although the destination takes requests; undefined if none do. */
  readonly held: string | undefined
}

export interface SinkOptions {
  /** SERVICE.NAME: the name of the sink's consumer group and stage. */
  readonly name: string
  readonly source: TopicName
  readonly deadLetter: DeadLetterTopic
  readonly writer: SinkWriter
}

export interface SinkDeps {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly producer: Producer
  readonly log: Logger
  /** How long the sink pauses after too many dead letters (default one minute). */
  readonly pauseMs?: number
}

export async function openSink(
  { name, source, deadLetter, writer }: SinkOptions,
  { kafka, codec, producer, log, pauseMs }: SinkDeps,
): Promise<Resource<RunningStage>> {
  const stage = await openConsumerStage({ name, kind: 'sink', deadLetter, kafka, codec, log, pauseMs })
  const fates = {
    created: sinkMetrics.documents.labels(name, 'created'),
    duplicate: sinkMetrics.documents.labels(name, 'duplicate'),
    dead: sinkMetrics.documents.labels(name, 'dead'),
  }

  async function handle(batch: RecordBatch, signal: AbortSignal): Promise<void> {
    if (batch.unreadable !== undefined) {
      await store((out) => fates.dead.inc(stage.buryUnreadable(out, batch)))
    }
    if (batch.length === 0) return
    await stage.resumed(signal)
    const { created, duplicates, dead } = await writer.write(batch, signal)
    if (dead.length > 0) {
      const inOrder = dead.sort((a, b) => a.record - b.record)
      await store((out) =>
        inOrder.forEach(({ record, step, cause }) => stage.bury(out, batch, record, step, cause)),
      )
    }
    fates.created.inc(created)
    fates.duplicate.inc(duplicates)
    fates.dead.inc(dead.length)
    stage.account(batch, dead.length)
  }

  /**
   * If a dead letter cannot be stored, the batch is rejected: it is delivered again, and the records already
   * at the destination become duplicates.
   */
  async function store(append: (out: Appender) => void): Promise<void> {
    const delivery = producer.delivery()
    append(delivery)
    const [failure] = await delivery.settled()
    if (failure) throw failure.error
  }

  /** The reason why the sink reads no further although the destination takes requests. */
  const trouble = (): string | undefined => stage.trouble ?? writer.held

  sinkMetrics.paused.set({ sink: name }, 0)
  const { maxBatchRecords } = writer
  const member = stage.watch(
    await kafka.consume({ groupId: name, topics: [source], startAt: 'earliest', maxBatchRecords }, handle),
  )
  const looking = setInterval(
    () => sinkMetrics.paused.set({ sink: name }, writer.ready === true && trouble() === undefined ? 0 : 1),
    LOOK_MS,
  )
  return {
    value: { ready: () => trouble() ?? member.value.ready() },
    stop(drainMs) {
      clearInterval(looking)
      // Without the destination no batch will end, so the batches are left to the next consumer of their
      // partitions.
      return member.stop(writer.ready === true ? Math.max(0, drainMs - LEAVE_MS) : 0)
    },
  }
}
