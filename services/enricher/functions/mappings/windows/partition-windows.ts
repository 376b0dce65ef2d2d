/** Holds the tumbling windows of a mapping for the partitions that this replica reads. */
import type { Subscription } from '@weir/kafka'
import type { Logger } from '@weir/service'
import { clock } from '../delivery.ts'
import type { Discards } from '../discards.ts'
import type { Invoker } from '../invoker.ts'
import type { DeliverySettings } from '../settings.ts'
import type { ShardSlice, SourceShard } from '../slice.ts'
import { returnedState, TumblingWindows, type WindowPort, type WindowState } from './tumbling-windows.ts'

export interface PartitionWindowsOptions {
  readonly mappingId: string
  readonly settings: DeliverySettings
  readonly log: Logger
  readonly invoker: Invoker
  readonly discards: Discards
  shardAt(partition: number, offset: number): SourceShard | undefined
  /** Resolves when this replica knows the window states that others wrote before the call. */
  catchUp(): Promise<void>
  /** Saved states, by mapping and partition. */
  readonly states: {
    get(id: string): WindowState | undefined
    set(id: string, state: WindowState | undefined): Promise<void>
  }
}

const LOOK_MS = 250
/**
 * How long after its end a window is closed by the clock: a record that arrived in time may still be read.
 */
const GRACE_MS = 1000

interface Open {
  readonly windows: TumblingWindows
  signal: AbortSignal
  /** Resolves when the newest task is done; tasks run one after another. */
  busy: Promise<unknown>
}

export class PartitionWindows {
  readonly #options: PartitionWindowsOptions
  readonly #open = new Map<number, Open>()
  readonly #stopping = new AbortController()
  #closing: NodeJS.Timeout | undefined

  constructor(options: PartitionWindowsOptions) {
    this.#options = options
  }

  /** From now on, closes windows by the clock if no record ends them. */
  watch(subscription: Subscription): void {
    const { log, mappingId } = this.#options
    this.#closing = setInterval(() => {
      this.#closeOverdue(subscription).catch((error: Error) => {
        log.warn({ err: error, mapping: mappingId }, 'windows could not be closed')
      })
    }, LOOK_MS)
  }

  stop(): void {
    clearInterval(this.#closing)
    this.#stopping.abort()
  }

  async handle({ shard, records, next }: ShardSlice, partition: number, signal: AbortSignal): Promise<void> {
    let open = this.#open.get(partition)
    if (open === undefined || open.signal.aborted) {
      await this.#options.catchUp()
      open = this.#begin(partition, shard, signal)
    }
    open.signal = signal
    const { windows } = open
    try {
      await (open.busy = open.busy.then(() => windows.take(records, next, signal)))
    } catch (error) {
      // The windows restart from the saved state.
      if (this.#open.get(partition) === open) this.#open.delete(partition)
      throw error
    }
  }

  #idOf(partition: number): string {
    return `${this.#options.mappingId}/${partition}`
  }

  #begin(partition: number, shard: SourceShard, signal: AbortSignal): Open {
    const { settings, states } = this.#options
    const id = this.#idOf(partition)
    const port = this.#portOf(shard, id)
    const open = {
      windows: new TumblingWindows(settings, shard, port, states.get(id)),
      signal,
      busy: Promise.resolve(),
    }
    this.#open.set(partition, open)
    return open
  }

  /** Connects a shard's windows with the function, the destination and the saved state. */
  #portOf(shard: SourceShard, id: string): WindowPort {
    const { invoker, discards, states } = this.#options
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
      save: (state) => states.set(id, state),
    }
  }

  /** Closes windows whose end has passed, including those of a replica that died. */
  async #closeOverdue(subscription: Subscription): Promise<void> {
    const { settings, states, catchUp, shardAt } = this.#options
    const overdue = (end: number | undefined): boolean => (end ?? Infinity) < Date.now() - GRACE_MS
    const assigned = new Set(subscription.assignments().map(({ partition }) => partition))
    for (const partition of assigned) {
      const saved = states.get(this.#idOf(partition))
      if (this.#open.has(partition) || saved === undefined || !overdue(saved.start + settings.tumblingMs))
        continue
      await catchUp()
      const shard = shardAt(partition, saved.offset)
      if (shard !== undefined && !this.#open.has(partition))
        this.#begin(partition, shard, this.#stopping.signal)
    }
    for (const [partition, open] of this.#open) {
      if (open.signal.aborted || !assigned.has(partition)) this.#open.delete(partition)
      else if (overdue(open.windows.end)) {
        open.busy = open.busy
          .then(() => (overdue(open.windows.end) ? open.windows.close(open.signal) : undefined))
          .catch(() => {})
      }
    }
  }
}
