/** What solutions say of their streams, functions and mappings, as the parts of this service take it. */
import { fileURLToPath } from 'node:url'
import { ONCE_WINDOW_MS } from '@weir/kafka'
import type { Solution } from '@weir/solutions'
import { LEAST_RECORD_KIB, newStream, type Streams } from '@weir/streams'
import type { FunctionDefinition } from './functions.ts'
import { DEFAULT_SETTINGS, type Mapping } from './mappings/mapping.ts'

export function functionsOf(solutions: readonly Solution[], service: { readonly redisUrl: string }): FunctionDefinition[] {
  return solutions.flatMap(({ functions = [] }) => functions.map(({ name, folder, handler, memoryMb, timeoutMs, concurrency, environment }) =>
    ({ name, handler, memoryMb, timeoutMs, concurrency, environment: environment(service), directory: fileURLToPath(folder).replace(/\/$/, '') })))
}

/** Their ids are their names: they are the same in every replica and after every start. */
export function mappingsOf(solutions: readonly Solution[]): Mapping[] {
  return solutions.flatMap(({ mappings = [] }) => mappings.map(({ name, functionName, source, output, ...given }) => ({
    id: name, functionName, source, groupId: `weir.mapping.${name}`, enabled: true, start: 'TRIM_HORIZON' as const,
    settings: {
      ...DEFAULT_SETTINGS,
      batchSize: given.batchSize ?? DEFAULT_SETTINGS.batchSize, parallelization: given.parallelization ?? DEFAULT_SETTINGS.parallelization,
      maxRetries: given.maxRetries ?? DEFAULT_SETTINGS.maxRetries, bisect: given.bisect ?? DEFAULT_SETTINGS.bisect,
    },
    filters: undefined, onFailure: undefined, output, decode: false, onceMs: given.once === true ? ONCE_WINDOW_MS : undefined,
  })))
}

/** Makes the streams that there are none of. */
export async function ensureStreams(solutions: readonly Solution[], streams: Streams): Promise<void> {
  for (const { name, shards } of solutions.flatMap((solution) => solution.streams ?? [])) {
    if (streams.get(name) !== undefined) continue
    await streams.change(name, (existing) => existing ?? newStream({ name, mode: 'ON_DEMAND', shards, maxRecordKiB: LEAST_RECORD_KIB, tags: {}, external: false }, Date.now()))
  }
}
