/** A mapping as the API returns it (EventSourceMappingConfiguration). */
import { type Account, functionArn } from '@weir/aws'
import type { Mapping } from '../mappings/mapping.ts'
import type { MappingState } from '../mappings/mappings.ts'
import { eventSource } from '../mappings/sources/sources.ts'
import { mappingArn } from './names.ts'

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
  const source = eventSource(mapping.source)
  const qualifier = asked?.qualifier === undefined ? '' : `:${asked.qualifier}`
  return {
    UUID: id,
    EventSourceMappingArn: mappingArn(account, id),
    FunctionArn: `${functionArn(account, mapping.functionName)}${qualifier}`,
    ...source.configuration(mapping, account),
    State: state,
    StateTransitionReason: source.transitionReason,
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

const seconds = (ms: number): number => (ms < 0 ? -1 : Math.round(ms / 1000))
