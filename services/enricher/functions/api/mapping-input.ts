/**
 * Converts the input of CreateEventSourceMapping and UpdateEventSourceMapping to a mapping. Invalid input is
 * refused in one sentence.
 */
import type { Account } from '@weir/aws'
import { destinationTopic } from '../destinations.ts'
import type { Mapping, StartingPosition } from '../mappings/mapping.ts'
import { DEFAULT_SETTINGS, type DeliverySettings, groupOf } from '../mappings/settings.ts'
import type { FilterCriteria } from '../mappings/sources/filters.ts'
import {
  type EventSource,
  type KafkaConfig,
  SourceError,
  type SourceRequest,
} from '../mappings/sources/source.ts'
import { eventSource, sourceOfRequest } from '../mappings/sources/sources.ts'
import { invalidParameter } from './names.ts'

/** Members that both operations have. */
export interface MappingChange {
  readonly Enabled?: boolean
  readonly BatchSize?: number
  readonly BisectBatchOnFunctionError?: boolean
  readonly DestinationConfig?: {
    readonly OnSuccess?: { readonly Destination?: string }
    readonly OnFailure?: { readonly Destination?: string }
  }
  readonly FilterCriteria?: FilterCriteria
  readonly FunctionResponseTypes?: readonly string[]
  readonly MaximumBatchingWindowInSeconds?: number
  readonly MaximumRecordAgeInSeconds?: number
  readonly MaximumRetryAttempts?: number
  readonly ParallelizationFactor?: number
  readonly ScalingConfig?: { readonly MaximumConcurrency?: number }
  readonly SelfManagedKafkaEventSourceConfig?: KafkaConfig
  readonly TumblingWindowInSeconds?: number
}

export interface NewMapping extends MappingChange, SourceRequest {
  readonly StartingPosition?: 'TRIM_HORIZON' | 'LATEST' | 'AT_TIMESTAMP'
  readonly StartingPositionTimestamp?: Date
  readonly Tags?: Readonly<Record<string, string>>
}

/** The tag that names the topic for the records that the function returns. */
export const OUTPUT_TAG = 'weir:output'
/** The tag that leaves out records whose id already came within the given number of minutes. */
export const ONCE_TAG = 'weir:once'
const MAX_ONCE_MINUTES = 1440
/** Seconds. Shorter ages are in the model's range, but are not accepted. */
const MIN_AGE = 60
const TOPIC = /^[a-zA-Z0-9._-]{1,249}$/
/**
 * Topics with the state of Kafka, of the registry and of Weir: a function that reads or writes them could do
 * whatever Weir can.
 */
const INTERNAL = /^(__|kafkasql-|weir\.(control|functions)\.|weir\.invocations$)/
/** Members for features that do not exist here. */
const NOT_SERVED = [
  'AmazonManagedKafkaEventSourceConfig',
  'DocumentDBEventSourceConfig',
  'KMSKeyArn',
  'LoggingConfig',
  'MetricsConfig',
  'ProvisionedPollerConfig',
  'Queues',
  'SourceAccessConfigurations',
]

/** A function, and the qualifier by which the request names it. */
export interface FunctionChoice {
  readonly name: string
  readonly qualifier?: string
}

/** Whether the request names any source. */
export function hasSource({ EventSourceArn, SelfManagedEventSource }: NewMapping): boolean {
  return EventSourceArn !== undefined || SelfManagedEventSource !== undefined
}

/** @param now the time of the request, ms */
export function newMapping(
  id: string,
  choice: FunctionChoice,
  input: NewMapping,
  account: Account,
  now: number,
): Mapping {
  refuseUnserved(input)
  const source = checking(() => sourceOfRequest(input, account))
  const { topic, defaultStart } = eventSource(source)
  if (topic !== undefined) checkTopic(topic, `The topic ${topic}`, 'the name of a topic')
  const groupId = input.SelfManagedKafkaEventSourceConfig?.ConsumerGroupId ?? groupOf(id)
  const blank: Mapping = {
    id,
    functionName: choice.name,
    source,
    groupId,
    enabled: true,
    start: startOf(input, defaultStart, now),
    settings: DEFAULT_SETTINGS,
    filters: undefined,
    onFailure: undefined,
    output: input.Tags?.[OUTPUT_TAG],
    decode: false,
    onceMs: onceMs(input.Tags?.[ONCE_TAG]),
    asked: { modifiedAt: now, tags: input.Tags, endpoints: input.SelfManagedEventSource?.Endpoints },
  }
  return changedMapping(blank, choice, input, now)
}

function onceMs(minutes: string | undefined): number | undefined {
  if (minutes === undefined) return undefined
  if (!/^\d{1,4}$/.test(minutes) || Number(minutes) < 1 || Number(minutes) > MAX_ONCE_MINUTES) {
    throw invalidParameter(
      `The tag ${ONCE_TAG} is ${minutes.slice(0, 100)}; give minutes from 1 to ${MAX_ONCE_MINUTES}.`,
    )
  }
  return Number(minutes) * 60_000
}

/** Returns the mapping with the given members changed; the rest stays. */
export function changedMapping(
  mapping: Mapping,
  choice: FunctionChoice | undefined,
  input: MappingChange,
  now: number,
): Mapping {
  refuseUnserved(input)
  const registry = input.SelfManagedKafkaEventSourceConfig?.SchemaRegistryConfig
  const concurrency =
    input.ScalingConfig === undefined ? mapping.maxConcurrency : input.ScalingConfig.MaximumConcurrency
  return checked(
    {
      ...mapping,
      functionName: choice?.name ?? mapping.functionName,
      enabled: input.Enabled ?? mapping.enabled,
      settings: settingsOf(input, mapping.settings),
      filters:
        input.FilterCriteria === undefined
          ? mapping.filters
          : input.FilterCriteria.Filters?.length
            ? input.FilterCriteria
            : undefined,
      onFailure:
        input.DestinationConfig === undefined
          ? mapping.onFailure
          : input.DestinationConfig.OnFailure?.Destination || undefined,
      decode: registry === undefined ? mapping.decode : Object.keys(registry).length > 0,
      maxConcurrency: concurrency,
      asked: {
        ...mapping.asked,
        modifiedAt: now,
        ...(registry && { schemaRegistry: registry }),
        ...(choice && { qualifier: choice.qualifier }),
      },
    },
    input,
  )
}

function settingsOf(input: MappingChange, now: DeliverySettings): DeliverySettings {
  const ms = (seconds: number | undefined, otherwise: number): number =>
    seconds === undefined ? otherwise : seconds < 0 ? -1 : seconds * 1000
  return {
    batchSize: input.BatchSize ?? now.batchSize,
    windowMs: ms(input.MaximumBatchingWindowInSeconds, now.windowMs),
    parallelization: input.ParallelizationFactor ?? now.parallelization,
    maxRetries: input.MaximumRetryAttempts ?? now.maxRetries,
    maxAgeMs: ms(input.MaximumRecordAgeInSeconds, now.maxAgeMs),
    bisect: input.BisectBatchOnFunctionError ?? now.bisect,
    reportItemFailures:
      input.FunctionResponseTypes === undefined
        ? now.reportItemFailures
        : input.FunctionResponseTypes.length > 0,
    tumblingMs: ms(input.TumblingWindowInSeconds, now.tumblingMs),
  }
}

function checkDestination(destination: string, source: EventSource): void {
  let topic: string | undefined
  try {
    topic = destinationTopic(destination)
  } catch (error) {
    throw invalidParameter((error as Error).message)
  }
  if (topic === undefined) return
  checkTopic(topic, `The destination ${destination}`, 'kafka://TOPIC')
  // The invocation record of a failure would fail in turn, forever.
  if (source.topic === topic) {
    throw invalidParameter(
      `The destination ${destination} is the mapping's own source; choose another topic.`,
    )
  }
}

/** Checks what depends on several members. */
function checked(mapping: Mapping, input: MappingChange): Mapping {
  const { settings, output, onFailure } = mapping
  const source = eventSource(mapping.source)
  const age = input.MaximumRecordAgeInSeconds
  if (age !== undefined && age >= 0 && age < MIN_AGE)
    throw invalidParameter(`MaximumRecordAgeInSeconds is ${age}; give -1 for no limit, or 60 to 604800.`)
  if (input.DestinationConfig?.OnSuccess?.Destination) {
    throw invalidParameter('Unsupported DestinationConfig parameter for given event source mapping type.')
  }
  if (onFailure !== undefined) checkDestination(onFailure, source)
  if (output !== undefined)
    checkTopic(output, `The output ${output} (tag ${OUTPUT_TAG})`, 'the name of a topic')
  if (output !== undefined && settings.tumblingMs > 0) {
    throw invalidParameter(
      `The function of a tumbling window returns its state, not records; leave out the tag ${OUTPUT_TAG} or the window.`,
    )
  }
  checking(() => source.check(mapping, input.SelfManagedKafkaEventSourceConfig))
  try {
    source.checkFilters(mapping.filters)
  } catch (error) {
    throw invalidParameter(`Invalid filter pattern definition. ${(error as Error).message}`)
  }
  return { ...mapping, settings: source.limited(settings, onFailure !== undefined) }
}

/** Runs a check of a source and reports its error to the client. */
function checking<T>(check: () => T): T {
  try {
    return check()
  } catch (error) {
    throw error instanceof SourceError ? invalidParameter(error.message) : error
  }
}

function startOf(
  { StartingPosition, StartingPositionTimestamp: at }: NewMapping,
  otherwise: StartingPosition | undefined,
  now: number,
): StartingPosition {
  if (StartingPosition !== 'AT_TIMESTAMP' && at !== undefined)
    throw invalidParameter('StartingPositionTimestamp goes with StartingPosition AT_TIMESTAMP only.')
  if (StartingPosition === undefined && otherwise === undefined) {
    throw invalidParameter(
      "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
    )
  }
  if (StartingPosition !== 'AT_TIMESTAMP') return StartingPosition ?? otherwise!
  if (at === undefined)
    throw invalidParameter('StartingPosition AT_TIMESTAMP needs StartingPositionTimestamp.')
  if (at.getTime() > now) throw invalidParameter('StartingPositionTimestamp cannot be in the future.')
  return { timestamp: at.getTime() }
}

export function checkTopic(topic: string, what: string, wanted: string): void {
  if (!TOPIC.test(topic)) throw invalidParameter(`${what} is not supported; give ${wanted}.`)
  if (INTERNAL.test(topic))
    throw invalidParameter(`${what} is an internal topic of Weir or Kafka; choose another topic.`)
}

function refuseUnserved(input: object): void {
  const given = NOT_SERVED.find((name) => {
    const value = (input as Readonly<Record<string, unknown>>)[name]
    return Array.isArray(value) ? value.length > 0 : value !== undefined
  })
  if (given !== undefined) throw invalidParameter(`${given} is not served here; leave it out.`)
}
