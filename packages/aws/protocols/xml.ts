/** Outputs of the Query protocol: XML elements, as the shape of an output names them. */
import {
  type ListShape,
  type MapShape,
  type Model,
  type StructureShape,
  shapeOf,
  structureOf,
} from '../model.ts'

/** Returns the elements of an output's members, without one around them. */
export type WriteXml = (output: object) => string
/** Returns the element (of a flattened list or map: the elements) with this name. */
type Write = (name: string, value: unknown) => string
type Container = Readonly<Record<string, unknown>>

/** Text that needs no escapes. */
const PLAIN = /^[ !#-%'-;=?-~]*$/
/** Characters with a meaning in XML, and those that no XML document may have. */
const SPECIAL =
  /[&<>"\r]|[\0-\x08\x0B\x0C\x0E-\x1F\uFFFE\uFFFF]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  // A parser would turn it into a line feed.
  '\r': '&#xD;',
}

/** Escapes text. The replacement character takes the place of characters that XML cannot have. */
export function escaped(text: string): string {
  return PLAIN.test(text) ? text : text.replaceAll(SPECIAL, (character) => ESCAPES[character] ?? '\uFFFD')
}

/** @param content escaped */
export function element(name: string, content: string): string {
  return content === '' ? `<${name}/>` : `<${name}>${content}</${name}>`
}

/** Compiles a function that writes an output. Throws if the model does not have the shape. */
export function writerOf(model: Model, shapeName: string): WriteXml {
  const made = new Map<string, Write>()
  const of = (name: string): Write => {
    const before = made.get(name)
    if (before !== undefined) return before
    // Shapes may contain themselves: until this one is made, others refer to it by name.
    made.set(name, (tag, value) => made.get(name)!(tag, value))
    const shape = shapeOf(model, name)
    const write =
      shape.type === 'structure'
        ? structureWriter(shape, of)
        : shape.type === 'list'
          ? listWriter(shape, of)
          : shape.type === 'map'
            ? mapWriter(shape, of)
            : (tag: string, value: unknown) => element(tag, TEXTS[shape.type](value))
    made.set(name, write)
    return write
  }
  return membersWriter(structureOf(model, shapeName), of)
}

const TEXTS: Readonly<
  Record<
    'string' | 'integer' | 'long' | 'float' | 'double' | 'blob' | 'boolean' | 'timestamp',
    (value: unknown) => string
  >
> = {
  string: (value) => escaped(value as string),
  integer: String,
  long: String,
  float: String,
  double: String,
  boolean: String,
  blob: (value) => (value as Buffer).toString('base64'),
  timestamp: (value) => (value as Date).toISOString(),
}

function membersWriter({ members, names = {} }: StructureShape, of: (name: string) => Write): WriteXml {
  const fields = Object.entries(members).map(([member, shape]) => ({
    member,
    tag: names[member] ?? member,
    write: of(shape),
  }))
  return (output) => {
    let text = ''
    for (const { member, tag, write } of fields) {
      const value = (output as Container)[member]
      if (value !== undefined && value !== null) text += write(tag, value)
    }
    return text
  }
}

function structureWriter(shape: StructureShape, of: (name: string) => Write): Write {
  const write = membersWriter(shape, of)
  return (tag, value) => element(tag, write(value as object))
}

function listWriter({ member, memberName, flattened }: ListShape, of: (name: string) => Write): Write {
  const write = of(member)
  const all = (tag: string, value: unknown): string =>
    (value as readonly unknown[]).map((item) => write(tag, item)).join('')
  return flattened
    ? (tag, value) => all(memberName ?? tag, value)
    : (tag, value) => element(tag, all(memberName ?? 'member', value))
}

function mapWriter(shape: MapShape, of: (name: string) => Write): Write {
  const { key, value: member, keyName = 'key', valueName = 'value', flattened } = shape
  const [writeKey, writeValue] = [of(key), of(member)]
  const all = (tag: string, value: unknown): string =>
    Object.entries(value as Container)
      .filter(([, item]) => item !== undefined && item !== null)
      .map(([name, item]) => element(tag, writeKey(keyName, name) + writeValue(valueName, item)))
      .join('')
  return flattened ? all : (tag, value) => element(tag, all('entry', value))
}
