/** A mapping as the API answers it (EventSourceMappingConfiguration). */
import { groupOf, type Mapping } from '../mappings/mapping.ts'
import type { MappingState } from '../mappings/mappings.ts'
import { type Account, functionArn, mappingArn, streamArn } from './names.ts'

/** As the API has it; of a mapping that is just being removed nothing else is known. */
export type AnsweredState = MappingState | 'Deleting'

/** @param lastResult what its last invocation came to */
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
    // At Lambda, a mapping without a name for its group has its UUID as that.
    SelfManagedKafkaEventSourceConfig: {
      ConsumerGroupId: groupId === groupOf(id) ? id : groupId,
      SchemaRegistryConfig: asked?.schemaRegistry,
    },
  }
}

const seconds = (ms: number): number => (ms < 0 ? -1 : Math.round(ms / 1000))
