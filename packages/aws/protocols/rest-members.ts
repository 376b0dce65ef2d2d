/** Members of inputs and outputs over REST, which are in the path, the query, the headers or the body. */
import type { IncomingHttpHeaders } from 'node:http'
import { longBlobDecoder } from '../long-blobs.ts'
import { type Model, type Shape, type StructureShape, shapeOf, structureOf } from '../model.ts'
import { fromText } from '../scalars.ts'
import type { QueryParameter } from '../sigv4/canonical.ts'
import { compileEncoder, decode } from '../wire.ts'

export interface RestRequest {
  /** The decoded parts of the path, by label. */
  readonly labels: Readonly<Record<string, string>>
  readonly query: readonly QueryParameter[]
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface RestOutput {
  /** Undefined if the output does not have one. */
  readonly status: number | undefined
  /** Without the content type. */
  readonly headers: Readonly<Record<string, string>>
  /** Undefined if the output does not have one. */
  readonly contentType: string | undefined
  readonly body: Buffer
  /** Whether the body is a blob, whose content type only the service knows. */
  readonly blob: boolean
}

type Members = Record<string, unknown>
interface Located {
  readonly member: string
  readonly shape: Shape
  readonly location: string
  readonly name: string
}

/**
 * Compiles a function that puts the input together, unchecked. It throws SerializationException for a text
 * that is not a number or date, and for a body that is not JSON.
 */
export function inputReader(model: Model, shapeName: string): (request: RestRequest) => object {
  const shape = structureOf(model, shapeName)
  const located = locatedOf(model, shape)
  const payload = shape.payload
  const payloadType = payload === undefined ? undefined : shapeOf(model, shape.members[payload]).type
  const decodeBody = longBlobDecoder(model, shapeName)
  return (request) => {
    const { body } = request
    const input: Members = { ...(payload === undefined && body.length > 0 ? decodeBody(body) : {}) }
    if (payload !== undefined && body.length > 0)
      input[payload] = payloadType === 'blob' ? body : decode(body, 'json')
    for (const place of located) input[place.member] = taken(place, request, model)
    return input
  }
}

/** Compiles a function that takes an output apart. Throws if the model does not have the shape. */
export function outputWriter(model: Model, shapeName: string): (output: object) => RestOutput {
  const shape = structureOf(model, shapeName)
  const located = locatedOf(model, shape)
  const { payload } = shape
  const payloadShape = payload === undefined ? undefined : shape.members[payload]
  const blob = payloadShape !== undefined && shapeOf(model, payloadShape).type === 'blob'
  const encode = blob
    ? undefined
    : payloadShape === undefined
      ? compileEncoder(withBody(model, shapeName, shape), shapeName)
      : compileEncoder(model, payloadShape)
  return (output) => {
    const members = output as Members
    const headers: Record<string, string> = {}
    let status: number | undefined
    let contentType: string | undefined
    for (const { member, location, name } of located) {
      const value = members[member]
      if (value === undefined || value === null) continue
      if (location === 'statusCode') status = value as number
      else if (location === 'header' && name === 'Content-Type') contentType = String(value)
      else if (location === 'header') headers[name] = String(value)
    }
    const content = payload === undefined ? members : members[payload]
    const body =
      encode === undefined
        ? ((content as Buffer | undefined) ?? Buffer.alloc(0))
        : content === undefined
          ? Buffer.from('{}')
          : encode(content, 'json')
    return { status, headers, contentType, body, blob }
  }
}

function locatedOf(model: Model, { members, locations = {} }: StructureShape): Located[] {
  return Object.entries(locations).map(([member, { location, name = member }]) => ({
    member,
    location,
    name,
    shape: shapeOf(model, members[member]),
  }))
}

/** Returns the model with a shape that has the members in the body only. */
function withBody(model: Model, name: string, shape: StructureShape): Model {
  const members = Object.fromEntries(
    Object.entries(shape.members).filter(([member]) => shape.locations?.[member] === undefined),
  )
  return { ...model, shapes: { ...model.shapes, [name]: { ...shape, members } } }
}

function taken(
  { shape, location, name }: Located,
  { labels, query, headers }: RestRequest,
  model: Model,
): unknown {
  if (location === 'uri') return fromText(shape, labels[name])
  if (location === 'header') {
    const text = headers[name.toLowerCase()]
    return text === undefined ? undefined : fromText(shape, String(text))
  }
  if (location !== 'querystring') throw new Error(`Members in the ${location} of a request are not read.`)
  const texts = query.filter((parameter) => parameter.name === name).map(({ value }) => value)
  if (texts.length === 0) return undefined
  return shape.type === 'list'
    ? texts.map((text) => fromText(shapeOf(model, shape.member), text))
    : fromText(shape, texts[0])
}
