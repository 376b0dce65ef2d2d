/** Handles the batches that a mapping reads: filters their records and passes them to the function. */
import type { Account } from '@weir/aws'
import { type Appender, type Kafka, Once, type RecordBatch } from '@weir/kafka'
import { Counter, Gauge, type Logger, metrics } from '@weir/service'
import type { BatchDestination } from './destinations.ts'
import { Discards } from './discards.ts'
import { Invoker, type InvokerDeps } from './invoker.ts'
import type { Mapping } from './mapping.ts'
import type { Output } from './output.ts'
import { outputTransaction, SliceDelivery } from './slice-delivery.ts'
import type { SourceReader } from './sources/source.ts'
import { PartitionWindows, type PartitionWindowsOptions } from './windows/partition-windows.ts'

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
  /** Resolves when this replica knows the window states that others wrote before the call. */
  catchUp(): Promise<void>
  /** The states of tumbling windows, by mapping and partition. */
  readonly windowStates: PartitionWindowsOptions['states']
}

/** What a mapping has opened. */
export interface MappingEnds {
  readonly reader: SourceReader
  readonly output: Output | undefined
  readonly destination: BatchDestination | undefined
}

export class BatchHandler {
  /** Undefined if the mapping has no tumbling windows. */
  readonly windows: PartitionWindows | undefined
  readonly #functionName: string
  readonly #reader: SourceReader
  readonly #output: Output | undefined
  readonly #once: Once | undefined
  readonly #discards: Discards
  readonly #delivery: SliceDelivery
  readonly #report: (result: string) => void

  constructor(mapping: Mapping, deps: BatchHandlerDeps, { reader, output, destination }: MappingEnds) {
    const { kafka, account, log, catchUp, windowStates: states } = deps
    const { id: mappingId, settings, onceMs } = mapping
    const invoker = new Invoker(mapping, deps)
    const discards = new Discards(mapping, { invoker, destination, account, log })
    this.#functionName = mapping.functionName
    this.#reader = reader
    this.#output = output
    this.#once = onceMs === undefined ? undefined : new Once({ kafka, windowMs: onceMs, log })
    this.#discards = discards
    this.#delivery = new SliceDelivery(settings, invoker, discards)
    this.#report = deps.report
    const shardAt = reader.shardAt.bind(reader)
    this.windows =
      settings.tumblingMs === 0
        ? undefined
        : new PartitionWindows({ mappingId, settings, log, catchUp, states, invoker, discards, shardAt })
  }

  /** Rejects with an error that may be temporary: the port then delivers the batch again. */
  async handle(batch: RecordBatch, appender: Appender | undefined, signal: AbortSignal): Promise<void> {
    try {
      await this.#handle(batch, appender, signal)
    } catch (error) {
      if (!signal.aborted) this.#report(`PROBLEM: ${(error as Error).message}`)
      throw error
    }
  }

  async #handle(batch: RecordBatch, appender: Appender | undefined, signal: AbortSignal): Promise<void> {
    const { partition, unreadable } = batch
    if (unreadable !== undefined) {
      const { firstOffset, reason } = unreadable
      const shard = this.#reader.shardAt(partition, firstOffset)
      await this.#discards.loseBatch(firstOffset, batch, reason, shard, signal)
    }
    await Promise.all([this.#output?.prepare(), this.#once?.prepare(batch, signal)])
    const out = outputTransaction(this.#output, appender)
    const labels = { function: this.#functionName }
    const leaveOut = (index: number): boolean => {
      const repeated = this.#once?.seen(batch, index) ?? false
      if (repeated) repetitions.inc(labels)
      return repeated
    }
    for await (const slice of this.#reader.slices(batch, leaveOut, signal)) {
      if (slice.filtered > 0) filtered.inc(labels, slice.filtered)
      for (const lost of slice.lost) await this.#discards.lose(lost, slice.shard, signal)
      if (this.windows !== undefined) await this.windows.handle(slice, partition, signal)
      else if (slice.records.length > 0) await this.#delivery.deliver(slice, out, signal)
      iteratorAges.set(labels, (Date.now() - batch.timestamps[batch.length - 1]) / 1000)
    }
  }
}
