/**
 * Decoders specialised to a pair of schemas, the writer's and the reader's: fields are read in the writer's
 * order, promoted, skipped or defaulted (Avro specification, "Schema Resolution"). They throw Undecodable,
 * even if it is the two schemas that do not match.
 */

import {
  type ArrayNode,
  type AvroNode,
  branchName,
  type EnumNode,
  type FieldNode,
  type MapNode,
  PRIMITIVES,
  type PrimitiveNode,
  type RecordNode,
  type UnionNode,
} from '@weir/contracts/avro.ts'
import { promotes, sameName } from '@weir/contracts/compatibility.ts'
import * as runtime from './decode-runtime.ts'
import { literal, property, quote, Source } from './source.ts'

/** Decodes the value that takes exactly the bytes from `at` to `end`. */
export type Decode = (bytes: Buffer, at: number, end: number) => unknown

export function compileDecoder(writer: AvroNode, reader: AvroNode): Decode {
  const generator = new Generator()
  const { source } = generator
  source.line('return function decode(bytes, at, end) {')
  source.line('const view = viewOf(bytes)')
  const value = generator.read(writer, reader, '')
  source.line(`if (at !== end) refuseBytes('', \`has \${end - at} bytes too many\`)`)
  source.line(`return ${value}`)
  source.line('}')
  return source.compile<Decode>({ ...runtime, Buffer })
}

class Generator {
  readonly source = new Source()

  /**
   * Writes code that reads a value of the writer's schema; returns an expression for it in the reader's
   * schema.
   */
  read(writer: AvroNode, reader: AvroNode, path: string): string {
    if (writer.kind === 'union') return this.#unionWritten(writer, reader, path)
    if (reader.kind === 'union') return this.#unionRead(writer, reader, path)
    if (reader.kind === 'record' && writer.kind === 'record' && sameName(reader, writer))
      return this.#record(writer, reader, path)
    if (reader.kind === 'enum' && writer.kind === 'enum' && sameName(reader, writer))
      return this.#enum(writer, reader, path)
    if (reader.kind === 'array' && writer.kind === 'array') return this.#array(writer, reader, path)
    if (reader.kind === 'map' && writer.kind === 'map') return this.#map(writer, reader, path)
    if (
      reader.kind === 'fixed' &&
      writer.kind === 'fixed' &&
      sameName(reader, writer) &&
      reader.size === writer.size
    )
      return this.#bytes(`${reader.size}`, path)
    if (isPrimitive(writer) && (reader.kind === writer.kind || promotes(writer, reader)))
      return this.#primitive(writer, reader, path)
    this.source.line(
      `refuseBytes(${quote(path)}, ${quote(`was written as ${branchName(writer)}, which cannot be read as ${branchName(reader)}`)})`,
    )
    return 'undefined'
  }

  #primitive(writer: PrimitiveNode, reader: AvroNode, path: string): string {
    switch (writer.kind) {
      case 'null':
        return 'null'
      case 'boolean':
        return this.#boolean(path)
      case 'int':
        return this.#number('readInt', path)
      case 'long':
        return this.#number('readLong', path)
      case 'float':
        return this.#float(4, 'getFloat32', path)
      case 'double':
        return this.#float(8, 'getFloat64', path)
      default:
        return reader.kind === 'string' ? this.#text(path) : this.#bytes(this.#length(path), path)
    }
  }

  #boolean(path: string): string {
    const value = this.source.name('value')
    this.source.line(`if (at >= end) refuseShort(${quote(path)})`)
    this.source.line(`const ${value} = bytes[at++]`)
    this.source.line(`if (${value} > 1) refuseBytes(${quote(path)}, 'is not a boolean')`)
    return `${value} === 1`
  }

  #number(read: 'readInt' | 'readLong', path: string): string {
    const value = this.source.name('value')
    this.source.line(`const ${value} = ${read}(bytes, at, end, ${quote(path)})`)
    this.source.line('at = cursor.at')
    return value
  }

  #float(size: number, get: string, path: string): string {
    const value = this.source.name('value')
    this.source.line(`if (at + ${size} > end) refuseShort(${quote(path)})`)
    this.source.line(`const ${value} = view.${get}(at, true)`)
    this.source.line(`at += ${size}`)
    return value
  }

  /**
   * Writes code that reads a length. A length of more than one byte is checked against the bytes that follow.
   * Nearly all take one byte, whose lowest bit is the sign.
   */
  #length(path: string): string {
    const length = this.source.name('length')
    this.source.line(`let ${length} = at < end ? bytes[at] : refuseShort(${quote(path)})`)
    this.source.line(
      `if (${length} & 0x81) { ${length} = readLength(bytes, at, end, ${quote(path)}); at = cursor.at }`,
    )
    this.source.line(`else { ${length} >>= 1; at++ }`)
    return length
  }

  #text(path: string): string {
    const length = this.#length(path)
    const value = this.source.name('value')
    this.source.line(`if (${length} > end - at) refuseShort(${quote(path)})`)
    this.source.line(`const ${value} = readText(bytes, at, at + ${length}, ${quote(path)})`)
    this.source.line(`at += ${length}`)
    return value
  }

  #bytes(length: string, path: string): string {
    const value = this.source.name('value')
    this.source.line(`if (${length} > end - at) refuseShort(${quote(path)})`)
    this.source.line(`const ${value} = readBytes(bytes, at, at + ${length})`)
    this.source.line(`at += ${length}`)
    return value
  }

  #enum(writer: EnumNode, reader: EnumNode, path: string): string {
    const symbols = writer.symbols.map((symbol) =>
      reader.symbols.includes(symbol) ? symbol : reader.default,
    )
    const table = this.source.constant(
      `[${symbols.map((symbol) => (symbol === undefined ? 'undefined' : quote(symbol))).join(', ')}]`,
    )
    const index = this.#number('readInt', path)
    const value = this.source.name('value')
    this.source.line(`const ${value} = ${table}[${index}]`)
    this.source.line(`if (${value} === undefined) refuseBytes(${quote(path)}, 'has an unknown symbol')`)
    return value
  }

  #record(writer: RecordNode, reader: RecordNode, path: string): string {
    const read = new Map<string, string>()
    for (const field of writer.fields) {
      const target = targetOf(field, reader)
      const fieldPath = path === '' ? field.name : `${path}.${field.name}`
      if (target === undefined) this.read(field.type, field.type, fieldPath)
      else read.set(target.name, this.read(field.type, target.type, fieldPath))
    }
    const properties = reader.fields.map((field) =>
      property(field.name, read.get(field.name) ?? this.#default(field, path)),
    )
    const value = this.source.name('value')
    this.source.line(`const ${value} = { ${properties.join(', ')} }`)
    return value
  }

  #default(field: FieldNode, path: string): string {
    if (field.default !== undefined) return literal(field.default)
    this.source.line(
      `refuseBytes(${quote(path === '' ? field.name : `${path}.${field.name}`)}, 'was not written and has no default')`,
    )
    return 'undefined'
  }

  #array(writer: ArrayNode, reader: ArrayNode, path: string): string {
    const list = this.source.name('list')
    this.source.line(`const ${list} = []`)
    this.#blocks(minBytes(writer.items), `${list}.length`, path, () => {
      const item = this.read(writer.items, reader.items, `${path}[]`)
      this.source.line(`${list}.push(${item})`)
    })
    return list
  }

  #map(writer: MapNode, reader: MapNode, path: string): string {
    const map = this.source.name('map')
    this.source.line(`const ${map} = {}`)
    this.#blocks(1 + minBytes(writer.values), '0', path, () => {
      const key = this.#text(path)
      const value = this.read(writer.values, reader.values, `${path}{}`)
      this.source.line(`put(${map}, ${key}, ${value})`)
    })
    return map
  }

  #blocks(least: number, before: string, path: string, item: () => void): void {
    const count = this.source.name('count')
    const readCount = `readCount(bytes, at, end, ${least}, ${before}, ${quote(path)})`
    this.source.line(
      `for (let ${count} = ${readCount}; (at = cursor.at, ${count} > 0); ${count} = ${readCount}) {`,
    )
    this.source.line(`for (; ${count} > 0; ${count}--) {`)
    item()
    this.source.line('}')
    this.source.line('}')
  }

  #unionWritten(writer: UnionNode, reader: AvroNode, path: string): string {
    const value = this.source.name('value')
    const branch = this.#number('readInt', path)
    this.source.line(`let ${value}`)
    this.source.line(`switch (${branch}) {`)
    writer.branches.forEach((node, i) => {
      this.source.line(`case ${i}: {`)
      this.source.line(`${value} = ${this.read(node, reader, path)}`)
      this.source.line('break')
      this.source.line('}')
    })
    this.source.line(`default: refuseBytes(${quote(path)}, 'is of a branch that its union does not have')`)
    this.source.line('}')
    return value
  }

  #unionRead(writer: AvroNode, reader: UnionNode, path: string): string {
    const branch =
      reader.branches.find((one) => matches(writer, one)) ??
      reader.branches.find((one) => promotes(writer, one))
    if (branch === undefined) {
      this.source.line(
        `refuseBytes(${quote(path)}, ${quote(`was written as ${branchName(writer)}, which the reader does not know`)})`,
      )
      return 'undefined'
    }
    const value = this.read(writer, branch, path)
    return reader.wrapped && branch.kind !== 'null' ? `{ ${property(branchName(branch), value)} }` : value
  }
}

function targetOf(written: FieldNode, reader: RecordNode): FieldNode | undefined {
  return (
    reader.fields.find((field) => field.name === written.name) ??
    reader.fields.find((field) => field.aliases.includes(written.name))
  )
}

function isPrimitive(node: AvroNode): node is PrimitiveNode {
  return (PRIMITIVES as readonly string[]).includes(node.kind)
}

function matches(writer: AvroNode, reader: AvroNode): boolean {
  return reader.kind === writer.kind && (!('name' in reader && 'name' in writer) || sameName(reader, writer))
}

const leastBytes = new WeakMap<AvroNode, number>()

/** The fewest bytes that a value takes. A type that many fields refer to is counted once. */
function minBytes(node: AvroNode): number {
  let least = leastBytes.get(node)
  if (least === undefined) {
    least = countBytes(node)
    leastBytes.set(node, least)
  }
  return least
}

function countBytes(node: AvroNode): number {
  switch (node.kind) {
    case 'null':
      return 0
    case 'float':
      return 4
    case 'double':
      return 8
    case 'fixed':
      return node.size
    case 'record':
      return node.fields.reduce((sum, field) => sum + minBytes(field.type), 0)
    case 'union':
      return 1 + Math.min(...node.branches.map(minBytes))
    default:
      return 1
  }
}
