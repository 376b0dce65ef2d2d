/**
 * Tumbling windows: the records of a shard that arrived in the same period are reduced to one state
 * by successive invocations, and a last one, without records, closes the window (Lambda developer guide,
 * "Stateful processing").
 */
import { batchesOf } from '../batches.ts'
import { type Cause, type DeliveryPort, deliver, type EventRecord } from '../delivery.ts'
import type { DeliverySettings } from '../settings.ts'
import type { SourceShard } from '../slice.ts'

/** The most bytes of one shard's state, as JSON (developer guide: 1 MB). */
export const MAX_STATE_BYTES = 1 << 20

/** The state of a shard's window between invocations. */
export interface WindowState {
  /** Ms since the epoch, a multiple of the window's length. */
  readonly start: number
  readonly state: unknown
  /** The offset after the last record that is in the state. */
  readonly offset: number
}

/** The state that a function returned. */
export interface ReturnedState {
  readonly state: unknown
  /** Size as JSON. */
  readonly bytes: number
}

/**
 * Returns the state from a response. Throws a one-sentence error if it has none, or one that cannot be
 * written.
 */
export function returnedState(response: unknown): ReturnedState {
  const state =
    typeof response === 'object' && response !== null ? (response as { state?: unknown }).state : undefined
  if (state === undefined) throw new Error('The function of a tumbling window must return its state.')
  return { state, bytes: Buffer.byteLength(JSON.stringify(state)) }
}

export interface WindowPort extends Pick<DeliveryPort, 'discard' | 'now' | 'pause'> {
  /**
   * Returns the function that invokes with records.
   * @param window makes the event's members besides its records, JSON that begins with a comma
   */
  reducing(window: () => string): DeliveryPort<ReturnedState>['invoke']
  /** Returns the function that invokes for the last time in a window, without records. */
  closing(window: string): DeliveryPort<undefined>['invoke']
  /**
   * Gives up the last invocation of a window. Resolves when the destination has accepted that.
   * @param offset the one after the window's records
   */
  abandon(offset: number, why: Cause, signal: AbortSignal): Promise<void>
}

type WindowShard = Pick<SourceShard, 'shardId' | 'eventSourceArn'>

/** The windows of one shard. Calls must not overlap. */
export class TumblingWindows {
  readonly #settings: DeliverySettings
  readonly #port: WindowPort
  readonly #shard: WindowShard
  #current: WindowState | undefined

  constructor(
    settings: DeliverySettings,
    shard: WindowShard,
    port: WindowPort,
    begun: WindowState | undefined,
  ) {
    this.#settings = settings
    this.#shard = shard
    this.#port = port
    this.#current = begun
  }

  /** The open window; undefined if none is open. */
  get current(): WindowState | undefined {
    return this.#current
  }

  /** When the open window ends, ms since the epoch; undefined if none is open. */
  get end(): number | undefined {
    return this.#current === undefined ? undefined : this.#current.start + this.#settings.tumblingMs
  }

  /** Takes the next records of the shard. */
  async take(
    records: readonly (EventRecord & { readonly offset: number })[],
    signal: AbortSignal,
  ): Promise<void> {
    const { batchSize, tumblingMs } = this.#settings
    const startOf = ({ timestamp }: EventRecord): number => Math.floor(timestamp / tumblingMs) * tumblingMs
    for (let from = 0; from < records.length; ) {
      const start = startOf(records[from])
      let to = from
      while (to < records.length && startOf(records[to]) === start) to++
      // Arrival times of one partition go back only because of the clocks of successive leaders. In that
      // case, the open window takes the record.
      if (this.#current !== undefined && this.#current.start < start) await this.close(signal)
      for (const batch of batchesOf(records.slice(from, to), batchSize)) {
        await this.#reduce(batch, this.#current?.start ?? start, batch.at(-1)!.offset + 1, signal)
      }
      from = to
    }
  }

  /** Makes the last invocation of the open window, if there is one. */
  async close(signal: AbortSignal, early = false): Promise<void> {
    if (this.#current === undefined) return
    const window = this.#event(this.#current, true, early)
    const { offset } = this.#current
    await deliver(
      NOTHING,
      { ...this.#settings, reportItemFailures: false, bisect: false },
      {
        invoke: this.#port.closing(window),
        discard: (_records, why, s) => this.#port.abandon(offset, why, s),
        now: this.#port.now,
        pause: this.#port.pause,
      },
      signal,
    )
    this.#current = undefined
  }

  async #reduce(
    records: readonly EventRecord[],
    start: number,
    next: number,
    signal: AbortSignal,
  ): Promise<void> {
    let current: WindowState = this.#current ?? { start, state: {}, offset: 0 }
    let bytes = 0
    await deliver<ReturnedState>(
      records,
      this.#settings,
      {
        invoke: this.#port.reducing(() => this.#event(current, false, false)),
        succeeded: (_some, returned) => {
          current = { ...current, state: returned.state }
          bytes = returned.bytes
        },
        discard: this.#port.discard,
        now: this.#port.now,
        pause: this.#port.pause,
      },
      signal,
    )
    this.#current = { ...current, offset: next }
    if (bytes > MAX_STATE_BYTES) await this.close(signal, true)
  }

  #event({ start, state }: WindowState, final: boolean, early: boolean): string {
    const { tumblingMs } = this.#settings
    const { shardId, eventSourceArn: eventSourceARN } = this.#shard
    const time = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z')
    return `,${JSON.stringify({
      window: { start: time(start), end: time(start + tumblingMs) },
      state,
      shardId,
      eventSourceARN,
      isFinalInvokeForWindow: final,
      isWindowTerminatedEarly: early,
    }).slice(1, -1)}`
  }
}

/** The one element of a batch that closes a window: such an invocation has no records. */
const NOTHING: readonly EventRecord[] = [{ identifier: '', timestamp: Infinity, json: '' }]
