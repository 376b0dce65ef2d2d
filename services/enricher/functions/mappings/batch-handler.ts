/** Handles the batches that a mapping reads: filters their records and passes them to the function. */
import type { Account } from '@weir/aws'
import { type Appender, type Kafka, Once, type RecordBatch, type Task } from '@weir/kafka'
import type { Assignment } from '@weir/kafka/port.ts'
import { Counter, Gauge, type GroupStall, type Logger, metrics } from '@weir/service'
import type { BatchDestination } from './destinations.ts'
import { Discards } from './discards.ts'
import { Invoker, type InvokerDeps } from './invoker.ts'
import type { Mapping } from './mapping.ts'
import type { Output } from './output.ts'
import type { ShardSlice } from './slice.ts'
import { outputTransaction, SliceDelivery } from './slice-delivery.ts'
import type { SourceReader } from './sources/source.ts'
import type { WindowStates } from './windows/window-states.ts'
import { WindowTask } from './windows/window-task.ts'

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

export interface BatchHandlerDeps extends InvokerDeps {
  readonly kafka: Kafka
  readonly account: Account
  readonly log: Logger
  readonly windowStates: WindowStates
}

/** Handles a slice of a batch, before the next one comes. */
type TakeSlice = (slice: ShardSlice) => Promise<void>

/** The resources that a mapping has opened. */
export interface MappingEnds {
  readonly reader: SourceReader
  readonly output: Output | undefined
  readonly destination: BatchDestination | undefined
}

export class BatchHandler {
  readonly #mapping: Mapping
  readonly #deps: BatchHandlerDeps
  readonly #reader: SourceReader
  readonly #output: Output | undefined
  readonly #once: Once | undefined
  readonly #invoker: Invoker
  readonly #discards: Discards
  readonly #delivery: SliceDelivery

  constructor(mapping: Mapping, deps: BatchHandlerDeps, { reader, output, destination }: MappingEnds) {
    const { kafka, account, log } = deps
    const { settings, onceMs } = mapping
    this.#mapping = mapping
    this.#deps = deps
    this.#reader = reader
    this.#output = output
    this.#once = onceMs === undefined ? undefined : new Once({ kafka, windowMs: onceMs, log })
    this.#invoker = new Invoker(mapping, deps)
    this.#discards = new Discards(mapping, {
      invoker: this.#invoker,
      report: deps.report,
      destination,
      account,
      log,
    })
    this.#delivery = new SliceDelivery(settings, this.#invoker, this.#discards)
  }

  /** Rejects with an error that may be temporary: the port then delivers the batch again. */
  async handle(batch: RecordBatch, appender: Appender | undefined, signal: AbortSignal): Promise<void> {
    await this.#output?.prepare()
    const out = outputTransaction(this.#output, appender)
    await this.#each(
      batch,
      async (slice) => {
        if (slice.records.length > 0) await this.#delivery.deliver(slice, out, signal)
      },
      signal,
    )
  }

  /** Returns the partitions among these that wait for the on-failure destination. */
  stalled(assignments: readonly Assignment[]): GroupStall[] {
    return this.#discards.stalled(assignments)
  }

  /** Opens the task of a partition whose records are reduced in tumbling windows. */
  windowTask(partition: number): Task {
    return new WindowTask(partition, {
      mappingId: this.#mapping.id,
      settings: this.#mapping.settings,
      states: this.#deps.windowStates,
      invoker: this.#invoker,
      discards: this.#discards,
      each: (batch, take, signal) => this.#each(batch, take, signal),
      shardAt: (at, offset) => this.#reader.shardAt(at, offset),
      hasEnded: (shardId, offset) => this.#reader.hasEnded(shardId, offset),
      failed: (error) => this.#failed(error),
    })
  }

  async #each(batch: RecordBatch, take: TakeSlice, signal: AbortSignal): Promise<void> {
    try {
      await this.#slices(batch, take, signal)
    } catch (error) {
      if (!signal.aborted) this.#failed(error as Error)
      throw error
    }
  }

  #failed({ message }: Error): void {
    this.#deps.report(`PROBLEM: ${message}`)
  }

  async #slices(batch: RecordBatch, take: TakeSlice, signal: AbortSignal): Promise<void> {
    const { partition, unreadable } = batch
    if (unreadable !== undefined) {
      const { firstOffset, reason } = unreadable
      const shard = this.#reader.shardAt(partition, firstOffset)
      await this.#discards.loseBatch(firstOffset, batch, reason, shard, signal)
    }
    await this.#once?.prepare(batch, signal)
    const labels = { function: this.#mapping.functionName }
    const leaveOut = (index: number): boolean => {
      const repeated = this.#once?.seen(batch, index) ?? false
      if (repeated) repetitions.inc(labels)
      return repeated
    }
    for await (const slice of this.#reader.slices(batch, leaveOut, signal)) {
      if (slice.filtered > 0) filtered.inc(labels, slice.filtered)
      for (const lost of slice.lost) await this.#discards.lose(lost, slice.shard, signal)
      await take(slice)
      iteratorAges.set(labels, (Date.now() - batch.timestamps[batch.length - 1]) / 1000)
    }
  }
}
