/** The end of a flow that aggregates its values by windows of event time. */
import type { Aggregate, WindowDefinition, WindowOptions, WindowSpec } from '@weir/windows'
import type { Flow, PublishedFlow } from './flow.ts'

/** The names of the fields with a type. */
export type FieldOf<V, T> = { [K in keyof V & string]: V[K] extends T ? K : never }[keyof V & string]

export interface WindowSettings<V> extends WindowOptions {
  /** The field of a value with its event time, ms since the epoch. */
  readonly time: FieldOf<V, number>
  /** The topic of the open windows: compacted, with as many partitions as the flow's source. */
  readonly states: string
  /** The topic of requests to erase the windows of keys, with as many partitions as the flow's source. */
  readonly erasures: string
  /** The topic for the original records that come too late. If not given, they are counted and left out. */
  readonly late?: string
}

/** The windows of a flow, as the enricher runs them. */
export interface PublishedWindows {
  /** The field by which values belong together: the key of the flow's source. */
  readonly key: string
  readonly time: string
  readonly states: string
  readonly erasures: string
  readonly late: string | undefined
  readonly definition: WindowDefinition<any, any, any>
}

/** Values that belong together by a field. */
export class KeyedFlow<I, V, S> {
  readonly #flow: Flow<I, V, S>
  readonly #key: string

  constructor(flow: Flow<I, V, S>, key: string) {
    this.#flow = flow
    this.#key = key
  }

  window(window: WindowSpec, settings: WindowSettings<V>): WindowedFlow<I, V, S> {
    return new WindowedFlow(this.#flow, this.#key, window, settings)
  }
}

export class WindowedFlow<I, V, S> {
  readonly #flow: Flow<I, V, S>
  readonly #key: string
  readonly #window: WindowSpec
  readonly #settings: WindowSettings<V>

  constructor(flow: Flow<I, V, S>, key: string, window: WindowSpec, settings: WindowSettings<V>) {
    this.#flow = flow
    this.#key = key
    this.#window = window
    this.#settings = settings
  }

  aggregate<A, R>(aggregate: Aggregate<V, A, R>): AggregatedFlow<I, R, S> {
    const { time, states, erasures, late, ...options } = this.#settings
    const definition = { ...options, window: this.#window, aggregate }
    return new AggregatedFlow(this.#flow, { key: this.#key, time, states, erasures, late, definition })
  }
}

export class AggregatedFlow<I, R, S> {
  readonly #flow: Flow<I, any, S>
  readonly #windows: PublishedWindows

  constructor(flow: Flow<I, any, S>, windows: PublishedWindows) {
    this.#flow = flow
    this.#windows = windows
  }

  /** Ends a flow: the results of windows go to that topic, keyed as its contract says. */
  publish<T extends string>(topic: T): PublishedFlow<I, R, S> {
    const { run, output, steps } = this.#flow.publish(topic)
    return { run, output, steps: [...steps, `window by ${this.#windows.key}`], windows: this.#windows }
  }
}
