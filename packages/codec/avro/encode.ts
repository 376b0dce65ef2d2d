/**
 * Encoders specialised to a schema: one function of straight-line code that checks a value and writes its
 * Avro bytes in the same pass (Avro specification, "Binary Encoding"). It throws InvalidValue at the first
 * field that does not fit.
 */
import {
  type ArrayNode,
  type AvroNode,
  branchName,
  type EnumNode,
  type MapNode,
  type RecordNode,
  type UnionNode,
} from '@weir/contracts/avro.ts'
import * as runtime from './encode-runtime.ts'
import { literal, quote, Source } from './source.ts'

/** Writes the value at `at` and returns the end, or -1 if the buffer is too small. */
export type Encode = (value: unknown, into: Buffer, at: number) => number

export function compileEncoder(node: AvroNode): Encode {
  const generator = new Generator()
  const { source } = generator
  source.line('let buffer, view')
  source.line('return function encode(value, into, at) {')
  source.line('const size = into.length')
  source.line(
    'if (into !== buffer) { buffer = into; view = new DataView(into.buffer, into.byteOffset, size) }',
  )
  generator.checkRoom('0')
  generator.value(node, 'value', [])
  source.line('return at')
  source.line('}')
  return source.compile<Encode>({ ...runtime, Buffer })
}

/** The path to a value: names as they are, list positions and map keys as the variables that hold them. */
type Path = readonly (string | { readonly index: string } | { readonly key: string })[]

class Generator {
  readonly source = new Source()
  /**
   * The most bytes that the fixed-size parts of the code between two loops take. Every check for room
   * requires that many bytes in addition to those that it needs itself.
   */
  #room = { bytes: 0 }

  /** @param more an expression: bytes needed besides the fixed-size parts */
  checkRoom(more: string): void {
    const room = this.#room
    this.source.line(() => `if (at + ${more} + ${room.bytes} > size) return -1`)
  }

  /** Writes code that encodes the value of the variable. */
  value(node: AvroNode, variable: string, path: Path): void {
    const line = (text: string): void => this.source.line(text)
    const refuse = (expected: string): string => `refuse(${pathText(path)}, ${quote(expected)}, ${variable})`
    switch (node.kind) {
      case 'null':
        return line(`if (${variable} !== null) ${refuse('null')}`)
      case 'boolean':
        this.#room.bytes += 1
        line(`if (typeof ${variable} !== 'boolean') ${refuse('boolean')}`)
        return line(`into[at++] = ${variable} ? 1 : 0`)
      case 'int':
        this.#room.bytes += 5
        line(
          `if (typeof ${variable} !== 'number' || (${variable} | 0) !== ${variable}) ${refuse('int (a whole number of 32 bits)')}`,
        )
        return line(`at = writeInt(into, at, ${variable})`)
      case 'long':
        this.#room.bytes += 10
        line(`if (!Number.isSafeInteger(${variable})) ${refuse('long (a whole number up to 2^53)')}`)
        return line(`at = writeLong(into, at, ${variable})`)
      case 'float':
        this.#room.bytes += 4
        line(
          `if (typeof ${variable} !== 'number' || !(${variable} < FLOAT_LIMIT && ${variable} > -FLOAT_LIMIT)) ${refuse('float')}`,
        )
        line(`view.setFloat32(at, ${variable}, true)`)
        return line('at += 4')
      case 'double':
        this.#room.bytes += 8
        line(`if (!Number.isFinite(${variable})) ${refuse('double')}`)
        line(`view.setFloat64(at, ${variable}, true)`)
        return line('at += 8')
      case 'string':
        line(`if (typeof ${variable} !== 'string') ${refuse('string')}`)
        return this.#string(variable, path)
      case 'bytes':
        line(`if (!(${variable} instanceof Uint8Array)) ${refuse('bytes')}`)
        this.checkRoom(`5 + ${variable}.length`)
        return line(`at = writeBytes(into, at, ${variable})`)
      case 'fixed':
        this.#room.bytes += node.size
        line(
          `if (!(${variable} instanceof Uint8Array) || ${variable}.length !== ${node.size}) ${refuse(`${node.size} bytes`)}`,
        )
        line(`into.set(${variable}, at)`)
        return line(`at += ${node.size}`)
      case 'enum':
        return this.#enum(node, variable, refuse(`one of ${node.symbols.join(', ')}`))
      case 'array':
        return this.#array(node, variable, path, refuse('a list'))
      case 'map':
        return this.#map(node, variable, path, refuse('an object'))
      case 'record':
        return this.#record(node, variable, path, refuse('an object'))
      case 'union':
        return node.wrapped
          ? this.#wrappedUnion(node, variable, path, refuse)
          : this.#union(node, variable, path, refuse)
    }
  }

  #string(variable: string, path: Path): void {
    this.checkRoom(`5 + 3 * ${variable}.length`)
    this.source.line(`at = writeString(into, at, ${variable})`)
    this.source.line(`if (at < 0) refuseText(${pathText(path)})`)
  }

  /** Writes a number known at compile time: a union's branch, an enum's symbol, the end of a list. */
  #constantInt(value: number): void {
    const bytes = Buffer.alloc(5)
    const length = runtime.writeInt(bytes, 0, value)
    this.#room.bytes += length
    for (const byte of bytes.subarray(0, length)) this.source.line(`into[at++] = ${byte}`)
  }

  #enum(node: EnumNode, variable: string, refusal: string): void {
    this.source.line(`switch (${variable}) {`)
    node.symbols.forEach((symbol, i) => {
      this.source.line(`case ${quote(symbol)}:`)
      this.#constantInt(i)
      this.source.line('break')
    })
    this.source.line(`default: ${refusal} }`)
  }

  #record(node: RecordNode, variable: string, path: Path, refusal: string): void {
    const line = (text: string): void => this.source.line(text)
    const unseen = this.source.name('unseen')
    line(
      `if (${variable} === null || typeof ${variable} !== 'object' || Array.isArray(${variable})) ${refusal}`,
    )
    line(`let ${unseen} = 0`)
    line(`for (const name in ${variable}) ${unseen}++`)
    for (const field of node.fields) {
      const inner = this.source.name('field')
      const fieldPath = [...path, field.name]
      line(
        `let ${inner} = ${field.name in Object.prototype ? `ownValue(${variable}, ${quote(field.name)})` : `${variable}[${quote(field.name)}]`}`,
      )
      line(`if (${inner} !== undefined) ${unseen}--`)
      line(
        field.default === undefined
          ? `else refuseMissing(${pathText(fieldPath)})`
          : `else ${inner} = ${literal(field.default)}`,
      )
      this.value(field.type, inner, fieldPath)
    }
    const declared = this.source.constant(
      `new Set(${JSON.stringify(node.fields.map((field) => field.name))})`,
    )
    line(`if (${unseen} !== 0) refuseUnknown(${pathText(path)}, ${variable}, ${declared})`)
  }

  #array(node: ArrayNode, variable: string, path: Path, refusal: string): void {
    const index = this.source.name('index')
    const item = this.source.name('item')
    this.source.line(`if (!Array.isArray(${variable})) ${refusal}`)
    this.#loop(index, `${variable}.length`, () => {
      this.source.line(`const ${item} = ${variable}[${index}]`)
      this.value(node.items, item, [...path, { index }])
    })
  }

  #map(node: MapNode, variable: string, path: Path, refusal: string): void {
    const { source } = this
    const keys = source.name('keys')
    const index = source.name('index')
    const key = source.name('key')
    const item = source.name('item')
    source.line(
      `if (${variable} === null || typeof ${variable} !== 'object' || Array.isArray(${variable})) ${refusal}`,
    )
    source.line(`const ${keys} = Object.keys(${variable})`)
    this.#loop(index, `${keys}.length`, () => {
      source.line(`const ${key} = ${keys}[${index}]`)
      this.#string(key, [...path, { key }])
      source.line(`const ${item} = ${variable}[${key}]`)
      this.value(node.values, item, [...path, { key }])
    })
  }

  /** Writes code that encodes all items as one block, and then the empty block that ends lists and maps. */
  #loop(index: string, length: string, body: () => void): void {
    const outside = this.#room
    outside.bytes += 5
    this.source.line(`if (${length} > 0) {`)
    this.source.line(`at = writeInt(into, at, ${length})`)
    this.source.line(`for (let ${index} = 0; ${index} < ${length}; ${index}++) {`)
    this.#room = { bytes: 0 }
    this.checkRoom('0')
    body()
    this.source.line('}')
    this.#room = outside
    this.checkRoom('0')
    this.source.line('}')
    this.#constantInt(0)
  }

  #union(node: UnionNode, variable: string, path: Path, refuse: (expected: string) => string): void {
    const optional = node.branches.length === 2 && node.branches.some((branch) => branch.kind === 'null')
    const ordered = node.branches
      .map((branch, i) => ({ branch, i }))
      .sort((a, b) => Number(b.branch.kind === 'null') - Number(a.branch.kind === 'null'))
    ordered.forEach(({ branch, i }, place) => {
      // A value that is not null in an optional field can only be of the other branch, whose own check then
      // applies.
      this.source.line(
        `${place > 0 ? 'else ' : ''}${optional && place === 1 ? '' : `if (${testOf(branch, variable)}) `}{`,
      )
      this.#constantInt(i)
      if (branch.kind !== 'null') this.value(branch, variable, path)
      this.source.line('}')
    })
    if (!optional) this.source.line(`else ${refuse(`one of ${node.branches.map(branchName).join(', ')}`)}`)
  }

  #wrappedUnion(node: UnionNode, variable: string, path: Path, refuse: (expected: string) => string): void {
    const name = this.source.name('branch')
    this.source.line(`const ${name} = branchOf(${variable})`)
    node.branches.forEach((branch, i) => {
      const test =
        branch.kind === 'null' ? `${variable} === null` : `${name} === ${quote(branchName(branch))}`
      this.source.line(`${i > 0 ? 'else ' : ''}if (${test}) {`)
      this.#constantInt(i)
      if (branch.kind !== 'null') {
        const inner = this.source.name('inner')
        this.source.line(`const ${inner} = ${variable}[${name}]`)
        this.value(branch, inner, [...path, branchName(branch)])
      }
      this.source.line('}')
    })
    this.source.line(
      `else ${refuse(`an object with one property, named ${node.branches.map(branchName).join(' or ')}`)}`,
    )
  }
}

function testOf(branch: AvroNode, variable: string): string {
  switch (branch.kind) {
    case 'null':
      return `${variable} === null`
    case 'boolean':
      return `typeof ${variable} === 'boolean'`
    case 'string':
    case 'enum':
      return `typeof ${variable} === 'string'`
    case 'bytes':
    case 'fixed':
      return `${variable} instanceof Uint8Array`
    case 'array':
      return `Array.isArray(${variable})`
    case 'record':
    case 'map':
      return `typeof ${variable} === 'object' && ${variable} !== null && !(${variable} instanceof Uint8Array) && !Array.isArray(${variable})`
    default:
      return `typeof ${variable} === 'number'`
  }
}

/** An expression for the path as people read it: position.lat, tags[3], labels.colour. */
function pathText(path: Path): string {
  const parts: string[] = []
  let fixed = ''
  for (const step of path) {
    if (typeof step === 'string') fixed += fixed === '' && parts.length === 0 ? step : `.${step}`
    else if ('index' in step) {
      parts.push(quote(`${fixed}[`), step.index)
      fixed = ']'
    } else {
      parts.push(quote(fixed === '' && parts.length === 0 ? '' : `${fixed}.`), step.key)
      fixed = ''
    }
  }
  return [...parts, quote(fixed)].join(' + ')
}
