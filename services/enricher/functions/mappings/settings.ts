/**
 * The settings of an event source mapping (Lambda API reference, CreateEventSourceMapping), with Lambda's
 * defaults and bounds applied.
 */

export interface DeliverySettings {
  /** The most records of one invocation, 1 to 10,000. */
  readonly batchSize: number
  /** How long records are gathered, 0 to 300,000 ms. */
  readonly windowMs: number
  /** Batches of one shard that may be handled in parallel, 1 to 10; the records of a key stay in order. */
  readonly parallelization: number
  /** -1: retries until the records succeed or expire. */
  readonly maxRetries: number
  /** Records older than this are given up (ms); -1: never. */
  readonly maxAgeMs: number
  readonly bisect: boolean
  readonly reportItemFailures: boolean
  /** 0: no tumbling windows. */
  readonly tumblingMs: number
}

/** Lambda's defaults for streams. */
export const DEFAULT_SETTINGS: DeliverySettings = {
  batchSize: 100,
  windowMs: 0,
  parallelization: 1,
  maxRetries: -1,
  maxAgeMs: -1,
  bisect: false,
  reportItemFailures: false,
  tumblingMs: 0,
}

/** The consumer group of a mapping that names none. */
export const groupOf = (id: string): string => `weir.mapping.${id}`

/** The most bytes of one invocation's event (Lambda quotas, "Invocation payload"). */
export const MAX_PAYLOAD_BYTES = 6 << 20
