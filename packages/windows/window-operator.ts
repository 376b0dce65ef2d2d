/**
 * Aggregates the records of each key by windows of event time. What it emits follows from the records in the order of
 * their partition alone: neither batches nor crashes nor the clock change the last result of a window.
 */
import type { Keyed, KeyedState } from '@weir/state'
import {
  NEVER_MS,
  type SessionWindows,
  type SlidingWindows,
  startsOf,
  type TimeWindows,
  type WindowSpec,
} from './specs.ts'
import { keptMs, type OpenWindow, timersOf, type WindowState } from './window-state.ts'

/** Makes one value of many. `A` is kept in the state, so its fields are those of the state's contract. */
export interface Aggregate<V, A, R> {
  init(): A
  /** May change `acc` in place. It must not throw: the steps before have checked the value. */
  add(acc: A, value: V): A
  result(acc: A, window: WindowOf): R
  /** Needed for sessions, which may grow together, and for sliding windows. It may change `one` in place. */
  merge?(one: A, other: A): A
}

/** The window of a result. */
export interface WindowOf {
  readonly key: string
  readonly startMs: number
  readonly endMs: number
  /** 1, and more if records came late: the result with the highest one counts. */
  readonly revision: number
}

export interface WindowOptions {
  /** A record whose time is further than this before the latest of its partition is late. */
  readonly disorderMs: number
  /** For how long after its end a window takes records, each of which has a new result. 0 for sessions. */
  readonly latenessMs?: number
  /** A record whose time is further than this after its arrival is not taken. */
  readonly maxAheadMs?: number
  /**
   * If no record comes for so long, windows have results as if time went on with the clock. Their last results are the
   * same with and without it. Not for sessions.
   */
  readonly idleMs?: number
}

export interface WindowDefinition<V, A, R> extends WindowOptions {
  readonly window: WindowSpec
  readonly aggregate: Aggregate<V, A, R>
}

/** taken: in at least one window. late: all its windows have passed. ahead: its time is too far in the future. */
export type Placed = 'taken' | 'late' | 'ahead'

export const DEFAULT_MAX_AHEAD_MS = 5 * 60_000
/** The open windows of a key. */
const MAX_WINDOWS = 1000
const PARTITION_KEY = Buffer.alloc(0)
/** Due keys of a turn: what they make must fit into one transaction. Others wait for the next turn. */
export const MAX_DUE = 5000

/** A record's time is not a whole number of milliseconds. */
export class NoTime extends Error {
  override readonly name = 'NoTime'
  readonly code = 'no-time'
}

/** A record does not have a key, or an empty one. */
export class NoKey extends Error {
  override readonly name = 'NoKey'
  readonly code = 'no-key'
}

/** Throws NoTime or NoKey: the empty key is the partition's own. */
export function checkRecord(start: number, end: number, timeMs: number): void {
  if (!Number.isSafeInteger(timeMs)) throw new NoTime(`${timeMs} is not a time in whole milliseconds.`)
  if (start < 0 || end <= start) throw new NoKey('The record does not have a key, or an empty one.')
}

/** A record would open more windows of its key than there may be. */
export class TooManyWindows extends Error {
  override readonly name = 'TooManyWindows'
  readonly code = 'too-many-windows'
}

type States<A> = Pick<KeyedState<WindowState<A>>, 'at' | 'put' | 'take'> & {
  due(...of: Parameters<KeyedState<WindowState<A>>['due']>): Iterable<Keyed<WindowState<A>>>
}

export class WindowOperator<V, A, R> {
  readonly #definition: WindowDefinition<V, A, R>
  readonly #latenessMs: number
  readonly #keptMs: number
  readonly #maxAheadMs: number
  readonly #states: States<A>
  readonly #emit: (result: R, key: Buffer, of: WindowOf) => void
  #watermarkMs = -Infinity
  #isMoved = false
  /** Due keys that this turn may still take. */
  #room = MAX_DUE
  /** Whether keys may be due that no turn has taken. */
  #isBehind = true
  /** When the last record came, by this process's clock. */
  #cameAt = Infinity
  /** Windows that end up to then have had results by the clock. */
  #earlyMs = -Infinity

  /** @param emit takes the results of windows, in the order of their times */
  constructor(
    definition: WindowDefinition<V, A, R>,
    states: States<A>,
    emit: (result: R, key: Buffer, of: WindowOf) => void,
  ) {
    const { latenessMs = 0, maxAheadMs = DEFAULT_MAX_AHEAD_MS } = definition
    if (definition.window.kind === 'session') checkSessions(definition)
    if (definition.window.kind === 'running') checkRunning(definition)
    if (definition.window.kind === 'sliding' && definition.aggregate.merge === undefined)
      throw new RangeError('The aggregate of sliding windows must have merge().')
    this.#definition = definition
    this.#latenessMs = latenessMs
    this.#keptMs = keptMs(definition)
    this.#maxAheadMs = maxAheadMs
    this.#states = states
    this.#emit = emit
  }

  /** No record before this time is expected: the latest time of the partition, less the disorder. */
  get watermarkMs(): number {
    return this.#watermarkMs
  }

  /** Reads the time of the partition from its state. */
  begin(now: number): void {
    this.#watermarkMs = this.#states.at(PARTITION_KEY).value?.watermarkMs ?? -Infinity
    this.#isMoved = false
    this.#isBehind = true
    this.#room = MAX_DUE
    this.#cameAt = now
    this.#earlyMs = -Infinity
  }

  /**
   * Takes the next record of the partition.
   * @param arrivalMs when the broker stored it
   * @throws NoTime, NoKey, TooManyWindows, and what the states and the aggregate throw; nothing has changed then
   */
  add(key: Buffer, start: number, end: number, value: V, timeMs: number, arrivalMs: number): Placed {
    checkRecord(start, end, timeMs)
    if (timeMs > arrivalMs + this.#maxAheadMs) return 'ahead'
    const { window } = this.#definition
    const keyed = this.#states.at(key, start, end)
    if (this.#isBehind) this.#passAll(keyed)
    const isTaken = this.#addTo(window, keyed, value, timeMs)
    this.#advance(timeMs - this.#definition.disorderMs)
    return isTaken ? 'taken' : 'late'
  }

  /** Ends a batch: the time of the partition is a part of its states. */
  finish(now: number): void {
    this.#cameAt = now
    this.#earlyMs = -Infinity
    this.#room = MAX_DUE
    if (!this.#isMoved) return
    this.#isMoved = false
    const keyed = this.#states.at(PARTITION_KEY)
    keyed.value = { windows: [], watermarkMs: this.#watermarkMs }
    this.#states.put(keyed)
  }

  /** Emits what earlier turns have left, and what is due by the clock if no records come. */
  tick(now: number): void {
    this.#room = MAX_DUE
    if (this.#isBehind) this.#takeDue()
    const { idleMs } = this.#definition
    if (idleMs === undefined || now - this.#cameAt < idleMs || this.#watermarkMs === -Infinity) return
    const until = this.#watermarkMs + (now - this.#cameAt)
    for (const keyed of this.#states.due('event', until, this.#earlyMs)) {
      const early = keyed.value!.windows.filter(({ revision, endMs }) => revision === 0 && endMs <= until)
      if (early.length === 0) continue
      // The rest is found again in the next turn.
      if (this.#room <= 0) return
      this.#room -= early.length
      for (const window of early) this.#result(keyed, window)
      this.#states.put(keyed)
    }
    this.#earlyMs = until
  }

  #addTo(window: WindowSpec, keyed: Keyed<WindowState<A>>, value: V, timeMs: number): boolean {
    if (window.kind === 'session') return this.#addToSession(keyed, window, value, timeMs)
    if (window.kind === 'sliding') return this.#addToSliding(keyed, window, value, timeMs)
    if (window.kind === 'running') return this.#addToRunning(keyed, value)
    return this.#addToWindows(keyed, window, value, timeMs)
  }

  #addToWindows(keyed: Keyed<WindowState<A>>, spec: TimeWindows, value: V, timeMs: number): boolean {
    const starts = startsOf(spec, timeMs).filter((start) => !this.#isOver(start + spec.sizeMs))
    if (starts.length === 0) return false
    const { aggregate } = this.#definition
    const windows = keyed.value?.windows ?? []
    if (windows.length + starts.length > MAX_WINDOWS && starts.some((start) => !isOpen(windows, start)))
      this.#refuse(keyed)
    for (const startMs of starts) {
      const window = this.#windowAt(windows, startMs, spec.sizeMs)
      window.acc = aggregate.add(window.acc, value)
      if (this.#isPassed(window)) this.#result(keyed, window)
    }
    keyed.value ??= { windows, watermarkMs: null }
    this.#states.put(keyed)
    return true
  }

  #addToSliding(keyed: Keyed<WindowState<A>>, { sizeMs }: SlidingWindows, value: V, timeMs: number): boolean {
    const endMs = timeMs + 1
    if (this.#isOver(endMs)) return false
    const windows = keyed.value?.windows ?? []
    if (windows.length >= MAX_WINDOWS && !isOpen(windows, endMs - sizeMs)) this.#refuse(keyed)
    const own = this.#windowAt(windows, endMs - sizeMs, sizeMs)
    own.acc = this.#definition.aggregate.add(own.acc, value)
    keyed.value ??= { windows, watermarkMs: null }
    for (const window of windows)
      if (this.#isPassed(window) && window.startMs <= timeMs && window.endMs > timeMs)
        this.#result(keyed, window)
    this.#states.put(keyed)
    return true
  }

  #addToRunning(keyed: Keyed<WindowState<A>>, value: V): true {
    const windows = keyed.value?.windows ?? []
    const window = this.#windowAt(windows, 0, NEVER_MS)
    window.acc = this.#definition.aggregate.add(window.acc, value)
    keyed.value ??= { windows, watermarkMs: null }
    this.#result(keyed, window)
    this.#states.put(keyed)
    return true
  }

  /** Whether a window has a result, or ought to: a late record may open one whose end has passed. */
  #isPassed({ revision, endMs }: OpenWindow<A>): boolean {
    return revision > 0 || endMs <= this.#watermarkMs
  }

  /** Returns the window that begins then, which is opened if it is not. Windows are sorted. */
  #windowAt(windows: OpenWindow<A>[], startMs: number, sizeMs: number): OpenWindow<A> {
    const at = windows.findIndex((window) => window.startMs >= startMs)
    if (windows[at]?.startMs === startMs) return windows[at]
    const window = { startMs, endMs: startMs + sizeMs, revision: 0, acc: this.#definition.aggregate.init() }
    windows.splice(at < 0 ? windows.length : at, 0, window)
    return window
  }

  #addToSession(keyed: Keyed<WindowState<A>>, { gapMs }: SessionWindows, value: V, timeMs: number): boolean {
    const { aggregate } = this.#definition
    const windows = keyed.value?.windows ?? []
    const joined = windows.filter(({ startMs, endMs }) => startMs <= timeMs + gapMs && endMs >= timeMs)
    const startMs = Math.min(timeMs, ...joined.map((window) => window.startMs))
    const endMs = Math.max(timeMs + gapMs, ...joined.map((window) => window.endMs))
    if (this.#isOver(endMs)) return false
    if (windows.length - joined.length >= MAX_WINDOWS) this.#refuse(keyed)
    const acc = joined.length === 0 ? aggregate.init() : joined.map((one) => one.acc).reduce(aggregate.merge!)
    const others = windows.filter((window) => !joined.includes(window))
    others.push({ startMs, endMs, revision: 0, acc: aggregate.add(acc, value) })
    keyed.value = { windows: others.sort((a, b) => a.startMs - b.startMs), watermarkMs: null }
    this.#states.put(keyed)
    return true
  }

  /** Whether a window takes no more records. */
  #isOver(endMs: number): boolean {
    return endMs + this.#latenessMs <= this.#watermarkMs
  }

  #advance(watermarkMs: number): void {
    if (watermarkMs <= this.#watermarkMs) return
    this.#watermarkMs = watermarkMs
    this.#isMoved = true
    this.#takeDue()
  }

  /** Passes the keys that are due, one window after the other, so that results are in the order of their times. */
  #takeDue(): void {
    this.#isBehind = true
    for (; this.#room > 0; this.#room--) {
      const keyed = this.#states.take('event', this.#watermarkMs)
      if (keyed === undefined) {
        this.#isBehind = false
        return
      }
      this.#pass(keyed)
    }
  }

  /** Passes what is due of one key: a record must not get into a window that is over. */
  #passAll(keyed: Keyed<WindowState<A>>): void {
    while (keyed.value !== undefined && timersOf(keyed.value, this.#definition).event <= this.#watermarkMs)
      this.#pass(keyed)
  }

  /** Emits the first result of the key that is due, or forgets its first window. */
  #pass(keyed: Keyed<WindowState<A>>): void {
    const { windows } = keyed.value!
    const dueAt = ({ endMs, revision }: OpenWindow<A>): number =>
      revision === 0 ? endMs : endMs + this.#keptMs
    const first = windows.reduce((one, other) => (dueAt(other) < dueAt(one) ? other : one))
    // A sliding window is a part of later ones, which have their results first.
    const isDone = first.revision > 0 || this.#definition.window.kind !== 'sliding'
    if (first.revision === 0) this.#result(keyed, first)
    if (isDone && first.endMs + this.#keptMs <= this.#watermarkMs) windows.splice(windows.indexOf(first), 1)
    if (windows.length === 0) keyed.value = undefined
    this.#states.put(keyed)
  }

  #result({ key, value }: Keyed<WindowState<A>>, window: OpenWindow<A>): void {
    const { aggregate, window: spec } = this.#definition
    window.revision++
    const { startMs, endMs, revision } = window
    const of = { key: key.toString(), startMs, endMs, revision }
    const acc = spec.kind === 'sliding' ? this.#merged(value!.windows, window) : window.acc
    this.#emit(aggregate.result(acc, of), key, of)
  }

  /** Makes one value of the records of a sliding window, in the order of their times. */
  #merged(windows: readonly OpenWindow<A>[], { startMs, endMs }: OpenWindow<A>): A {
    const { init, merge } = this.#definition.aggregate
    let acc = init()
    for (const one of windows) if (one.endMs > startMs && one.endMs <= endMs) acc = merge!(acc, one.acc)
    return acc
  }

  #refuse({ key }: Keyed<WindowState<A>>): never {
    throw new TooManyWindows(
      `The key ${JSON.stringify(key.toString().slice(0, 64))} has ${MAX_WINDOWS} open windows, which is the most.`,
    )
  }
}

const isOpen = (windows: readonly OpenWindow<unknown>[], startMs: number): boolean =>
  windows.some((window) => window.startMs === startMs)

/** No record is late, and each has a result at once. */
function checkRunning({ latenessMs, idleMs }: WindowDefinition<any, any, unknown>): void {
  if (latenessMs !== undefined || idleMs !== undefined)
    throw new RangeError('A running aggregate has neither late records nor early results.')
}

/** Sessions that have had results cannot join, so each has one result, when its end has passed. */
function checkSessions({ aggregate, latenessMs = 0, idleMs }: WindowDefinition<any, any, unknown>): void {
  if (latenessMs > 0) throw new RangeError('Sessions take no late records; latenessMs must be 0.')
  if (idleMs !== undefined) throw new RangeError('Sessions have no early results; idleMs must not be set.')
  if (aggregate.merge === undefined) throw new RangeError('The aggregate of sessions must have merge().')
}
