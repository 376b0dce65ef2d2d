/** Windows of event time over the records of each key, and joins of two inputs by time. */
export {
  type JoinDefinition,
  JoinOperator,
  type Pair,
  type Side,
  TooManyRecords,
} from './join-operator.ts'
export { type Interval, type JoinState, joinTimers, type Waiting } from './join-state.ts'
export {
  hopping,
  type RunningWindows,
  running,
  type SessionWindows,
  type SlidingWindows,
  session,
  sliding,
  type TimeWindows,
  tumbling,
  type WindowSpec,
} from './specs.ts'
export { type TableJoinDefinition, TableJoinOperator } from './table-join.ts'
export { type Row, type TableJoinState, tableJoinTimers } from './table-join-state.ts'
export {
  type Aggregate,
  NoKey,
  NoTime,
  type Placed,
  TooManyWindows,
  type WindowDefinition,
  type WindowOf,
  WindowOperator,
  type WindowOptions,
} from './window-operator.ts'
export { type OpenWindow, timersOf, type WindowState } from './window-state.ts'
