/** The functions that generated encoders call: everything that is not worth inlining at each field. */
import { InvalidValue } from '../errors.ts'

/** Numbers from here on round to Infinity as a float: the largest float plus half its last place. */
export const FLOAT_LIMIT = 2 ** 128 - 2 ** 103

/**
 * Strings up to this length are written by a loop, which is faster than a call into native code. Their length
 * takes one byte, since twice it fits in seven bits.
 */
const SHORT = 63

/**
 * Writes the length and the UTF-8 bytes. The caller has checked that there is room for 5 bytes and 3 for each
 * unit. Returns the end, or -1 for a lone surrogate.
 */
export function writeString(into: Buffer, at: number, text: string): number {
  const length = text.length
  if (length > SHORT) return writeLongString(into, at, text)
  into[at] = length << 1
  const start = at + 1
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f) return writeLongString(into, at, text)
    into[start + i] = unit
  }
  return start + length
}

function writeLongString(into: Buffer, at: number, text: string): number {
  if (!text.isWellFormed()) return -1
  const start = writeInt(into, at, Buffer.byteLength(text))
  return start + into.write(text, start, 'utf8')
}

/** Zig-zag varint of a 32-bit integer. */
export function writeInt(into: Buffer, at: number, value: number): number {
  let raw = (value << 1) ^ (value >> 31)
  while (raw & ~0x7f) {
    into[at++] = (raw & 0x7f) | 0x80
    raw >>>= 7
  }
  into[at++] = raw
  return at
}

/**
 * Zig-zag varint of a safe integer. The doubled value may exceed 2^53, so sign and magnitude are kept apart:
 * 6 bits and the sign, then 28, then the rest.
 */
export function writeLong(into: Buffer, at: number, value: number): number {
  if ((value | 0) === value) return writeInt(into, at, value)
  const sign = value < 0 ? 1 : 0
  const magnitude = sign ? -(value + 1) : value
  const rest = Math.floor(magnitude / 64)
  into[at] = ((magnitude & 63) << 1) | sign | 0x80
  const low = rest % 0x10000000
  let high = (rest - low) / 0x10000000
  into[at + 1] = (low & 0x7f) | 0x80
  into[at + 2] = ((low >>> 7) & 0x7f) | 0x80
  into[at + 3] = ((low >>> 14) & 0x7f) | 0x80
  into[at + 4] = (low >>> 21) | (high > 0 ? 0x80 : 0)
  at += 5
  while (high > 0) {
    into[at++] = (high & 0x7f) | (high > 0x7f ? 0x80 : 0)
    high >>>= 7
  }
  return at
}

export function writeBytes(into: Buffer, at: number, bytes: Uint8Array): number {
  const start = writeInt(into, at, bytes.length)
  into.set(bytes, start)
  return start + bytes.length
}

/** The name of a wrapped union's branch: the value's only property. */
export function branchOf(value: unknown): string | undefined {
  if (value === null || typeof value !== 'object') return undefined
  const names = Object.keys(value)
  return names.length === 1 ? names[0] : undefined
}

export function ownValue(value: object, name: string): unknown {
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
}

export function refuse(path: string, expected: string, value: unknown): never {
  throw new InvalidValue(path, `expected ${expected}, got ${show(value)}`)
}

export function refuseMissing(path: string): never {
  throw new InvalidValue(path, 'required field is missing')
}

export function refuseText(path: string): never {
  throw new InvalidValue(path, 'the string has half of a surrogate pair, which UTF-8 cannot hold')
}

/**
 * Called if an object has more properties than its schema has fields; properties that are undefined do not
 * count.
 */
export function refuseUnknown(
  path: string,
  value: Record<string, unknown>,
  declared: ReadonlySet<string>,
): void {
  for (const name of Object.keys(value)) {
    if (!declared.has(name) && value[name] !== undefined)
      throw new InvalidValue(path === '' ? name : `${path}.${name}`, `unknown field ${show(name)}`)
  }
}

const SHOWN = 40

/** Describes the value in a message: briefly, whatever it is. */
function show(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value)
    case 'number':
    case 'boolean':
    case 'undefined':
    case 'bigint':
      return String(value)
    case 'object':
      return value === null
        ? 'null'
        : Array.isArray(value)
          ? 'a list'
          : value instanceof Uint8Array
            ? `${value.length} bytes`
            : 'an object'
    default:
      return `a ${typeof value}`
  }
}
