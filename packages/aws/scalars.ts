/** Converts single values from their encoding to what their shapes mean. The error texts are AWS's. */
import { base64Problem, decodeBase64 } from './base64.ts'
import { serializationError } from './errors.ts'
import type { Shape } from './model.ts'
import { cut, cutBlob } from './print.ts'

/** Blobs are base64 and timestamps seconds in JSON, bytes and milliseconds in CBOR. */
export type Encoding = 'json' | 'cbor'

/** Takes a value that is neither null nor undefined. Throws SerializationException. */
export type Convert = (value: unknown, encoding: Encoding) => unknown

/**
 * The depth of containers in containers, and of tags on tags, in a body. DynamoDB's items have up to 32 levels of maps,
 * each of which is two containers.
 */
export const MAX_DEPTH = 80
const MAX_INTEGER = 2 ** 31 - 1
/** The range of a Date: ms before and after 1970. */
const MAX_TIME = 8.64e15
const YES = new Set(['TRUE', '1', 'YES'])
const NO = new Set(['FALSE', '0', 'NO'])

/** Returns the converter for a shape that is not a container. */
export function converter({ type }: Shape): Convert {
  switch (type) {
    case 'string':
      return (value) => (typeof value === 'string' ? value : wrongType(value, 'an String'))
    case 'blob':
      return toBlob
    case 'boolean':
      return toBoolean
    case 'timestamp':
      return toDate
    case 'integer':
      return (value) => within(-MAX_INTEGER - 1, Math.trunc(toNumber(value, 'Integer')), MAX_INTEGER)
    case 'long':
      return (value) =>
        within(Number.MIN_SAFE_INTEGER, Math.trunc(toNumber(value, 'Long')), Number.MAX_SAFE_INTEGER)
    case 'float':
      return (value) => toNumber(value, 'Float')
    case 'double':
      return (value) => toNumber(value, 'Double')
    default:
      throw new Error(`A single value cannot have the type ${type}.`)
  }
}

/** Returns the value if it is the wanted container; throws SerializationException. */
export function expectContainer(
  value: unknown,
  wanted: 'list' | 'map' | 'structure',
  depth: number,
  maxDepth: number,
): object {
  if (depth > maxDepth) throw serializationError('The request is nested too deeply')
  if (typeof value !== 'object' || value instanceof Uint8Array || value instanceof Date) {
    throw serializationError(wanted === 'structure' ? 'Expected null' : `Expected ${wanted} or null`)
  }
  if (Array.isArray(value) !== (wanted === 'list')) misplaced(value as object)
  return value as object
}

/**
 * Returns the value that JSON would have in the place of a text in a path, query, header or form. Throws
 * SerializationException for a text that is not a number or date.
 */
export function fromText({ type }: Shape, text: string): unknown {
  switch (type) {
    case 'integer':
    case 'long':
      return numberIn(text, /^[-+]?\d{1,30}$/, type === 'integer' ? 'Integer' : 'Long')
    case 'float':
    case 'double':
      return numberIn(text, /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i, 'Double')
    case 'timestamp': {
      const date = new Date(text)
      if (Number.isNaN(date.getTime()))
        throw serializationError(`'${cut(text)}' can not be converted to a timestamp`)
      return date
    }
    default:
      return text
  }
}

function numberIn(text: string, form: RegExp, type: string): number {
  if (!form.test(text)) throw serializationError(`'${cut(text)}' can not be converted to an ${type}`)
  return Number(text)
}

function toBlob(value: unknown): Buffer {
  if (typeof value === 'string') {
    const bytes = decodeBase64(value)
    if (bytes === undefined)
      throw serializationError(`'${cutBlob(value)}' can not be converted to a Blob: ${base64Problem(value)}`)
    return bytes
  }
  return value instanceof Buffer ? value : wrongType(value, 'a Blob')
}

function toBoolean(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  if (typeof value !== 'string') return wrongType(value, 'an Boolean')
  const upper = value.toUpperCase()
  if (YES.has(upper)) return true
  if (NO.has(upper)) return false
  throw serializationError(`'${cut(upper)}' can not be converted to an Boolean`)
}

function toDate(value: unknown, encoding: Encoding): Date {
  if (value instanceof Date) return value
  if (typeof value !== 'number') return wrongType(value, 'milliseconds since epoch')
  return new Date(within(-MAX_TIME, Math.round(encoding === 'json' ? value * 1000 : value), MAX_TIME))
}

function toNumber(value: unknown, type: string): number {
  return typeof value === 'number' ? value : wrongType(value, `an ${type}`)
}

/** Narrows as Java does: a value out of range becomes the nearer end of the range. */
function within(least: number, value: number, most: number): number {
  // Turns -0, which would be printed so, into 0.
  return Math.max(least, Math.min(most, value)) || 0
}

function wrongType(value: unknown, wanted: string): never {
  if (typeof value === 'object' && !(value instanceof Uint8Array) && !(value instanceof Date))
    misplaced(value as object)
  throw serializationError(`class ${javaClass(value)} can not be converted to ${wanted}`)
}

function misplaced(value: object): never {
  throw serializationError(
    Array.isArray(value)
      ? 'Start of list found where not expected'
      : 'Start of structure or map found where not expected.',
  )
}

function javaClass(value: unknown): string {
  switch (typeof value) {
    case 'boolean':
      return 'java.lang.Boolean'
    case 'number':
      return 'com.amazon.coral.value.json.numbers.TruncatingBigNumber'
    case 'string':
      return 'java.lang.String'
    default:
      return value instanceof Date ? 'java.util.Date' : 'java.nio.HeapByteBuffer'
  }
}
