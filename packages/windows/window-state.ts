/** What a windowed flow remembers: the open windows of each key, and how far time has come in the partition. */
import { NO_TIMERS, type Timers } from '@weir/state'
import { NEVER_MS, type WindowSpec } from './specs.ts'

/** A window that has records, and that may still get some. */
export interface OpenWindow<A> {
  startMs: number
  endMs: number
  /** The results that it has had: 0 until its end has passed, more if records came late. */
  revision: number
  /** What the aggregate has made of its records; of a sliding window, only of those of its last millisecond. */
  acc: A
}

/** The value of the flow's changelog, whose contract must have these fields. */
export interface WindowState<A> {
  windows: OpenWindow<A>[]
  /** Only in the state of the empty key, which is the partition's own. */
  watermarkMs: number | null
}

interface Times {
  readonly window: WindowSpec
  readonly latenessMs?: number
}

/** Returns for how long after its end a window is needed: by late records, and by sliding windows that end later. */
export const keptMs = ({ window, latenessMs = 0 }: Times): number =>
  latenessMs + (window.kind === 'sliding' ? window.sizeMs - 1 : 0)

/**
 * Returns when the first window without a result has one; if all have had theirs, when the first of them is forgotten. A
 * key that waits for a result is found by its time, so nothing that is due earlier may hide that.
 */
export function timersOf({ windows }: WindowState<unknown>, definition: Times): Timers {
  const kept = keptMs(definition)
  let [result, forgotten] = [Infinity, Infinity]
  for (const { endMs, revision } of windows)
    if (revision === 0) result = Math.min(result, endMs)
    else if (endMs < NEVER_MS) forgotten = Math.min(forgotten, endMs + kept)
  const event = result < Infinity ? result : forgotten
  return event === Infinity ? NO_TIMERS : { event: Math.max(0, event), clock: Infinity }
}
