/**
 * What the control log holds of functions: their versions, aliases, settings of events, and where archives are. Entries are input, whoever wrote them: each is
 * checked against its shape before it is applied, and a name in it never becomes a path.
 */
import { compile, type Model } from '@weir/aws'
import type { Archive, StoredArchive } from './code/archive.ts'
import type { CodeModule } from './code/code-store.ts'

export const LATEST = '$LATEST'

/** The settings and the code of a function, as $LATEST or under a number. */
export interface FunctionVersion {
  readonly name: string
  /** $LATEST, or a number. */
  readonly version: string
  /** nodejs24.x */
  readonly runtime: string
  /** index.handler */
  readonly handler: string
  readonly description: string
  readonly role: string
  readonly memoryMb: number
  readonly timeoutMs: number
  readonly environment: Readonly<Record<string, string>>
  /** One of both: `module` where an older version of Weir deployed it. */
  readonly archive?: Archive
  readonly module?: CodeModule
  readonly noted: NotedSettings
  readonly revisionId: string
  /** ms since the epoch */
  readonly modifiedAt: number
}

/** What is given back and changes nothing. */
export interface NotedSettings {
  readonly architecture: string
  readonly tracing: string
  readonly ephemeralMb: number
  readonly logging: Readonly<Record<string, string>>
}

export interface LatestVersion extends FunctionVersion {
  /** The number that was published last; 0: none. */
  readonly lastPublished: number
  /** Environments at most in each replica; undefined: as many as where nothing is said. */
  readonly reserved?: number
  readonly tags: Readonly<Record<string, string>>
}

export interface Alias {
  readonly name: string
  readonly alias: string
  /** $LATEST, or a number. */
  readonly version: string
  readonly description: string
  /** The share of invocations that go to another version, by its number; at most one. */
  readonly weights: Readonly<Record<string, number>>
  readonly revisionId: string
}

/** What becomes of events that fail or succeed, of one qualifier. */
export interface EventConfig {
  readonly name: string
  /** $LATEST, a number, or an alias. */
  readonly qualifier: string
  readonly maxRetries?: number
  readonly maxAgeSeconds?: number
  readonly onSuccess?: string
  readonly onFailure?: string
  /** ms since the epoch */
  readonly modifiedAt: number
}

export interface Entries {
  readonly latest: LatestVersion
  readonly version: FunctionVersion
  readonly alias: Alias
  readonly events: EventConfig
  readonly archive: StoredArchive
}

export type EntryKind = keyof Entries

const common = {
  name: 'Name', version: 'Version', runtime: 'Text', handler: 'Handler', description: 'Text', role: 'Role', memoryMb: 'MemoryMb', timeoutMs: 'TimeoutMs',
  environment: 'Environment', archive: 'Archive', module: 'Module', noted: 'Noted', revisionId: 'Text', modifiedAt: 'Time',
}
const required = Object.keys(common).filter((name) => name !== 'archive' && name !== 'module')

const model: Model = {
  service: 'weir', apiVersion: '1', operations: {}, errors: {},
  shapes: {
    latest: {
      type: 'structure', members: { ...common, lastPublished: 'Count', reserved: 'Concurrency', tags: 'Texts' }, required: [...required, 'lastPublished', 'tags'],
    },
    version: { type: 'structure', members: common, required },
    alias: {
      type: 'structure', required: ['name', 'alias', 'version', 'description', 'weights', 'revisionId'],
      members: { name: 'Name', alias: 'AliasName', version: 'Version', description: 'Text', weights: 'Weights', revisionId: 'Text' },
    },
    events: {
      type: 'structure', required: ['name', 'qualifier', 'modifiedAt'],
      members: {
        name: 'Name', qualifier: 'Qualifier', maxRetries: 'Retries', maxAgeSeconds: 'Age', onSuccess: 'Destination', onFailure: 'Destination', modifiedAt: 'Time',
      },
    },
    archive: {
      type: 'structure', required: ['id', 'sha256', 'bytes', 'offset', 'storedAt'],
      members: { id: 'ArchiveId', sha256: 'Sha256', bytes: 'ArchiveBytes', offset: 'Count', storedAt: 'Time', leaving: 'Flag' },
    },
    // As older versions of Weir wrote it: one module.
    function: {
      type: 'structure', required: ['name', 'file', 'code', 'handler', 'memoryMb', 'timeoutMs', 'concurrency', 'environment', 'deployedAt'],
      members: {
        name: 'Name', file: 'File', code: 'Code', handler: 'Handler', memoryMb: 'MemoryMb', timeoutMs: 'TimeoutMs', concurrency: 'Concurrency',
        environment: 'Environment', deployedAt: 'Time',
      },
    },
    Name: { type: 'string', pattern: '[a-zA-Z0-9-_]+', min: 1, max: 64 },
    Version: { type: 'string', pattern: '\\$LATEST|[1-9][0-9]{0,8}' },
    AliasName: { type: 'string', pattern: '(?![0-9]+$)[a-zA-Z0-9-_]+', min: 1, max: 128 },
    Qualifier: { type: 'string', pattern: '\\$LATEST|[a-zA-Z0-9-_]+', min: 1, max: 128 },
    Handler: { type: 'string', pattern: '[^\\s]+', min: 1, max: 128 },
    File: { type: 'string', pattern: '[a-zA-Z0-9_-]+\\.(mjs|cjs|js|mts|cts|ts)', min: 1, max: 64 },
    Code: { type: 'string', min: 1, max: 1 << 20 },
    Role: { type: 'string', max: 10_000 },
    MemoryMb: { type: 'integer', min: 128, max: 10_240 },
    TimeoutMs: { type: 'integer', min: 1000, max: 900_000 },
    Concurrency: { type: 'integer', min: 0, max: 1000 },
    Environment: { type: 'map', key: 'VariableName', value: 'VariableValue' },
    VariableName: { type: 'string', pattern: '[a-zA-Z][a-zA-Z0-9_]+', max: 256 },
    VariableValue: { type: 'string', max: 4096 },
    Archive: { type: 'structure', members: { id: 'ArchiveId', sha256: 'Sha256', bytes: 'ArchiveBytes' }, required: ['id', 'sha256', 'bytes'] },
    ArchiveId: { type: 'string', pattern: '[0-9a-f]{64}-[0-9a-f]{8}' },
    Sha256: { type: 'string', pattern: '[0-9a-f]{64}' },
    ArchiveBytes: { type: 'integer', min: 1, max: 262_144_000 },
    Module: { type: 'structure', members: { file: 'File', code: 'Code' }, required: ['file', 'code'] },
    Noted: {
      type: 'structure', members: { architecture: 'Text', tracing: 'Text', ephemeralMb: 'Count', logging: 'Texts' },
      required: ['architecture', 'tracing', 'ephemeralMb', 'logging'],
    },
    Weights: { type: 'map', key: 'Version', value: 'Weight', max: 1 },
    Weight: { type: 'double', min: 0, max: 1 },
    Retries: { type: 'integer', min: 0, max: 2 },
    Age: { type: 'integer', min: 60, max: 21_600 },
    Destination: { type: 'string', pattern: '(kafka://|arn:).+', max: 350 },
    Count: { type: 'long', min: 0 },
    Time: { type: 'long', min: 0 },
    Text: { type: 'string', max: 512 },
    Texts: { type: 'map', key: 'Text', value: 'Text', max: 50 },
    Flag: { type: 'boolean' },
  },
}

const checks = Object.fromEntries(Object.keys(model.shapes).filter((name) => /^[a-z]/.test(name)).map((name) => [name, compile(model, name)]))

/** The key of an entry among those of its kind. */
export function idOf<K extends EntryKind>(kind: K, entry: Entries[K]): string {
  if (kind === 'archive') return (entry as StoredArchive).id
  const { name, version, alias, qualifier } = entry as { readonly name: string, readonly version?: string, readonly alias?: string, readonly qualifier?: string }
  return kind === 'latest' ? name : `${name}:${alias ?? qualifier ?? version}`
}

/** Throws an error that says what is wrong. */
export function checkEntry<K extends EntryKind>(kind: K, id: string, value: unknown): Entries[K] {
  const entry = checks[kind](value) as Entries[K]
  if (idOf(kind, entry) !== id) throw new Error(`The entry ${kind}/${id} says that it is ${idOf(kind, entry)}.`)
  if (kind === 'latest' || kind === 'version') {
    const { archive, module } = entry as FunctionVersion
    if ((archive === undefined) === (module === undefined)) throw new Error(`The entry ${kind}/${id} needs an archive or a module, and not both.`)
  }
  return entry
}

interface DeployedModule {
  readonly name: string
  readonly file: string
  readonly code: string
  readonly handler: string
  readonly memoryMb: number
  readonly timeoutMs: number
  readonly concurrency: number
  readonly environment: Readonly<Record<string, string>>
  readonly deployedAt: number
}

/** A function as older versions of Weir wrote it. */
export function fromModule(id: string, value: unknown, runtime: string, noted: NotedSettings): LatestVersion {
  const { file, code, deployedAt, concurrency, ...settings } = checks.function(value) as DeployedModule
  if (settings.name !== id) throw new Error(`The entry function/${id} says that it is ${settings.name}.`)
  return {
    ...settings, version: LATEST, runtime, description: '', role: '', module: { file, code }, noted, revisionId: String(deployedAt), modifiedAt: deployedAt,
    lastPublished: 0, reserved: concurrency, tags: {},
  }
}

export function isKind(kind: string): kind is EntryKind {
  return ['latest', 'version', 'alias', 'events', 'archive'].includes(kind)
}
