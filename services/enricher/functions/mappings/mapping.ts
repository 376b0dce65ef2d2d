/** An event source mapping, as it stands in the control log or in a solution. */
import type { FilterCriteria } from '../patterns/filters.ts'
import type { DeliverySettings } from './settings.ts'

export type StartingPosition = 'TRIM_HORIZON' | 'LATEST' | { readonly timestamp: number }

export interface Mapping {
  readonly id: string
  readonly functionName: string
  /** A stream by its name, or a topic. */
  readonly source: { readonly kind: 'kinesis', readonly stream: string } | { readonly kind: 'kafka', readonly topic: string }
  /** The consumer group by which it reads. */
  readonly groupId: string
  readonly enabled: boolean
  readonly start: StartingPosition
  readonly settings: DeliverySettings
  readonly filters: FilterCriteria | undefined
  /** kafka://TOPIC: where records are named that were given up. Undefined: nowhere. */
  readonly onFailure: string | undefined
  /** The topic for the records that the function returns, written exactly once. */
  readonly output: string | undefined
  /** Whether the function is given the decoded Avro value as JSON in the place of its bytes. */
  readonly decode: boolean
}

/** Lambda's defaults for streams (API reference, CreateEventSourceMapping). */
export const DEFAULT_SETTINGS: DeliverySettings = {
  batchSize: 100, windowMs: 0, parallelization: 1, maxRetries: -1, maxAgeMs: -1, bisect: false, reportItemFailures: false, tumblingMs: 0,
}
