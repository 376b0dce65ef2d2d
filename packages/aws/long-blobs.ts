/**
 * Decodes large blobs of JSON bodies within the body. As texts they would be on the heap of V8 several times,
 * and the heap is far smaller than the memory for bodies.
 */
import { randomUUID } from 'node:crypto'
import { base64Problem, decodeBase64 } from './base64.ts'
import { serializationError } from './errors.ts'
import { type Model, shapeOf } from './model.ts'
import { cutBlob } from './print.ts'
import { decode } from './wire.ts'

/** Texts with at least this many characters are taken out of the JSON. */
const MIN_LONG = 64 << 10
/** Characters that are decoded at a time: a multiple of four. */
const PIECE = 1 << 20
/** Takes the place of a long text while the rest is parsed. No client can know it. */
const MARK = `blob-${randomUUID()}-`
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const SPACE = 0x20

/**
 * Returns the value of a JSON body, with Buffers for long texts of members that are blobs. Overwrites the
 * body. Throws SerializationException.
 */
export type DecodeJson = (body: Buffer) => object

/** @param shapeName the shape of the body */
export function longBlobDecoder(model: Model, shapeName: string): DecodeJson {
  const names = blobNames(model, shapeName)
  if (names.size === 0) return (body) => decode(body, 'json')
  return (body) => {
    const found = longTexts(body, names)
    if (found.length === 0) return decode(body, 'json')
    const rest: Buffer[] = []
    let at = 0
    for (const [index, { start, end }] of found.entries()) {
      rest.push(body.subarray(at, start), Buffer.from(`${MARK}${index}`))
      at = end
    }
    rest.push(body.subarray(at))
    const value = decode(Buffer.concat(rest), 'json')
    const blobs = found.map(({ start, end }) => decodeInPlace(body, start, end))
    fill(value, blobs)
    return value
  }
}

interface Range {
  /** Without the quotes. */
  readonly start: number
  readonly end: number
}

function blobNames(model: Model, shapeName: string, seen: Set<string> = new Set()): Set<string> {
  const names = new Set<string>()
  const shape = shapeOf(model, shapeName)
  if (shape.type !== 'structure' || seen.has(shapeName)) return names
  seen.add(shapeName)
  for (const [name, member] of Object.entries(shape.members)) {
    if (shapeOf(model, member).type === 'blob') names.add(name)
    for (const inner of blobNames(model, member, seen)) names.add(inner)
  }
  return names
}

/**
 * Finds the long texts of the members. Leaves texts with escapes, and bodies that are not JSON, to the
 * parser.
 */
function longTexts(body: Buffer, names: ReadonlySet<string>): Range[] {
  const found: Range[] = []
  let name = ''
  for (let start = body.indexOf(QUOTE) + 1; start > 0; ) {
    const end = endOfText(body, start)
    if (end < 0) break
    const isLong = end - start >= MIN_LONG
    if (isLong && names.has(name) && !body.subarray(start, end).includes(BACKSLASH))
      found.push({ start, end })
    name = !isLong && isName(body, end + 1) ? body.toString('utf8', start, end) : ''
    start = body.indexOf(QUOTE, end + 1) + 1
  }
  return found
}

function endOfText(body: Buffer, start: number): number {
  for (let end = body.indexOf(QUOTE, start); end >= 0; end = body.indexOf(QUOTE, end + 1)) {
    let escapes = 0
    while (body[end - 1 - escapes] === BACKSLASH) escapes++
    if (escapes % 2 === 0) return end
  }
  return -1
}

function isName(body: Buffer, at: number): boolean {
  while (body[at] <= SPACE) at++
  return body[at] === COLON
}

/** Overwrites a text by its bytes, which are fewer. */
function decodeInPlace(body: Buffer, start: number, end: number): Buffer {
  let to = start
  for (let at = start; at < end; at += PIECE) {
    const text = body.toString('latin1', at, Math.min(end, at + PIECE))
    const bytes = decodeBase64(text)
    const isLast = at + PIECE >= end
    if (bytes === undefined || (!isLast && bytes.length < (PIECE / 4) * 3)) {
      throw serializationError(
        `'${cutBlob(text)}' can not be converted to a Blob: ${base64Problem(text, end - start)}`,
      )
    }
    to += bytes.copy(body, to)
  }
  return body.subarray(start, to)
}

/** Replaces the marks by the blobs. */
function fill(value: object, blobs: readonly Buffer[]): void {
  for (const [name, member] of Object.entries(value) as [string, unknown][]) {
    if (typeof member === 'object' && member !== null) fill(member, blobs)
    else if (typeof member === 'string' && member.startsWith(MARK))
      (value as Record<string, unknown>)[name] = blobs[Number(member.slice(MARK.length))]
  }
}
