/** Definitions of Avro schemas as texts, which clients send. */
import { type AvroSchema, namespaceOf, PRIMITIVES, qualify } from '@weir/contracts/avro.ts'
import avro from 'avsc'

const NAMED: readonly unknown[] = ['record', 'error', 'enum', 'fixed']

/** Returns why the text is not an Avro schema; undefined if it is one. */
export function avroProblem(text: string): string | undefined {
  try {
    avro.Type.forSchema(JSON.parse(text))
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
