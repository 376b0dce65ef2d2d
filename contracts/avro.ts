/**
 * Avro schemas as a tree in which every name is resolved. Types, compatibility and the codec are derived from
 * it.
 */

/** A schema as JSON, as in an .avsc file (Avro 1.11 specification, "Schema Declaration"). */
export type AvroSchema =
  | string
  | readonly AvroSchema[]
  | { readonly type: AvroSchema; readonly [attribute: string]: unknown }

export const PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const
export type Primitive = (typeof PRIMITIVES)[number]

export type AvroNode = PrimitiveNode | FixedNode | EnumNode | ArrayNode | MapNode | UnionNode | RecordNode

export interface PrimitiveNode {
  readonly kind: Primitive
}
interface Named {
  readonly name: string
  readonly aliases: readonly string[]
  readonly doc: string | undefined
}
export interface FixedNode extends Named {
  readonly kind: 'fixed'
  readonly size: number
}
export interface EnumNode extends Named {
  readonly kind: 'enum'
  readonly symbols: readonly string[]
  readonly default: string | undefined
}
export interface ArrayNode {
  readonly kind: 'array'
  readonly items: AvroNode
}
export interface MapNode {
  readonly kind: 'map'
  readonly values: AvroNode
}
export interface UnionNode {
  readonly kind: 'union'
  readonly branches: readonly AvroNode[]
  /**
   * True if a JavaScript value does not identify its branch (int or double, two records). A value is then
   * wrapped as `{ branchName: value }`; otherwise it is not wrapped.
   */
  readonly wrapped: boolean
}
export interface RecordNode extends Named {
  readonly kind: 'record'
  readonly fields: readonly FieldNode[]
}

export interface FieldNode {
  readonly name: string
  readonly aliases: readonly string[]
  readonly doc: string | undefined
  readonly type: AvroNode
  /** The value of a missing field, in JavaScript (bytes are Buffers). If undefined, the field is required. */
  readonly default: unknown
}

export class SchemaError extends Error {
  override readonly name = 'SchemaError'
}

/**
 * Parses a schema. Throws a SchemaError with the path of anything that it does not understand. Refuses
 * recursive schemas, so that every value has a bounded depth.
 */
export function parseSchema(schema: AvroSchema): AvroNode {
  return parse(schema, { namespace: '', names: new Map(), open: new Set(), path: '' })
}

interface Scope {
  readonly namespace: string
  readonly names: Map<string, AvroNode>
  readonly open: Set<string>
  readonly path: string
}

type Attributes = Record<string, any>

function parse(schema: AvroSchema, scope: Scope): AvroNode {
  if (typeof schema === 'string') return reference(schema, scope)
  if (Array.isArray(schema)) return union(schema.map((branch) => parse(branch, scope)))
  if (schema === null || typeof schema !== 'object')
    throw new SchemaError(`${where(scope)} is ${JSON.stringify(schema)}, which is not an Avro schema.`)
  const attributes = schema as Attributes
  switch (attributes.type) {
    case 'record':
    case 'error':
      return record(attributes, scope)
    case 'enum':
      return define(attributes, scope, (named) => ({
        kind: 'enum',
        ...named,
        symbols: attributes.symbols,
        default: attributes.default,
      }))
    case 'fixed':
      return define(attributes, scope, (named) => ({ kind: 'fixed', ...named, size: attributes.size }))
    case 'array':
      return { kind: 'array', items: parse(attributes.items, inside(scope, '[]')) }
    case 'map':
      return { kind: 'map', values: parse(attributes.values, inside(scope, '{}')) }
    // A logical type annotates the type beneath it; its values remain those of that type.
    default:
      return parse(attributes.type, scope)
  }
}

function reference(name: string, scope: Scope): AvroNode {
  if ((PRIMITIVES as readonly string[]).includes(name)) return { kind: name as Primitive }
  const full = qualify(name, scope.namespace)
  const known = scope.names.get(full)
  if (known !== undefined) return known
  if (scope.open.has(full))
    throw new SchemaError(
      `${where(scope)} refers to ${full}, which contains it; recursive schemas are not supported; use a list with parent ids.`,
    )
  throw new SchemaError(`${where(scope)} refers to "${name}", which is not defined before it.`)
}

function record(attributes: Attributes, scope: Scope): AvroNode {
  const name = qualify(attributes.name, attributes.namespace ?? scope.namespace)
  const inner: Scope = {
    ...scope,
    namespace: namespaceOf(name),
    path: scope.path || name.slice(name.lastIndexOf('.') + 1),
  }
  scope.open.add(name)
  const fields = (attributes.fields as Attributes[]).map((field): FieldNode => {
    const type = parse(field.type, inside(inner, `.${field.name}`))
    return {
      name: field.name,
      aliases: field.aliases ?? [],
      doc: field.doc,
      type,
      default: 'default' in field ? defaultValue(type, field.default) : undefined,
    }
  })
  scope.open.delete(name)
  return define(attributes, scope, (named) => ({ kind: 'record', ...named, fields }))
}

function define(attributes: Attributes, scope: Scope, make: (named: Named) => AvroNode): AvroNode {
  const name = qualify(attributes.name, attributes.namespace ?? scope.namespace)
  const aliases = ((attributes.aliases ?? []) as string[]).map((alias) => qualify(alias, namespaceOf(name)))
  const node = make({ name, aliases, doc: attributes.doc })
  scope.names.set(name, node)
  return node
}

function union(branches: AvroNode[]): UnionNode {
  const kinds = branches.map(javascriptKind)
  return { kind: 'union', branches, wrapped: new Set(kinds).size < kinds.length }
}

/** Returns the kind of JavaScript value, as far as typeof and similar checks can tell. */
function javascriptKind(node: AvroNode): string {
  switch (node.kind) {
    case 'int':
    case 'long':
    case 'float':
    case 'double':
      return 'number'
    case 'bytes':
    case 'fixed':
      return 'buffer'
    case 'enum':
      return 'string'
    case 'record':
    case 'map':
      return 'object'
    default:
      return node.kind
  }
}

/** Returns the branch's name in a wrapped union's value and in the Avro JSON encoding. */
export function branchName(node: AvroNode): string {
  return 'name' in node ? node.name : node.kind
}

/** The default of a union is written for its first branch (specification, "Unions"). */
function defaultValue(node: AvroNode, json: unknown): unknown {
  if (node.kind !== 'union') return fromJson(node, json)
  const first = node.branches[0]!
  const value = defaultValue(first, json)
  return node.wrapped && first.kind !== 'null' ? { [branchName(first)]: value } : value
}

/**
 * Converts JSON to the value that the codec takes and returns. Bytes, in JSON a string of code points up to
 * 255, become Buffers.
 */
export function fromJson(node: AvroNode, json: any): unknown {
  switch (node.kind) {
    case 'bytes':
    case 'fixed':
      return Buffer.from(String(json), 'latin1')
    case 'array':
      return Array.isArray(json) ? json.map((item) => fromJson(node.items, item)) : json
    case 'map':
      return mapValues(json, () => node.values)
    case 'record':
      return mapValues(json, (name) => node.fields.find((field) => field.name === name)?.type)
    case 'union':
      return fromUnionJson(node, json)
    default:
      return json
  }
}

function fromUnionJson(node: UnionNode, json: any): unknown {
  if (json === null) return null
  if (node.wrapped)
    return mapValues(json, (name) => node.branches.find((branch) => branchName(branch) === name))
  const kind = Array.isArray(json) ? 'array' : typeof json
  const branch =
    node.branches.find((one) => javascriptKind(one) === kind) ??
    node.branches.find((one) => javascriptKind(one) === 'buffer')
  return branch === undefined ? json : fromJson(branch, json)
}

function mapValues(json: any, typeOf: (name: string) => AvroNode | undefined): unknown {
  if (json === null || typeof json !== 'object') return json
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => {
      const type = typeOf(name)
      return [name, type === undefined ? value : fromJson(type, value)]
    }),
  )
}

/** Returns the full name of a type that is named within the namespace. */
export function qualify(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`
}

/** Returns the namespace of a full name; empty if it has none. */
export function namespaceOf(name: string): string {
  return name.slice(0, Math.max(name.lastIndexOf('.'), 0))
}

function inside(scope: Scope, step: string): Scope {
  return { ...scope, path: scope.path + step }
}

function where(scope: Scope): string {
  return scope.path || 'The schema'
}
