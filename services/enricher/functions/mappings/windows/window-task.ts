/**
 * The tumbling windows of a partition while it belongs to this member. The open window is stored in the
 * transaction that moves the partition's offset.
 */
import type { Appender, Position, RecordBatch, Task } from '@weir/kafka'
import { clock } from '../delivery.ts'
import type { Discards } from '../discards.ts'
import type { Invoker } from '../invoker.ts'
import type { DeliverySettings } from '../settings.ts'
import type { ShardSlice, SourceShard } from '../slice.ts'
import { returnedState, TumblingWindows, type WindowPort, type WindowState } from './tumbling-windows.ts'
import type { WindowStates } from './window-states.ts'

export interface WindowTaskOptions {
  readonly mappingId: string
  readonly settings: DeliverySettings
  readonly states: Pick<WindowStates, 'read' | 'append'>
  readonly invoker: Pick<Invoker, 'invokes'>
  readonly discards: Pick<Discards, 'of' | 'abandonWindow'>
  /** Passes the slices of a batch to `take`, one after the other. */
  each(batch: RecordBatch, take: (slice: ShardSlice) => Promise<void>, signal: AbortSignal): Promise<void>
  shardAt(partition: number, offset: number): SourceShard | undefined
  hasEnded(shardId: string, offset: number): boolean
  /** Called with the error of a window that could not be closed; it is closed later. */
  failed(error: Error): void
}

/**
 * If no record comes to end a window, it is closed by the clock, this long after its end and after the last
 * batch: records that arrived in time may still be read (ms).
 */
const GRACE_MS = 1000

interface ShardWindows {
  readonly shardId: string
  readonly windows: TumblingWindows
}

export class WindowTask implements Task {
  readonly #options: WindowTaskOptions
  readonly #partition: number
  #open: ShardWindows | undefined
  /** The offset up to which the partition was read. */
  #position = 0
  /** The window that was open when the partition began, until its shard is known here. */
  #begun: WindowState | undefined
  /** The window as it is stored. */
  #stored: WindowState | undefined
  /** When the last batch was handled, and when its last record had arrived, ms since the epoch. */
  #handledAt = 0
  #arrivedAt = 0

  constructor(partition: number, options: WindowTaskOptions) {
    this.#partition = partition
    this.#options = options
  }

  async begin([{ offset }]: readonly Position[], signal: AbortSignal): Promise<void> {
    const { states, mappingId } = this.#options
    this.#open = undefined
    this.#position = offset
    this.#stored = await states.read(mappingId, this.#partition, signal)
    // Its records are read once more if the offsets were reset or the topic was recreated.
    const isAhead = this.#stored !== undefined && this.#stored.offset > offset
    this.#begun = isAhead ? undefined : this.#stored
    this.#handledAt = Date.now()
    this.#arrivedAt = 0
  }

  async process(batch: RecordBatch, out: Appender, signal: AbortSignal): Promise<void> {
    await this.#options.each(batch, (slice) => this.#take(slice, signal), signal)
    this.#position = batch.nextOffset
    if (this.#shardHasEnded) await this.#open?.windows.close(signal)
    this.#handledAt = Date.now()
    if (batch.length > 0) this.#arrivedAt = batch.timestamps[batch.length - 1]
    this.#store(out)
  }

  async tick(now: number, out: Appender, signal: AbortSignal): Promise<void> {
    this.#resume()
    const windows = this.#open?.windows
    if (windows?.end === undefined) return
    if (windows.end > this.#watermark(now) && !this.#shardHasEnded) return
    try {
      await windows.close(signal)
    } catch (error) {
      if (!signal.aborted) this.#options.failed(error as Error)
      throw error
    }
    this.#store(out)
  }

  /** All records that arrived before this time have been handled. */
  #watermark(now: number): number {
    return now - this.#handledAt > GRACE_MS ? now - GRACE_MS : this.#arrivedAt
  }

  get #shardHasEnded(): boolean {
    return this.#open !== undefined && this.#options.hasEnded(this.#open.shardId, this.#position)
  }

  /** As at AWS, the window of a shard that has ended is closed, and the next shard begins with none. */
  async #take({ shard, records }: ShardSlice, signal: AbortSignal): Promise<void> {
    this.#resume(shard)
    if (this.#open?.shardId !== shard.shardId) {
      await this.#open?.windows.close(signal)
      this.#open = this.#windowsOf(shard, undefined)
    }
    await this.#open.windows.take(records, signal)
  }

  /** Goes on with the window that was open when the partition began. @param next the shard that is read */
  #resume(next?: SourceShard): void {
    if (this.#begun === undefined) return
    const shard = this.#options.shardAt(this.#partition, this.#begun.offset - 1) ?? next
    if (shard === undefined) return
    this.#open = this.#windowsOf(shard, this.#begun)
    this.#begun = undefined
  }

  #store(out: Appender): void {
    const state = this.#begun ?? this.#open?.windows.current
    if (state === this.#stored) return
    const { states, mappingId } = this.#options
    states.append(out, mappingId, this.#partition, state)
    this.#stored = state
  }

  #windowsOf(shard: SourceShard, begun: WindowState | undefined): ShardWindows {
    const windows = new TumblingWindows(this.#options.settings, shard, this.#portOf(shard), begun)
    return { shardId: shard.shardId, windows }
  }

  /** Connects a shard's windows with the function and the destination. */
  #portOf(shard: SourceShard): WindowPort {
    const { invoker, discards } = this.#options
    return {
      ...clock,
      reducing: (window) =>
        invoker.invokes({ event: (records) => shard.event(records, window()), read: returnedState }),
      closing: (window) =>
        invoker.invokes({
          event: (records) => shard.event(records, window),
          read: () => undefined,
          withoutRecords: true,
        }),
      abandon: (offset, why, signal) => discards.abandonWindow(shard, offset, why, signal),
      discard: discards.of(shard),
    }
  }
}
