/** An event source mapping, as the control log or a solution defines it. */
import type { DeliverySettings } from './settings.ts'
import type { FilterCriteria } from './sources/filters.ts'
import type { SourceDefinition } from './sources/sources.ts'

export type StartingPosition = 'TRIM_HORIZON' | 'LATEST' | { readonly timestamp: number }

export interface Mapping {
  readonly id: string
  readonly functionName: string
  readonly source: SourceDefinition
  /** The consumer group with which it reads. */
  readonly groupId: string
  readonly enabled: boolean
  readonly start: StartingPosition
  readonly settings: DeliverySettings
  readonly filters: FilterCriteria | undefined
  /**
   * The destination for invocation records, which name the records that were given up: kafka://TOPIC, or the
   * ARN of an SQS queue, an SNS topic or an S3 bucket. Undefined: none.
   */
  readonly onFailure: string | undefined
  /** The topic for the records that the function returns, written exactly once. */
  readonly output: string | undefined
  /** Whether the function gets the decoded Avro value as JSON instead of its bytes. */
  readonly decode: boolean
  /**
   * Leaves out records whose id already came in the partition within this time; undefined: leaves out none.
   */
  readonly onceMs?: number
  /** The most concurrent invocations in a replica; undefined: as many as there are partitions and stripes. */
  readonly maxConcurrency?: number
  /** Undefined if a solution defines the mapping. */
  readonly asked?: AskedMapping
}

/** The settings of a mapping, as the API was given them. Most of it affects only the API's responses. */
export interface AskedMapping {
  /** ms since the epoch */
  readonly modifiedAt: number
  readonly tags?: Readonly<Record<string, string>>
  /** The version or the alias in the function's name. */
  readonly qualifier?: string
  /** Broker endpoints by kind; kept for the API's responses. The mapping reads Weir's own Kafka. */
  readonly endpoints?: Readonly<Record<string, readonly string[]>>
  readonly schemaRegistry?: object
}

/** The function as it is invoked: NAME, or NAME:QUALIFIER if the mapping is for a version or an alias. */
export function targetOf({ functionName, asked }: Mapping): string {
  return asked?.qualifier === undefined ? functionName : `${functionName}:${asked.qualifier}`
}
