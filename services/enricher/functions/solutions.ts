/** The streams, functions and mappings of solutions, in the forms that this service uses. */
import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { streamLabelOf } from '@weir/items/change-streams.ts'
import { ONCE_WINDOW_MS } from '@weir/kafka'
import {
  type FunctionServices,
  ITEM_STREAMS_SINCE_MS,
  type MappingDefinition,
  type Solution,
} from '@weir/solutions'
import { MIN_RECORD_KIB, newStream, type Streams } from '@weir/streams'
import type { DeployedFunction } from './catalogue.ts'
import { LATEST } from './entries.ts'
import { NOTED_DEFAULTS, OWN_RUNTIME } from './lambda-runtimes.ts'
import type { Mapping } from './mappings/mapping.ts'
import { DEFAULT_SETTINGS, groupOf } from './mappings/settings.ts'

/** A function whose code is in a folder of this image; it is reloaded when a file of the folder changes. */
export interface FunctionDefinition {
  readonly name: string
  /** FILE.EXPORT: index.handler. */
  readonly handler: string
  /** 128 to 10,240. */
  readonly memoryMb: number
  /** 1,000 to 900,000. */
  readonly timeoutMs: number
  /** The most environments. */
  readonly concurrency: number
  /** Environments that are started ahead; defaults to 0. */
  readonly provisioned?: number
  /** The only environment variables that its code sees besides Lambda's own. */
  readonly environment: Readonly<Record<string, string>>
  readonly directory: string
}

export function functionsOf(solutions: readonly Solution[], service: FunctionServices): FunctionDefinition[] {
  return solutions.flatMap(({ functions = [] }) =>
    functions.map(
      ({ name, folder, handler, memoryMb, timeoutMs, concurrency, provisioned, environment }) => ({
        name,
        handler,
        memoryMb,
        timeoutMs,
        concurrency,
        provisioned,
        environment: environment(service),
        directory: fileURLToPath(folder).replace(/\/$/, ''),
      }),
    ),
  )
}

/** Returns the function in the form of a deployed one. It has one version, and no code in Kafka. */
export function functionOfSolution(
  { name, handler, memoryMb, timeoutMs, concurrency, environment }: FunctionDefinition,
  codeVersion: string,
): DeployedFunction {
  return {
    latest: {
      name,
      version: LATEST,
      runtime: OWN_RUNTIME,
      handler,
      description: 'Part of a solution',
      role: '',
      memoryMb,
      timeoutMs,
      environment,
      noted: NOTED_DEFAULTS,
      revisionId: codeVersion,
      modifiedAt: 0,
      lastPublished: 0,
      reserved: concurrency,
      tags: {},
    },
    versions: new Map(),
    aliases: new Map(),
    events: new Map(),
  }
}

/** Returns a hash that changes whenever a file of the folder is written. */
export function codeVersionOf(directory: string): string {
  const hash = createHash('sha256')
  for (const name of readdirSync(directory).sort()) {
    const { mtimeMs, size } = statSync(join(directory, name))
    hash.update(`${name}/${mtimeMs}/${size}\n`)
  }
  return hash.digest('hex')
}

/**
 * Returns the mappings. Their ids are their names, and so the same in every replica and after every start.
 */
export function mappingsOf(solutions: readonly Solution[]): Mapping[] {
  return solutions.flatMap(({ mappings = [] }) =>
    mappings.map(({ name, functionName, source, output, ...given }) => ({
      id: name,
      functionName,
      source: sourceOf(source),
      groupId: groupOf(name),
      enabled: true,
      start: 'TRIM_HORIZON' as const,
      settings: {
        ...DEFAULT_SETTINGS,
        batchSize: given.batchSize ?? DEFAULT_SETTINGS.batchSize,
        parallelization: given.parallelization ?? DEFAULT_SETTINGS.parallelization,
        maxRetries: given.maxRetries ?? DEFAULT_SETTINGS.maxRetries,
        bisect: given.bisect ?? DEFAULT_SETTINGS.bisect,
      },
      filters: undefined,
      onFailure: undefined,
      output,
      decode: given.decode ?? false,
      onceMs: given.once === true ? ONCE_WINDOW_MS : undefined,
    })),
  )
}

const sourceOf = (source: MappingDefinition['source']): Mapping['source'] =>
  source.kind === 'table'
    ? { kind: 'dynamodb', table: source.table, label: streamLabelOf(ITEM_STREAMS_SINCE_MS) }
    : source

/** Creates the streams that do not exist yet. */
export async function ensureStreams(solutions: readonly Solution[], streams: Streams): Promise<void> {
  for (const { name, shards } of solutions.flatMap((solution) => solution.streams ?? [])) {
    if (streams.get(name) !== undefined) continue
    await streams.change(
      name,
      (existing) =>
        existing ??
        newStream(
          { name, mode: 'ON_DEMAND', shards, maxRecordKiB: MIN_RECORD_KIB, tags: {}, external: false },
          Date.now(),
        ),
    )
  }
}
