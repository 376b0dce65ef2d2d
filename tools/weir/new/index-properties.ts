/** The mapping properties of a search index, by the contract of its topic. */
import { schemaOf, type Topic } from '@weir/contracts'
import { type AvroNode, parseSchema, type RecordNode } from '@weir/contracts/avro.ts'

type Property = { readonly [name: string]: Property | string }

const TYPES: Readonly<Partial<Record<AvroNode['kind'], string>>> = {
  string: 'keyword',
  enum: 'keyword',
  boolean: 'boolean',
  int: 'integer',
  long: 'long',
  float: 'float',
  double: 'double',
}

/** Returns the properties as members of an object literal. Fields that no type fits are not mapped. */
export function indexProperties(topic: Topic): string {
  const properties = propertiesOf(parseSchema(schemaOf(topic)) as RecordNode, timesOf(schemaOf(topic)))
  return Object.entries(properties)
    .map(([name, property]) => `${JSON.stringify(name)}: ${JSON.stringify(property)},\n`)
    .join('')
}

function propertiesOf({ fields }: RecordNode, times: ReadonlySet<string> = new Set()): Property {
  return Object.fromEntries(
    fields.flatMap(({ name, type }) => {
      const property = times.has(name) ? { type: 'date', format: 'epoch_millis' } : propertyOf(type)
      return property === undefined ? [] : [[name, property]]
    }),
  )
}

function propertyOf(node: AvroNode): Property | undefined {
  if (node.kind === 'array') return propertyOf(node.items)
  if (node.kind === 'union') {
    const [only, ...others] = node.branches.filter(({ kind }) => kind !== 'null')
    return others.length === 0 ? propertyOf(only) : undefined
  }
  if (node.kind === 'record') {
    const names = node.fields.map(({ name }) => name)
    return names.length === 2 && names.includes('lat') && names.includes('lon')
      ? { type: 'geo_point' }
      : { properties: propertiesOf(node) }
  }
  const type = TYPES[node.kind]
  return type === undefined ? undefined : { type }
}

/** The fields with times; parsed schemas leave logical types out. */
function timesOf(schema: unknown): Set<string> {
  const { fields } = schema as { fields: readonly { name: string; type: { logicalType?: string } }[] }
  return new Set(fields.filter(({ type }) => type.logicalType === 'timestamp-millis').map(({ name }) => name))
}
