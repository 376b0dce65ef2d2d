/**
 * Decodes and encodes bodies in JSON and CBOR. Values are plain objects with Buffers for blobs and Dates for
 * timestamps. JSON has base64 and seconds for these, CBOR has bytes and milliseconds under tag 1.
 */
import { isUtf8 } from 'node:buffer'
import { shapeOfJson } from '@weir/service'
import { CborWriter, decodeCbor } from './cbor.ts'
import { serializationError } from './errors.ts'
import { type Model, type StructureShape, shapeOf } from './model.ts'
import { type Encoding, MAX_DEPTH } from './scalars.ts'

/** @param version the version of the JSON protocol, as in AWS's model */
export function contentTypeOf(encoding: Encoding, version: string): string {
  return `application/x-amz-${encoding}-${version}`
}

/** Encodes a value of one shape. Leaves out members that are undefined, null or unknown to the shape. */
export type Encode = (value: unknown, encoding: Encoding) => Buffer

interface Encoder {
  json(value: unknown): string
  cbor(value: unknown, writer: CborWriter): void
}

type Container = Readonly<Record<string, unknown>>

/** Decodes a body whose value is a list or structure; throws SerializationException for any other. */
export function decode(body: Buffer, encoding: Encoding): object {
  const value = encoding === 'cbor' ? decodeCbor(body) : decodeJson(body)
  if (typeof value !== 'object' || value === null) throw serializationError()
  return value
}

/**
 * Bounds of a JSON body; those of CBOR are the same. The largest PutRecords (500 records of 3 members) has a
 * thirtieth of these values.
 */
const JSON_LIMITS = { depth: MAX_DEPTH, values: 100_000, names: 4096 }

function decodeJson(body: Buffer): unknown {
  if (!isUtf8(body)) throw serializationError()
  const { depth, values, names } = shapeOfJson(body, 0, body.length)
  if (depth > JSON_LIMITS.depth || values > JSON_LIMITS.values || names > JSON_LIMITS.names)
    throw serializationError('The request is too complex')
  try {
    return JSON.parse(body.toString())
  } catch {
    throw serializationError()
  }
}

/** Throws if the model does not have the shape. */
export function compileEncoder(model: Model, shapeName: string): Encode {
  const encoder = encoderFor(model)(shapeName)
  return (value, encoding) => {
    if (encoding === 'json') return Buffer.from(encoder.json(value))
    const writer = new CborWriter()
    encoder.cbor(value, writer)
    return writer.finish()
  }
}

/** Encodes an object of texts, which needs no shape. */
export function encodeTexts(value: Readonly<Record<string, string>>, encoding: Encoding): Buffer {
  if (encoding === 'json') return Buffer.from(JSON.stringify(value))
  const writer = new CborWriter()
  const entries = Object.entries(value)
  writer.map(entries.length)
  for (const [name, text] of entries) {
    writer.text(name)
    writer.text(text)
  }
  return writer.finish()
}

function encoderFor(model: Model): (shapeName: string) => Encoder {
  const made = new Map<string, Encoder>()
  const of = (name: string): Encoder => {
    const known = made.get(name)
    if (known !== undefined) return known
    // Shapes may contain themselves: until this one is made, others refer to it by name.
    made.set(name, {
      json: (value) => made.get(name)!.json(value),
      cbor: (value, writer) => made.get(name)!.cbor(value, writer),
    })
    const shape = shapeOf(model, name)
    const encoder =
      shape.type === 'structure'
        ? structure(shape, of)
        : shape.type === 'list'
          ? list(of(shape.member))
          : shape.type === 'map'
            ? map(of(shape.value))
            : SCALARS[shape.type]
    made.set(name, encoder)
    return encoder
  }
  return of
}

const NUMBER: Encoder = {
  json: (value) => (Number.isFinite(value) ? String(value) : 'null'),
  cbor: (value, writer) => writer.number(value as number),
}

const SCALARS: Readonly<
  Record<'string' | 'integer' | 'long' | 'float' | 'double' | 'blob' | 'boolean' | 'timestamp', Encoder>
> = {
  string: { json: (value) => quoted(value as string), cbor: (value, writer) => writer.text(value as string) },
  integer: NUMBER,
  long: NUMBER,
  float: NUMBER,
  double: NUMBER,
  blob: {
    json: (value) => `"${(value as Buffer).toString('base64')}"`,
    cbor: (value, writer) => writer.bytes(value as Buffer),
  },
  boolean: {
    json: (value) => (value ? 'true' : 'false'),
    cbor: (value, writer) => writer.boolean(value as boolean),
  },
  timestamp: {
    json: (value) => String((value as Date).getTime() / 1000),
    cbor: (value, writer) => writer.time(value as Date),
  },
}

function structure({ members }: StructureShape, of: (name: string) => Encoder): Encoder {
  const fields = Object.entries(members).map(([name, shape]) => {
    const keyWriter = new CborWriter()
    keyWriter.text(name)
    return { name, json: `${quoted(name)}:`, cbor: keyWriter.finish(), encoder: of(shape) }
  })
  return {
    json(value) {
      let text = ''
      for (const { name, json, encoder } of fields) {
        const member = (value as Container)[name]
        if (member === undefined || member === null) continue
        text += (text === '' ? '{' : ',') + json + encoder.json(member)
      }
      return text === '' ? '{}' : `${text}}`
    },
    cbor(value, writer) {
      let count = 0
      for (const { name } of fields)
        if ((value as Container)[name] !== undefined && (value as Container)[name] !== null) count++
      writer.map(count)
      for (const { name, cbor, encoder } of fields) {
        const member = (value as Container)[name]
        if (member === undefined || member === null) continue
        writer.raw(cbor)
        encoder.cbor(member, writer)
      }
    },
  }
}

function list(member: Encoder): Encoder {
  return {
    json(value) {
      let text = ''
      for (const item of value as readonly unknown[]) text += (text === '' ? '[' : ',') + member.json(item)
      return text === '' ? '[]' : `${text}]`
    },
    cbor(value, writer) {
      const items = value as readonly unknown[]
      writer.array(items.length)
      for (const item of items) member.cbor(item, writer)
    },
  }
}

function map(member: Encoder): Encoder {
  const entriesOf = (value: unknown): [string, unknown][] =>
    Object.entries(value as Container).filter(([, item]) => item !== undefined && item !== null)
  return {
    json: (value) =>
      `{${entriesOf(value)
        .map(([key, item]) => `${quoted(key)}:${member.json(item)}`)
        .join(',')}}`,
    cbor(value, writer) {
      const entries = entriesOf(value)
      writer.map(entries.length)
      for (const [key, item] of entries) {
        writer.text(key)
        member.cbor(item, writer)
      }
    },
  }
}

/** Matches visible ASCII without the characters that JSON escapes. */
const PLAIN = /^[ !#-[\]-~]*$/

/** Most texts are ids, for which JSON.stringify would be slower. */
function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text)
}
