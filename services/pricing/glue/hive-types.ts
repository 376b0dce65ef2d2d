/** Types of columns as Hive writes them, from Avro (Hive's AvroSerDe, "Avro to Hive type conversion"). */
import type { AvroNode, RecordNode } from '@weir/contracts/avro.ts'

export interface Column {
  readonly Name: string
  readonly Type: string
  readonly Comment?: string
}

/** Glue API reference, Column. */
const MAX_COMMENT = 255

const PRIMITIVES: Readonly<Record<string, string>> = {
  null: 'void',
  boolean: 'boolean',
  int: 'int',
  long: 'bigint',
  float: 'float',
  double: 'double',
  bytes: 'binary',
  string: 'string',
}

export function columnsOf({ fields }: RecordNode): Column[] {
  return fields.map(({ name, type, doc }) => ({
    Name: name,
    Type: hiveType(type),
    ...(doc !== undefined && { Comment: doc.replace(/\s+/g, ' ').slice(0, MAX_COMMENT) }),
  }))
}

export function hiveType(node: AvroNode): string {
  switch (node.kind) {
    case 'record':
      return `struct<${node.fields.map(({ name, type }) => `${name}:${hiveType(type)}`).join(',')}>`
    case 'array':
      return `array<${hiveType(node.items)}>`
    case 'map':
      return `map<string,${hiveType(node.values)}>`
    case 'enum':
      return 'string'
    case 'fixed':
      return 'binary'
    case 'union': {
      const branches = node.branches.filter(({ kind }) => kind !== 'null').map(hiveType)
      return branches.length === 1 ? branches[0]! : `uniontype<${branches.join(',')}>`
    }
    default:
      return PRIMITIVES[node.kind]!
  }
}
