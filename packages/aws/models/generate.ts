/**
 * Makes a compact model of one of AWS's: `node packages/aws/models/generate.ts SERVICE-2.JSON OUT [OPERATION
 * …]`. SERVICE-2.JSON is botocore's (a wheel of botocore has it gzipped as
 * botocore/data/SERVICE/VERSION/service-2.json.gz). Documentation goes, operations that are not named where
 * some are, and shapes that nothing reaches.
 */
import { readFileSync, writeFileSync } from 'node:fs'

interface Source {
  readonly metadata: {
    readonly apiVersion: string
    readonly endpointPrefix: string
    readonly signingName?: string
    readonly targetPrefix?: string
  }
  readonly operations: Readonly<Record<string, SourceOperation>>
  readonly shapes: Readonly<Record<string, SourceShape>>
}

interface SourceOperation {
  readonly http: { readonly method: string; readonly requestUri: string; readonly responseCode?: number }
  readonly input?: Reference
  readonly output?: Reference
  readonly errors?: readonly Reference[]
}

interface Reference {
  readonly shape: string
  readonly location?: string
  readonly locationName?: string
}

interface SourceShape {
  readonly type: string
  readonly members?: Readonly<Record<string, Reference>>
  readonly member?: Reference
  readonly key?: Reference
  readonly value?: Reference
  readonly required?: readonly string[]
  readonly pattern?: string
  readonly error?: { readonly httpStatusCode?: number }
  readonly exception?: boolean
  readonly fault?: boolean
  readonly [trait: string]: unknown
}

/** What the shapes of a type keep of their traits. */
const TRAITS = ['min', 'max', 'enum', 'eventstream', 'payload', 'sensitive']

/** @param wanted the operations to keep; none: all */
function generate({ metadata, operations, shapes }: Source, wanted: readonly string[]): string {
  const unknown = wanted.filter((name) => !Object.hasOwn(operations, name))
  if (unknown.length > 0) throw new Error(`The model has no operation ${unknown.join(', ')}.`)
  const kept = new Map<string, object>()
  const errors: Record<string, object> = {}

  const keep = (name: string): void => {
    if (kept.has(name)) return
    const shape = shapes[name]
    if (shape.exception)
      errors[name] = {
        status: shape.error?.httpStatusCode ?? (shape.fault ? 500 : 400),
        ...(shape.fault ? { fault: true } : {}),
      }
    const compact = compactOf(shape)
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
    return [name, { input: input?.shape, output: output?.shape, http: route }] as const
  })
  const byName = ([a]: readonly [string, object], [b]: readonly [string, object]): number => (a < b ? -1 : 1)
  return `{
  "service": ${JSON.stringify(metadata.signingName ?? metadata.endpointPrefix)},
  "apiVersion": ${JSON.stringify(metadata.apiVersion)},
  "targetPrefix": ${JSON.stringify(metadata.targetPrefix ?? null)},
  "operations": ${lines(compactOperations)},
  "errors": ${lines(Object.entries(errors).sort(byName))},
  "shapes": ${lines([...kept].sort(byName))}
}
`
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

/** Patterns fit whole texts; AWS's servers name them without the ^( )$ around, which newer models have. */
function bare(pattern: string): string {
  if (!pattern.startsWith('^')) return pattern
  const inner = pattern.slice(1, pattern.endsWith('$') ? -1 : undefined)
  return /^\((?:[^()]|\([^()]*\))*\)$/.test(inner) ? inner.slice(1, -1) : inner
}

/** An entry a line. */
function lines(entries: readonly (readonly [string, object])[]): string {
  return `{\n${entries.map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)}`).join(',\n')}\n  }`
}

const [source, target, ...wanted] = process.argv.slice(2)
if (target === undefined) {
  console.error('node packages/aws/models/generate.ts SERVICE-2.JSON OUT [OPERATION …]')
  process.exit(1)
}
writeFileSync(
  target,
  generate(JSON.parse(readFileSync(source, 'utf8')) as Source, wanted).replace(
    '  "targetPrefix": null,\n',
    '',
  ),
)
