/**
 * Checks of the entries of the control log. Entries are input: each is checked before it is applied, and a
 * name in it never becomes a path.
 */
import type { CheckState } from '@weir/control'
import {
  flag,
  integer,
  list,
  map,
  number,
  object,
  oneOf,
  read,
  type Shape,
  text,
} from '@weir/topics/shape.ts'
import type { StoredArchive } from './code/archive.ts'
import {
  type Entries,
  type EntryKind,
  type FunctionVersion,
  LATEST,
  type LatestVersion,
  type NotedSettings,
} from './entries.ts'
import type { StartingPosition } from './mappings/mapping.ts'
import { sourceShape } from './mappings/sources/sources.ts'

const functionName = text({ max: 64, pattern: /^[a-zA-Z0-9_-]+$/, like: 'letters, digits, _ and -' })
const versionName = text({ max: 10, pattern: /^(\$LATEST|[1-9]\d{0,8})$/, like: '$LATEST or a number' })
const aliasName = text({
  max: 128,
  pattern: /^(?!\d+$)[a-zA-Z0-9_-]+$/,
  like: 'letters, digits, _ and -, but not a number',
})
const qualifier = text({
  max: 128,
  pattern: /^(\$LATEST|[a-zA-Z0-9_-]+)$/,
  like: '$LATEST, a number, or an alias',
})
const file = text({ max: 64, pattern: /^[a-zA-Z0-9_-]+\.(mjs|cjs|js|mts|cts|ts)$/, like: 'like index.mjs' })
const sha256 = text({ max: 64, pattern: /^[0-9a-f]{64}$/, like: 'a SHA-256 in hex' })
const archiveId = text({
  max: 73,
  pattern: /^[0-9a-f]{64}-[0-9a-f]{8}$/,
  like: 'a SHA-256 in hex, a hyphen and eight digits',
})
const archiveBytes = integer({ min: 1, max: 262_144_000 })
const handler = text({ max: 128, pattern: /^\S+$/, like: 'without blanks' })
const code = text({ max: 1 << 20 })
const memoryMb = integer({ min: 128, max: 10_240 })
const timeoutMs = integer({ min: 1000, max: 900_000 })
const concurrency = integer({ min: 0, max: 1000 })
const time = integer({ min: 0, max: 8.64e15 })
const count = integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const words = text({ min: 0, max: 512 })
const destination = text({ max: 350, pattern: /^(kafka:\/\/|arn:)/, like: 'kafka://TOPIC or an ARN' })
const environment = map(
  text({ max: 256, pattern: /^[a-zA-Z][a-zA-Z0-9_]*$/, like: 'a name of a variable' }),
  text({ min: 0, max: 4096 }),
  { max: 1000 },
)

const ofVersion = {
  name: functionName,
  version: versionName,
  runtime: words,
  handler,
  description: words,
  role: text({ min: 0, max: 10_000 }),
  memoryMb,
  timeoutMs,
  environment,
  noted: object({
    architecture: words,
    tracing: words,
    ephemeralMb: count,
    logging: map(words, words, { max: 10 }),
  }),
  revisionId: words,
  modifiedAt: time,
}
const ofCode = {
  archive: object({ id: archiveId, sha256, bytes: archiveBytes }),
  module: object({ file, code }),
}

const shapes: { readonly [kind in EntryKind]: Shape<unknown> } = {
  latest: object(
    { ...ofVersion, lastPublished: count, tags: map(words, words, { max: 50 }) },
    { ...ofCode, reserved: concurrency, publishedDescription: words },
  ),
  version: object(ofVersion, ofCode),
  alias: object({
    name: functionName,
    alias: aliasName,
    version: versionName,
    description: words,
    weights: map(versionName, number({ min: 0, max: 1 }), { max: 1 }),
    revisionId: words,
  }),
  events: object(
    { name: functionName, qualifier, modifiedAt: time },
    {
      maxRetries: integer({ min: 0, max: 2 }),
      maxAgeSeconds: integer({ min: 60, max: 21_600 }),
      onSuccess: destination,
      onFailure: destination,
    },
  ),
  archive: object(
    { id: archiveId, sha256, bytes: archiveBytes, offset: count, storedAt: time },
    { leaving: flag },
  ),
}
/** A function as older versions of Weir wrote it: one module. */
const deployedModule = object({
  name: functionName,
  file,
  code,
  handler,
  memoryMb,
  timeoutMs,
  concurrency,
  environment,
  deployedAt: time,
})
const topicName = text({ max: 249, pattern: /^[a-zA-Z0-9._-]+$/, like: 'the name of a topic' })
const start: Shape<StartingPosition> = (value, at, extra) =>
  typeof value === 'string'
    ? oneOf('TRIM_HORIZON', 'LATEST')(value, at, extra)
    : object({ timestamp: integer({ min: -8.64e15, max: 8.64e15 }) })(value, at, extra)
const longWords = text({ min: 0, max: 10_000 })
const asked = object(
  { modifiedAt: time },
  {
    tags: map(words, words, { max: 1000 }),
    qualifier,
    endpoints: map(words, list(words, { max: 10 }), { max: 10 }),
    schemaRegistry: object(
      {},
      {
        SchemaRegistryURI: longWords,
        EventRecordFormat: words,
        AccessConfigs: list(object({}, { Type: words, URI: longWords }), { max: 100 }),
        SchemaValidationConfigs: list(object({}, { Attribute: words }), { max: 100 }),
      },
    ),
  },
)
const mapping = object(
  {
    id: text({ max: 128 }),
    functionName,
    source: sourceShape,
    groupId: text({ max: 249 }),
    enabled: flag,
    start,
    settings: object({
      batchSize: integer({ min: 1, max: 10_000 }),
      windowMs: integer({ min: 0, max: 300_000 }),
      parallelization: integer({ min: 1, max: 10 }),
      maxRetries: integer({ min: -1, max: 10_000 }),
      maxAgeMs: integer({ min: -1, max: 604_800_000 }),
      bisect: flag,
      reportItemFailures: flag,
      tumblingMs: integer({ min: 0, max: 900_000 }),
    }),
    decode: flag,
  },
  {
    filters: object(
      {},
      { Filters: list(object({}, { Pattern: text({ min: 0, max: 4096 }) }), { max: 100 }) },
    ),
    onFailure: destination,
    output: topicName,
    onceMs: integer({ min: 1, max: 86_400_000 }),
    maxConcurrency: integer({ min: 1, max: 1000 }),
    asked,
  },
)

/** Returns the key of an entry, unique within its kind. */
function idOf<K extends EntryKind>(kind: K, entry: Entries[K]): string {
  if (kind === 'archive') return (entry as StoredArchive).id
  const {
    name,
    version,
    alias,
    qualifier: of,
  } = entry as {
    readonly name: string
    readonly version?: string
    readonly alias?: string
    readonly qualifier?: string
  }
  return kind === 'latest' ? name : `${name}:${alias ?? of ?? version}`
}

function checkEntry(kind: EntryKind): CheckState {
  return (state, id) => {
    const entry = read(shapes[kind], state, 'ignored') as Entries[EntryKind]
    if (idOf(kind, entry) !== id) throw new Error(`The ${kind} is stored under the name of another ${kind}.`)
    if (kind !== 'latest' && kind !== 'version') return
    const { archive, module } = entry as FunctionVersion
    if ((archive === undefined) === (module === undefined))
      throw new Error('A version needs an archive or a module, but not both.')
  }
}

/** The check for each kind of entry. */
export const checks = {
  latest: checkEntry('latest'),
  version: checkEntry('version'),
  alias: checkEntry('alias'),
  events: checkEntry('events'),
  archive: checkEntry('archive'),
  function: (state, id) => {
    if (read(deployedModule, state, 'ignored').name !== id)
      throw new Error('The function is stored under the name of another function.')
  },
  mapping: (state, id) => {
    if (read(mapping, state, 'ignored').id !== id)
      throw new Error('The mapping is stored under the id of another mapping.')
  },
} satisfies Record<string, CheckState>

/** Converts an entry of an older version of Weir, which has passed its check, to $LATEST of a function. */
export function fromModule(state: unknown, runtime: string, noted: NotedSettings): LatestVersion {
  const {
    file: name,
    code: source,
    deployedAt,
    concurrency: reserved,
    ...settings
  } = read(deployedModule, state, 'ignored')
  return {
    ...settings,
    version: LATEST,
    runtime,
    description: '',
    role: '',
    module: { file: name, code: source },
    noted,
    revisionId: String(deployedAt),
    modifiedAt: deployedAt,
    lastPublished: 0,
    reserved,
    tags: {},
  }
}

export function isKind(kind: string): kind is EntryKind {
  return Object.hasOwn(shapes, kind)
}
