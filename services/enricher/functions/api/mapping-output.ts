/** A mapping as the API returns it (EventSourceMappingConfiguration). */
import { groupOf, type Mapping } from '../mappings/mapping.ts'
import type { MappingState } from '../mappings/mappings.ts'
import { type Account, functionArn, mappingArn, streamArn } from './names.ts'

/** The state as the API returns it. Of a mapping that is being removed, nothing else is known. */
export type AnsweredState = MappingState | 'Deleting'

/** @param lastResult the result of its last invocation */
export function configurationOf(
  mapping: Mapping,
  state: AnsweredState,
  lastResult: string,
  account: Account,
): object {
  const { id, settings, start, asked, onFailure, maxConcurrency } = mapping
  const qualifier = asked?.qualifier === undefined ? '' : `:${asked.qualifier}`
  return {
    UUID: id,
    EventSourceMappingArn: mappingArn(account, id),
    FunctionArn: `${functionArn(account, mapping.functionName)}${qualifier}`,
    ...sourceOf(mapping, account),
    State: state,
    StateTransitionReason: mapping.source.kind === 'kinesis' ? 'User action' : 'USER_INITIATED',
    LastProcessingResult: lastResult,
    LastModified: asked && new Date(asked.modifiedAt),
    StartingPosition: typeof start === 'string' ? start : 'AT_TIMESTAMP',
    StartingPositionTimestamp: typeof start === 'string' ? undefined : new Date(start.timestamp),
    BatchSize: settings.batchSize,
    MaximumBatchingWindowInSeconds: seconds(settings.windowMs),
    ParallelizationFactor: settings.parallelization,
    MaximumRecordAgeInSeconds: seconds(settings.maxAgeMs),
    MaximumRetryAttempts: settings.maxRetries,
    BisectBatchOnFunctionError: settings.bisect,
    TumblingWindowInSeconds: seconds(settings.tumblingMs),
    FunctionResponseTypes: settings.reportItemFailures ? ['ReportBatchItemFailures'] : [],
    FilterCriteria: mapping.filters,
    DestinationConfig: { OnFailure: { Destination: onFailure } },
    ScalingConfig: maxConcurrency === undefined ? undefined : { MaximumConcurrency: maxConcurrency },
  }
}

function sourceOf({ id, source, groupId, asked }: Mapping, account: Account): object {
  if (source.kind === 'kinesis') return { EventSourceArn: streamArn(account, source.stream) }
  return {
    Topics: [source.topic],
    SelfManagedEventSource: { Endpoints: asked?.endpoints ?? {} },
    SourceAccessConfigurations: [],
    // In Lambda, a mapping that names no group uses its UUID as the group's name.
    SelfManagedKafkaEventSourceConfig: {
      ConsumerGroupId: groupId === groupOf(id) ? id : groupId,
      SchemaRegistryConfig: asked?.schemaRegistry,
    },
  }
}

const seconds = (ms: number): number => (ms < 0 ? -1 : Math.round(ms / 1000))
