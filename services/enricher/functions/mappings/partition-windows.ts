/** Holds the tumbling windows of a mapping for the partitions that this replica reads. */
import type { Subscription } from '@weir/kafka'
import type { Logger } from '@weir/service'
import type { DeliverySettings } from './settings.ts'
import type { Place, Stretch } from './stretch.ts'
import { type WindowPort, type WindowState, Windows } from './windows.ts'

export interface PartitionWindowsOptions {
  readonly mappingId: string
  readonly settings: DeliverySettings
  readonly log: Logger
  placeOf(partition: number, offset: number): Place | undefined
  /** Connects a shard's windows with the function and the destination. */
  portOf(place: Place): Omit<WindowPort, 'save'>
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
  readonly windows: Windows
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

  async handle({ place, records, next }: Stretch, partition: number, signal: AbortSignal): Promise<void> {
    let open = this.#open.get(partition)
    if (open === undefined || open.signal.aborted) {
      await this.#options.catchUp()
      open = this.#begin(partition, place, signal)
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

  #begin(partition: number, place: Place, signal: AbortSignal): Open {
    const { settings, states, portOf } = this.#options
    const id = this.#idOf(partition)
    const port = { ...portOf(place), save: (state: WindowState | undefined) => states.set(id, state) }
    const open = {
      windows: new Windows(settings, place, port, states.get(id)),
      signal,
      busy: Promise.resolve(),
    }
    this.#open.set(partition, open)
    return open
  }

  /** Closes windows whose end has passed, including those of a replica that died. */
  async #closeOverdue(subscription: Subscription): Promise<void> {
    const { settings, states, catchUp, placeOf } = this.#options
    const overdue = (end: number | undefined): boolean => (end ?? Infinity) < Date.now() - GRACE_MS
    const assigned = new Set(subscription.assignments().map(({ partition }) => partition))
    for (const partition of assigned) {
      const saved = states.get(this.#idOf(partition))
      if (this.#open.has(partition) || saved === undefined || !overdue(saved.start + settings.tumblingMs))
        continue
      await catchUp()
      const place = placeOf(partition, saved.offset)
      if (place !== undefined && !this.#open.has(partition))
        this.#begin(partition, place, this.#stopping.signal)
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
