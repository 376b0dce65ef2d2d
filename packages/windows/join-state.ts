/** The state of a join: the records of each key that may still meet one of the other side. */
import { NO_TIMERS, type Timers } from '@weir/state'

export interface Waiting<V> {
  timeMs: number
  value: V
  /** Whether it has met a record of the other side. */
  hasMet: boolean
}

/** The value of the join's changelog, whose contract must have these fields. Records are sorted by their times. */
export interface JoinState<L, R> {
  left: Waiting<L>[]
  right: Waiting<R>[]
  /** Only in the state of the empty key, which is the partition's own: how far time has come on each side. */
  leftMs: number | null
  rightMs: number | null
}

/** Which records meet: a right one from `lowerMs` to `upperMs`, both included, after the left one. */
export interface Interval {
  readonly lowerMs: number
  readonly upperMs: number
}

/** Returns when the first of the records cannot meet any that is still to come. */
export function joinTimers({ left, right }: JoinState<unknown, unknown>, interval: Interval): Timers {
  const event = Math.min(
    left.length === 0 ? Infinity : leftUntil(left[0].timeMs, interval),
    right.length === 0 ? Infinity : rightUntil(right[0].timeMs, interval),
  )
  return event === Infinity ? NO_TIMERS : { event: Math.max(0, event), clock: Infinity }
}

/** From this time on, no right record meets a left one of that time. */
export const leftUntil = (timeMs: number, { upperMs }: Interval): number => timeMs + upperMs + 1
/** From this time on, no left record meets a right one of that time. */
export const rightUntil = (timeMs: number, { lowerMs }: Interval): number => timeMs - lowerMs + 1
