/** Topics from which replicas learn what holds: how they are followed, what their values look like, how a single record is written. */
export { Follower, type FollowOptions } from './follow.ts'
export { openRecords, TopicRecord, type Accept, type RecordsOptions, type TopicRecords, type Warnings } from './records.ts'
export { append, encodeValue, store, type NewRecord } from './store.ts'
export { flag, integer, list, map, Misfit, nullable, number, object, oneOf, pair, read, text, type ExtraFields, type Shape, type ShapedBy } from './shape.ts'
