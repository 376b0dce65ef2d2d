/** The interface of a kind of event source. sources.ts lists the kinds. */
import type { Account } from '@weir/aws'
import type { Codec } from '@weir/codec'
import type { Kafka, RecordBatch } from '@weir/kafka'
import type { Streams } from '@weir/streams'
import type { Shape } from '@weir/topics/shape.ts'
import type { DeliverySettings } from '../settings.ts'
import type { ShardSlice, SourceShard } from '../slice.ts'
import type { FilterCriteria } from './filters.ts'

/** @typeParam D names a source in the control log */
export interface SourceKind<D extends { readonly kind: string }> {
  readonly kind: D['kind']
  /** How a request names such a source, for messages. */
  readonly requestForm: string
  readonly shape: Shape<D>
  /**
   * Returns the source that a request names, or undefined if that is not of this kind. Throws a SourceError.
   */
  fromRequest(request: SourceRequest, account: Account): D | undefined
  of(definition: D): EventSource
}

/** The members of CreateEventSourceMapping that name a source. */
export interface SourceRequest {
  readonly EventSourceArn?: string
  readonly SelfManagedEventSource?: { readonly Endpoints?: Readonly<Record<string, readonly string[]>> }
  readonly Topics?: readonly string[]
}

/** SelfManagedKafkaEventSourceConfig, which only some kinds of sources take. */
export interface KafkaConfig {
  readonly ConsumerGroupId?: string
  readonly ConsumptionMode?: string
  readonly SchemaRegistryConfig?: { readonly EventRecordFormat?: string }
}

/** A request asks for something that its source does not have. The message is one sentence. */
export class SourceError extends Error {
  override readonly name = 'SourceError'
}

/** The parts of a mapping that its source looks at. */
export interface SourceMapping {
  readonly id: string
  readonly functionName: string
  readonly groupId: string
  readonly filters: FilterCriteria | undefined
  readonly decode: boolean
  readonly asked?: {
    readonly endpoints?: Readonly<Record<string, readonly string[]>>
    readonly schemaRegistry?: object
  }
}

export interface EventSource {
  /** Where reading begins if the request does not say; undefined: the request must say. */
  readonly defaultStart: 'TRIM_HORIZON' | undefined
  /** Lambda's word for a change that a user has made. */
  readonly transitionReason: string
  /** The topic that the request names, if the source is one. */
  readonly topic: string | undefined
  /** The ARN or the name to which rights apply. */
  resource(account: Account): string
  /** The members of EventSourceMappingConfiguration that only this kind has. */
  configuration(mapping: SourceMapping, account: Account): object
  /** The subject of Lambda's sentence about a second mapping of the same source and function. */
  duplicate(mapping: SourceMapping, functionArn: string, account: Account): string
  /** Throws a SourceError if the mapping has settings that do not fit the source. */
  check(mapping: SourceMapping, config: KafkaConfig | undefined): void
  /** Throws a PatternError. */
  checkFilters(filters: FilterCriteria | undefined): void
  /** Applies the limits of this kind. @param hasDestination whether records that are given up are reported */
  limited(settings: DeliverySettings, hasDestination: boolean): DeliverySettings
  /** False if its stream does not exist, as far as this replica knows. */
  exists(streams: Pick<Streams, 'get'>): boolean
  /**
   * Rejects with unknown-topic if the stream or topic does not exist, and with a PatternError for invalid
   * filters.
   * @param closed whether no window of the partition is open with records before the offset; a shard's records
   * are read when this is true for the ends of its parents. Undefined for mappings without windows
   */
  open(mapping: SourceMapping, deps: SourceDeps, closed?: WindowsClosed): Promise<SourceReader>
}

export type WindowsClosed = (partition: number, offset: number, signal: AbortSignal) => Promise<boolean>

export interface SourceDeps {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly streams: Streams
  readonly account: Account
  readonly bootstrapServers: string
  /** The ARN of a function's role; empty or undefined if it has none. */
  roleOf(functionName: string): string | undefined
}

/** Reads the topic of a source. */
export interface SourceReader {
  readonly topic: string
  /** Returns how many records, from the first on, are in its shard. Undefined: a partition is one shard. */
  cut?(batch: RecordBatch, signal: AbortSignal): Promise<number>
  /**
   * Cuts a batch of one shard into slices, in order; each is handled separately.
   * @param leaveOut is called once for each record, in order
   */
  slices(
    batch: RecordBatch,
    leaveOut: (index: number) => boolean,
    signal: AbortSignal,
  ): AsyncGenerator<ShardSlice>
  /** Undefined if no shard is known at that offset. */
  shardAt(partition: number, offset: number): SourceShard | undefined
  /** Returns true if the shard is known to end at or before the offset. */
  hasEnded(shardId: string, offset: number): boolean
}

/** The subject of Lambda's sentence about a second mapping of the same stream and function. */
export const duplicateOfStream = (arn: string, functionName: string): string =>
  `The event source arn (" ${arn} ") and function (" ${functionName} ") provided mapping`

/** Throws a SourceError if a request for a stream has the configuration of a topic. */
export function refuseKafkaConfig(config: KafkaConfig | undefined): void {
  if (config === undefined) return
  throw new SourceError(
    'SelfManagedKafkaEventSourceConfig is for SelfManagedEventSource only; leave it out for a stream.',
  )
}
