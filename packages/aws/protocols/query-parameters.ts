/**
 * Inputs of the Query protocol: parameters such as Entries.member.1.Name=x become lists, maps and structures by
 * the input's shape. The form is read before its signature is checked, so it is bounded first.
 */
import { isUtf8 } from 'node:buffer'
import { serializationError } from '../errors.ts'
import { type ListShape, type MapShape, type Model, type StructureShape, shapeOf } from '../model.ts'
import { cut } from '../print.ts'
import { fromText } from '../scalars.ts'
import type { QueryParameter } from '../sigv4/canonical.ts'

/** One part of the dotted names: its value, if a name ends here, and the parts that follow it. */
interface ParameterNode {
  text: string | undefined
  children: Map<string, ParameterNode> | undefined
}

/** Returns the input, unchecked. Throws SerializationException for parameters that do not fit the shape. */
export type ReadInput = (parameters: ParameterNode) => object
type Read = (node: ParameterNode, name: string) => unknown

const MAX_PARAMETERS = 10_000
/** The most distinct parts of all names. */
const MAX_NODES = 50_000
/** The most parts of one name. */
const MAX_DEPTH = 64
/** Positions in lists and maps begin at 1. Nothing is allocated for those that are left out. */
const INDEX = /^[1-9]\d{0,9}$/

const ENCODED = /[%+]/

/** Returns the parameters of a form. Throws SerializationException. */
export function formParameters(body: Buffer): QueryParameter[] {
  if (!isUtf8(body)) throw serializationError('The form is not UTF-8')
  const text = body.toString()
  const found: QueryParameter[] = []
  for (let at = 0; at < text.length; ) {
    const next = text.indexOf('&', at)
    const end = next < 0 ? text.length : next
    if (end > at) {
      if (found.length === MAX_PARAMETERS) throw tooComplex()
      const equals = text.indexOf('=', at)
      const middle = equals < 0 || equals > end ? end : equals
      found.push({ name: decoded(text.slice(at, middle)), value: decoded(text.slice(middle + 1, end)) })
    }
    at = end + 1
  }
  return found
}

function decoded(text: string): string {
  if (!ENCODED.test(text)) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw serializationError(`'${cut(text)}' is not valid form encoding`)
  }
}

/** Throws SerializationException for parameters that are given twice, and for too many. */
export function treeOf(parameters: readonly QueryParameter[]): ParameterNode {
  const root = newNode()
  let nodes = 0
  const childOf = (node: ParameterNode, part: string): ParameterNode => {
    node.children ??= new Map()
    let child = node.children.get(part)
    if (child === undefined) {
      if (++nodes > MAX_NODES) throw tooComplex()
      child = newNode()
      node.children.set(part, child)
    }
    return child
  }
  // Members of one structure mostly follow each other: their names differ after the last dot only.
  let prefix = ''
  let parent = root
  for (const { name, value } of parameters) {
    const last = name.lastIndexOf('.') + 1
    if (last !== prefix.length || !name.startsWith(prefix)) {
      prefix = name.slice(0, last)
      const parts = prefix.split('.', MAX_DEPTH + 1)
      if (parts.length > MAX_DEPTH) throw tooComplex()
      parent = parts.slice(0, -1).reduce(childOf, root)
    }
    const node = childOf(parent, name.slice(last))
    if (node.text !== undefined) throw serializationError(`The parameter '${cut(name)}' is given twice`)
    node.text = value
  }
  return root
}

function newNode(): ParameterNode {
  return { text: undefined, children: undefined }
}

/** Compiles a function that reads an input. Throws if the model does not have the shape. */
export function readerOf(model: Model, shapeName: string): ReadInput {
  const made = new Map<string, Read>()
  const of = (name: string): Read => {
    const before = made.get(name)
    if (before !== undefined) return before
    // Shapes may contain themselves: until this one is made, others refer to it by name.
    made.set(name, (node, at) => made.get(name)!(node, at))
    const shape = shapeOf(model, name)
    const read =
      shape.type === 'structure'
        ? structureReader(shape, of, model)
        : shape.type === 'list'
          ? listReader(shape, of)
          : shape.type === 'map'
            ? mapReader(shape, of)
            : (node: ParameterNode, at: string) => fromText(shape, textOf(node, at))
    made.set(name, read)
    return read
  }
  const read = of(shapeName)
  return (parameters) => read(parameters, '') as object
}

function structureReader(shape: StructureShape, of: (name: string) => Read, model: Model): Read {
  const fields = Object.entries(shape.members).map(([member, name]) => {
    const inner = shapeOf(model, name)
    const own = shape.names?.[member] ?? member
    // A flattened list is named by its items, if these have a name.
    const wire = inner.type === 'list' && inner.flattened ? (inner.memberName ?? own) : own
    return { member, wire, read: of(name) }
  })
  return ({ text, children }, at) => {
    // An empty structure is sent as a parameter with an empty text.
    if (text) throw misfit(at)
    const value: Record<string, unknown> = {}
    for (const { member, wire, read } of fields) {
      const child = children?.get(wire)
      if (child !== undefined) value[member] = read(child, at === '' ? wire : `${at}.${wire}`)
    }
    return value
  }
}

function listReader(
  { member, memberName = 'member', flattened }: ListShape,
  of: (name: string) => Read,
): Read {
  const read = of(member)
  return (node, at) => inOrder(node, flattened ? undefined : memberName, at).map((item) => read(item, at))
}

function mapReader(shape: MapShape, of: (name: string) => Read): Read {
  const { key, value, keyName = 'key', valueName = 'value', flattened } = shape
  const [readKey, readValue] = [of(key), of(value)]
  return (node, at) => {
    const map = Object.create(null) as Record<string, unknown>
    for (const { children } of inOrder(node, flattened ? undefined : 'entry', at)) {
      const [keyNode, valueNode] = [children?.get(keyName), children?.get(valueName)]
      if (keyNode === undefined || valueNode === undefined)
        throw serializationError(`An entry of '${cut(at)}' needs ${keyName} and ${valueName}`)
      const name = readKey(keyNode, at) as string
      if (name in map) throw serializationError(`The key '${cut(name)}' of '${cut(at)}' is given twice`)
      map[name] = readValue(valueNode, at)
    }
    return map
  }
}

/**
 * Returns the items of a list or map by their positions, which may have gaps.
 * @param within the part of the name before the position; undefined if there is none
 */
function inOrder(node: ParameterNode, within: string | undefined, at: string): ParameterNode[] {
  const items = within === undefined ? node : node.children?.get(within)
  // An empty list is sent as a parameter with an empty text.
  if (node.text || items?.text) throw misfit(at)
  return [...(items?.children ?? [])]
    .map(([index, item]) => {
      if (!INDEX.test(index)) throw serializationError(`'${cut(index)}' is not a position in '${cut(at)}'`)
      return { index: Number(index), item }
    })
    .sort((a, b) => a.index - b.index)
    .map(({ item }) => item)
}

function textOf({ text, children }: ParameterNode, at: string): string {
  if (text === undefined || children !== undefined) throw misfit(at)
  return text
}

function misfit(at: string): Error {
  return serializationError(`The parameter '${cut(at)}' has the wrong form`)
}

function tooComplex(): Error {
  return serializationError('The request is too complex')
}
