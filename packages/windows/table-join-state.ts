/** The state of a join with a table: the rows of a key that records may still need, and the records that wait. */
import { NO_TIMERS, type Timers } from '@weir/state'

/** A version of a row. */
export interface Row<R> {
  /** The time that it has. */
  timeMs: number
  /** The time from which it counts: a late one does not change what the table was before. */
  sinceMs: number
  /** Null: the row was deleted. */
  value: R | null
}

/** The value of the join's changelog, whose contract must have these fields. Both lists are sorted by their times. */
export interface TableJoinState<V, R> {
  rows: Row<R>[]
  waiting: { timeMs: number; value: V }[]
  /** When the key is to be looked at again, in the table's time. */
  dueMs: number | null
  /** Only in the state of the empty key, which is the partition's own: how far time has come in each input. */
  streamMs: number | null
  tableMs: number | null
}

export const tableJoinTimers = ({ dueMs }: TableJoinState<unknown, unknown>): Timers =>
  dueMs === null ? NO_TIMERS : { event: Math.max(0, dueMs), clock: Infinity }
