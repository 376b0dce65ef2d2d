/** What a windowed flow remembers: the open windows of each key, and how far time has come in the partition. */
import { NO_TIMERS, type Timers } from '@weir/state'

/** A window that has records, and that may still get some. */
export interface OpenWindow<A> {
  startMs: number
  endMs: number
  /** The results that it has had: 0 until its end has passed, more if records came late. */
  revision: number
  /** What the aggregate has made of its records. */
  acc: A
}

/** The value of the flow's changelog, whose contract must have these fields. */
export interface WindowState<A> {
  windows: OpenWindow<A>[]
  /** Only in the state of the empty key, which is the partition's own. */
  watermarkMs: number | null
}

/** Returns when the first of the windows has a result, or is forgotten. */
export function timersOf({ windows }: WindowState<unknown>, latenessMs: number): Timers {
  let event = Infinity
  for (const { endMs, revision } of windows)
    event = Math.min(event, revision === 0 ? endMs : endMs + latenessMs)
  return event === Infinity ? NO_TIMERS : { event: Math.max(0, event), clock: Infinity }
}
