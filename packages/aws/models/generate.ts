/**
 * Makes a compact model of one that AWS publishes: `node packages/aws/models/generate.ts SERVICE-2.JSON OUT
 * [OPERATION …]`. SERVICE-2.JSON is botocore's, which its wheel has gzipped as
 * botocore/data/SERVICE/VERSION/service-2.json.gz. The compact model has the named operations (all, if none
 * is named) and the shapes that they use, without documentation.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { folderOf } from '../protocols/rest-route.ts'

interface Source {
  readonly metadata: {
    readonly apiVersion: string
    readonly endpointPrefix: string
    readonly signingName?: string
    readonly protocol: string
    /** The protocols that the service speaks, if there are several. */
    readonly protocols?: readonly string[]
    readonly targetPrefix?: string
    readonly jsonVersion?: string
    readonly xmlNamespace?: string
  }
  readonly operations: Readonly<Record<string, SourceOperation>>
  readonly shapes: Readonly<Record<string, SourceShape>>
}

interface SourceOperation {
  readonly http: { readonly method: string; readonly requestUri: string; readonly responseCode?: number }
  readonly input?: Reference
  readonly output?: Reference & { readonly resultWrapper?: string }
  readonly errors?: readonly Reference[]
}

interface Reference {
  readonly shape: string
  readonly location?: string
  readonly locationName?: string
  readonly flattened?: boolean
}

interface SourceShape {
  readonly type: string
  readonly members?: Readonly<Record<string, Reference>>
  readonly member?: Reference
  readonly key?: Reference
  readonly value?: Reference
  readonly required?: readonly string[]
  readonly pattern?: string
  readonly flattened?: boolean
  readonly error?: { readonly httpStatusCode?: number; readonly code?: string }
  readonly exception?: boolean
  readonly fault?: boolean
  readonly [trait: string]: unknown
}

/** The traits that shapes keep as they are. */
const TRAITS = ['min', 'max', 'enum', 'eventstream', 'payload', 'sensitive']
/** The protocols of the door. */
const PROTOCOLS = ['json', 'query', 'rest-json']

/** @param wanted the operations to keep; none: all */
function generate({ metadata, operations, shapes }: Source, wanted: readonly string[]): string {
  const unknown = wanted.filter((name) => !Object.hasOwn(operations, name))
  if (unknown.length > 0) throw new Error(`The model does not have the operation ${unknown.join(', ')}.`)
  const spoken = metadata.protocols ?? [metadata.protocol]
  const protocol = PROTOCOLS.find((known) => spoken.includes(known))
  if (protocol === undefined) throw new Error(`The door supports none of ${spoken.join(', ')}.`)
  const flattened = flattenedShapes(shapes)
  const kept = new Map<string, object>()
  const errors: Record<string, object> = {}

  const keep = (name: string): void => {
    if (kept.has(name)) return
    const shape = shapes[name]
    if (shape.exception)
      errors[name] = {
        status: shape.error?.httpStatusCode ?? (shape.fault ? 500 : 400),
        ...(shape.fault ? { fault: true } : {}),
        ...(protocol === 'query' && shape.error?.code !== undefined ? { code: shape.error.code } : {}),
      }
    const compact = {
      ...compactOf(shape),
      ...(protocol === 'query' && queryTraitsOf(shape, flattened.has(name))),
    }
    kept.set(name, compact)
    for (const reference of [shape.member, shape.key, shape.value, ...Object.values(shape.members ?? {})])
      if (reference) keep(reference.shape)
  }

  const chosen = Object.entries(operations).filter(([name]) => wanted.length === 0 || wanted.includes(name))
  const compactOperations = chosen.map(([name, { http, input, output, errors: thrown = [] }]) => {
    for (const reference of [input, output, ...thrown]) if (reference) keep(reference.shape)
    const route =
      http.method === 'POST' && http.requestUri === '/'
        ? undefined
        : { method: http.method, uri: http.requestUri, status: http.responseCode }
    const { shape, resultWrapper } = output ?? {}
    return [name, { input: input?.shape, output: shape, resultWrapper, http: route }] as const
  })
  const byName = ([a]: readonly [string, object], [b]: readonly [string, object]): number => (a < b ? -1 : 1)
  const head = {
    service: metadata.signingName ?? metadata.endpointPrefix,
    apiVersion: metadata.apiVersion,
    protocol,
    ...(protocol === 'json' && { targetPrefix: metadata.targetPrefix, jsonVersion: metadata.jsonVersion }),
    ...(protocol === 'query' && { xmlNamespace: metadata.xmlNamespace }),
    ...(protocol === 'rest-json' && { folders: foldersOf(operations) }),
  }
  return `{
${Object.entries(head)
  .map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)},`)
  .join('\n')}
  "operations": ${lines(compactOperations)},
  "errors": ${lines(Object.entries(errors).sort(byName))},
  "shapes": ${lines([...kept].sort(byName))}
}
`
}

/** Returns the first folders of the paths of all operations, those that are left out among them. */
function foldersOf(operations: Source['operations']): string[] {
  return [...new Set(Object.values(operations).map(({ http }) => folderOf(http.requestUri)))].sort()
}

function compactOf(shape: SourceShape): object {
  const compact: Record<string, unknown> = { type: shape.type === 'character' ? 'string' : shape.type }
  if (shape.members) {
    compact.members = Object.fromEntries(
      Object.entries(shape.members).map(([name, { shape: of }]) => [name, of]),
    )
    const located = Object.entries(shape.members).filter(([, { location }]) => location !== undefined)
    const locations = located.map(
      ([name, { location, locationName }]) => [name, { location, name: locationName }] as const,
    )
    if (locations.length > 0) compact.locations = Object.fromEntries(locations)
  }
  for (const role of ['member', 'key', 'value'] as const) if (shape[role]) compact[role] = shape[role].shape
  if (shape.required?.length) compact.required = shape.required
  if (shape.pattern !== undefined) compact.pattern = bare(shape.pattern)
  for (const trait of TRAITS) if (shape[trait] !== undefined) compact[trait] = shape[trait]
  return compact
}

/** Returns the names and forms that parameters and XML have for the shape. */
function queryTraitsOf(shape: SourceShape, flattened: boolean): object {
  const traits: Record<string, unknown> = {}
  const named = Object.entries(shape.members ?? {}).filter(
    ([name, { locationName }]) => (locationName ?? name) !== name,
  )
  if (named.length > 0)
    traits.names = Object.fromEntries(named.map(([name, { locationName }]) => [name, locationName]))
  for (const role of ['member', 'key', 'value'] as const)
    if (shape[role]?.locationName !== undefined) traits[`${role}Name`] = shape[role].locationName
  if (flattened) traits.flattened = true
  return traits
}

/** Returns the lists and maps that are flattened by themselves, or as members. No model mixes the two. */
function flattenedShapes(shapes: Source['shapes']): Set<string> {
  const found = new Set<string>()
  for (const [name, { flattened, members = {} }] of Object.entries(shapes)) {
    if (flattened) found.add(name)
    for (const reference of Object.values(members)) if (reference.flattened) found.add(reference.shape)
  }
  return found
}

/**
 * Patterns match whole texts. Newer models have ^( )$ around them, which AWS's servers leave out of their
 * messages.
 */
function bare(pattern: string): string {
  if (!pattern.startsWith('^')) return pattern
  const inner = pattern.slice(1, pattern.endsWith('$') ? -1 : undefined)
  return /^\((?:[^()]|\([^()]*\))*\)$/.test(inner) ? inner.slice(1, -1) : inner
}

/** Writes one entry in a line. */
function lines(entries: readonly (readonly [string, object])[]): string {
  return `{\n${entries.map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)}`).join(',\n')}\n  }`
}

const [source, target, ...wanted] = process.argv.slice(2)
if (target === undefined) {
  console.error('node packages/aws/models/generate.ts SERVICE-2.JSON OUT [OPERATION …]')
  process.exit(1)
}
writeFileSync(target, generate(JSON.parse(readFileSync(source, 'utf8')) as Source, wanted))
