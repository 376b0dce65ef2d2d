/** Definitions of Avro schemas as texts, which clients send. */
import { type AvroSchema, namespaceOf, PRIMITIVES, qualify } from '@weir/contracts/avro.ts'
import avro from 'avsc'

/**
 * Libraries follow each reference to a type anew when they check defaults, so a small schema whose types refer to each
 * other twice takes forever. More types than this, with all references followed, are not a schema that a person wrote.
 */
const MAX_TYPES = 10_000

const NAMED: readonly unknown[] = ['record', 'error', 'enum', 'fixed']

export const MULTIPLIES = `The schema has more than ${MAX_TYPES} types when all references are followed.`

/** Whether a schema, in JSON, has too many types when all references are followed. */
export const multiplies = (schema: unknown): boolean =>
  countTypes(schema as AvroSchema, '', new Map()) > MAX_TYPES

/** @param known the counts of the named types so far; a type within itself counts as one */
function countTypes(schema: AvroSchema, namespace: string, known: Map<string, number>): number {
  if (typeof schema === 'string') return known.get(qualify(schema, namespace)) ?? 1
  if (Array.isArray(schema))
    return schema.reduce((sum, branch) => sum + countTypes(branch, namespace, known), 1)
  if (schema === null || typeof schema !== 'object') return 1
  const { type, name, namespace: own, fields, items, values } = schema as Record<string, any>
  if (!NAMED.includes(type))
    return [type, items, values].reduce((sum, inner) => sum + countTypes(inner, namespace, known), 1)
  const full = typeof name === 'string' ? qualify(name, own ?? namespace) : ''
  known.set(full, 1)
  let count = 1
  for (const field of Array.isArray(fields) ? fields : [])
    count += countTypes(field?.type, namespaceOf(full), known)
  known.set(full, Math.min(count, MAX_TYPES + 1))
  return count
}

/** Returns why the text is not an Avro schema; undefined if it is one. */
export function avroProblem(text: string): string | undefined {
  try {
    const schema = JSON.parse(text)
    if (multiplies(schema)) return MULTIPLIES
    avro.Type.forSchema(schema)
    return undefined
  } catch (error) {
    return (error as Error).message.slice(0, 300)
  }
}

/**
 * Returns the same text for two definitions that differ in documentation, in the order of their attributes or in the
 * form of names only; undefined for a text that is not an Avro schema. Data of one is data of the other.
 */
export function canonicalAvro(text: string): string | undefined {
  try {
    return JSON.stringify(canonical(JSON.parse(text), ''))
  } catch {
    return undefined
  }
}

function canonical(schema: AvroSchema, namespace: string): unknown {
  if (typeof schema === 'string')
    return (PRIMITIVES as readonly string[]).includes(schema) ? schema : qualify(schema, namespace)
  if (Array.isArray(schema)) return schema.map((branch) => canonical(branch, namespace))
  const { type, doc, namespace: own, ...attributes } = schema as Record<string, any>
  if (!NAMED.includes(type)) {
    if (attributes.items !== undefined) attributes.items = canonical(attributes.items, namespace)
    if (attributes.values !== undefined) attributes.values = canonical(attributes.values, namespace)
    const of = type === 'array' || type === 'map' ? type : canonical(type, namespace)
    return Object.keys(attributes).length === 0 ? of : sorted({ ...attributes, type: of })
  }
  const name = qualify(attributes.name, own ?? namespace)
  const inner = namespaceOf(name)
  if (attributes.fields !== undefined)
    attributes.fields = attributes.fields.map(({ doc, ...field }: Record<string, any>) =>
      sorted({ ...field, type: canonical(field.type, inner) }),
    )
  return sorted({ ...attributes, type, name })
}

const sorted = (attributes: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)))
