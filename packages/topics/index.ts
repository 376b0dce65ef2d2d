/**
 * Consuming topics as a stage of the pipeline; topics that hold state: following them, checking their values,
 * writing single records.
 */
export {
  ConsumerStage,
  type ConsumerStageOptions,
  openConsumerStage,
  type RunningStage,
} from './consumer-stage.ts'
export { Follower, type FollowOptions } from './follow.ts'
export { HandlerHealth } from './handler-health.ts'
export { openRecent, Recent, type RecentOptions } from './recent.ts'
export {
  type Accept,
  openRecords,
  type RecordsOptions,
  TopicRecord,
  type TopicRecords,
  type WarnLog,
} from './records.ts'
export {
  type ExtraFields,
  flag,
  integer,
  list,
  Misfit,
  map,
  nullable,
  number,
  object,
  oneOf,
  pair,
  read,
  type Shape,
  type ShapedBy,
  text,
} from './shape.ts'
