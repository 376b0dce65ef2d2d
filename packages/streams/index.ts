/**
 * Streams on Kafka: which shards a stream has, where each of them is, and how that changes without losing,
 * moving or reordering a record.
 */

export type { FanOut } from './fan-out.ts'
export { MAX_HASH_KEY, parseHashKey, uniformRanges } from './hash-range.ts'
export { beginResharding, mergeOf, splitOf, stepTowards } from './reshard.ts'
export type { SequencePosition } from './sequence-number.ts'
export { parseSequenceNumber, SequenceNumbers, shardNumber } from './sequence-number.ts'
export type { Serving } from './serving.ts'
export type { Child, FanOutConsumer, NewStream, Shard, Stream, StreamStatus } from './stream.ts'
export {
  childrenOf,
  closingShards,
  MAX_RETENTION_HOURS,
  MIN_RECORD_KIB,
  MIN_RETENTION_HOURS,
  newStream,
  ON_DEMAND_SHARDS,
  openShards,
  shardId,
  TOPIC_PREFIX,
} from './stream.ts'
export type { Streams, StreamsOptions } from './streams.ts'
export { openStreams } from './streams.ts'
export { streamTopicConfigs } from './work.ts'
export type { Fate, PutResult, StreamEntry, StreamWriterOptions } from './writer.ts'
export { PutError, StreamWriter } from './writer.ts'
