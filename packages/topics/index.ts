/** Topics that hold state: following them, checking their values, writing single records. */
export { Follower, type FollowOptions } from './follow.ts'
export {
  openRecords,
  TopicRecord,
  type Accept,
  type RecordsOptions,
  type TopicRecords,
  type WarnLog,
} from './records.ts'
export { HandlerHealth } from './handler-health.ts'
export { append, encodeValue, store, type NewRecord } from './store.ts'
export {
  flag,
  integer,
  list,
  map,
  Misfit,
  nullable,
  number,
  object,
  oneOf,
  pair,
  read,
  text,
  type ExtraFields,
  type Shape,
  type ShapedBy,
} from './shape.ts'
