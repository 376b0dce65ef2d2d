/** Delivery streams: Firehose's API creates them, and the indexer delivers their records. */
export { beginDelivery } from './beginning.ts'
export {
  COMPRESSIONS,
  type Compression,
  checks,
  type DeliveryStream,
  DIRECT_PARTITIONS,
  DIRECT_RETENTION_HOURS,
  deliveredTopic,
  isPaused,
  MAX_DELIVERY_STREAMS,
  PAUSED_TAG,
  type S3Destination,
  STREAM_NAME,
  storedForm,
  streamOf,
  TOPIC_PREFIX,
} from './delivery-stream.ts'
export { type DeliveryStreams, type DeliveryStreamsOptions, openDeliveryStreams } from './delivery-streams.ts'
export type { Buffering, Endpoint, HttpEndpoint } from './endpoint.ts'
export {
  type Prefix,
  PrefixError,
  type PrefixValues,
  parsePrefix,
  requireStart,
  suffixTime,
} from './object-prefix.ts'
export {
  LAMBDA_INTERVAL_SECONDS,
  LAMBDA_RETRIES,
  LAMBDA_SIZE_MIB,
  NO_PROCESSING,
  PROCESSED_PREFIX,
  type Processing,
  type ProcessingFailure,
} from './processing.ts'
export { runDeliveryStreams, type StreamRuns, type StreamRunsOptions } from './stream-runs.ts'
