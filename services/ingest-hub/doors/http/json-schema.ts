/**
 * Translates contracts to JSON Schema (2020-12, the dialect of OpenAPI 3.1), for the JSON that clients send.
 */
import type { AvroNode, RecordNode } from '@weir/contracts/avro.ts'

export function jsonSchema(node: AvroNode): Record<string, unknown> {
  switch (node.kind) {
    case 'null':
      return { type: 'null' }
    case 'boolean':
      return { type: 'boolean' }
    case 'int':
      return { type: 'integer', minimum: -(2 ** 31), maximum: 2 ** 31 - 1 }
    case 'long':
      return { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }
    case 'float':
    case 'double':
      return { type: 'number' }
    case 'string':
      return { type: 'string' }
    case 'bytes':
      return { type: 'string', description: 'Code points up to 255, one per byte.' }
    case 'fixed':
      return {
        type: 'string',
        minLength: node.size,
        maxLength: node.size,
        description: 'Code points up to 255, one per byte.',
      }
    case 'enum':
      return { type: 'string', enum: [...node.symbols] }
    case 'array':
      return { type: 'array', items: jsonSchema(node.items) }
    case 'map':
      return { type: 'object', additionalProperties: jsonSchema(node.values) }
    case 'union':
      return { anyOf: node.branches.map(jsonSchema) }
    case 'record':
      return recordSchema(node)
  }
}

function recordSchema({ name, doc, fields }: RecordNode): Record<string, unknown> {
  return {
    title: name,
    ...(doc !== undefined && { description: doc }),
    type: 'object',
    additionalProperties: false,
    required: fields.filter((field) => field.default === undefined).map((field) => field.name),
    properties: Object.fromEntries(
      fields.map((field) => [
        field.name,
        {
          ...jsonSchema(field.type),
          ...(field.doc !== undefined && { description: field.doc }),
          ...(field.default !== undefined && { default: field.default }),
        },
      ]),
    ),
  }
}
