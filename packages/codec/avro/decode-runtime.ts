/**
 * The functions that generated decoders call. Nothing here reads past `end` or allocates by a length that the
 * bytes cannot hold.
 */
import { isUtf8 } from 'node:buffer'
import { Undecodable } from '../errors.ts'
import { LONGEST_SHORT, shortAscii } from './short-ascii.ts'

/**
 * Where the last call stopped reading. One for the process: nothing yields in between, and returning pairs
 * would allocate.
 */
export const cursor = { at: 0 }

/**
 * Buffer's own slice methods skip the lookup of the encoding by name. Node has always had them; its types do
 * not.
 */
type Sliceable = Buffer & { utf8Slice(start: number, end: number): string }

/**
 * The number of bytes does not bound lists whose items take none (null, say); nobody writes longer lists of
 * them.
 */
const MAX_EMPTY_ITEMS = 65_536

let viewed: Buffer | undefined
let view: DataView

/** A view for reading floats. The last one is kept: a batch's records are in one buffer. */
export function viewOf(bytes: Buffer): DataView {
  if (bytes !== viewed) {
    viewed = bytes
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }
  return view
}

export function refuseShort(path: string): never {
  throw new Undecodable(path === '' ? 'The record ends too early.' : `The record ends inside ${path}.`)
}

export function refuseBytes(path: string, what: string): never {
  throw new Undecodable(path === '' ? `The record ${what}.` : `${path} ${what}.`)
}

/** Zig-zag varint of at most ten bytes, refused if it is beyond 2^53. */
export function readLong(bytes: Buffer, at: number, end: number, path: string): number {
  let low = 0
  let middle = 0
  let high = 0
  for (let i = 0; i < 10; i++) {
    if (at >= end) refuseShort(path)
    const byte = bytes[at++]!
    if (i < 4) low |= (byte & 0x7f) << (7 * i)
    else if (i < 8) middle |= (byte & 0x7f) << (7 * (i - 4))
    else high |= (byte & 0x7f) << (7 * (i - 8))
    if (byte < 0x80) {
      cursor.at = at
      const magnitude = (low >>> 1) + middle * 2 ** 27 + high * 2 ** 55
      const value = low & 1 ? -magnitude - 1 : magnitude
      return Number.isSafeInteger(value) ? value : refuseBytes(path, 'is a number beyond 2^53')
    }
  }
  return refuseBytes(path, 'is a number of more than ten bytes')
}

export function readInt(bytes: Buffer, at: number, end: number, path: string): number {
  const value = readLong(bytes, at, end, path)
  return (value | 0) === value ? value : refuseBytes(path, 'is a number of more than 32 bits')
}

/** The length of a string or of bytes. */
export function readLength(bytes: Buffer, at: number, end: number, path: string): number {
  const length = readLong(bytes, at, end, path)
  if (length < 0) refuseBytes(path, 'has a negative length')
  if (length > end - cursor.at) refuseShort(path)
  return length
}

/**
 * The number of items in the next block of a list or map; 0 ends it. A negative count comes with the block's
 * size in bytes (Avro specification, "Arrays").
 * @param least the fewest bytes an item takes
 * @param before how many items earlier blocks had
 */
export function readCount(
  bytes: Buffer,
  at: number,
  end: number,
  least: number,
  before: number,
  path: string,
): number {
  let count = readLong(bytes, at, end, path)
  if (count < 0) {
    count = -count
    readLong(bytes, cursor.at, end, path)
  }
  if (least > 0 ? count * least > end - cursor.at : before + count > MAX_EMPTY_ITEMS) refuseShort(path)
  return count
}

export function readBytes(bytes: Buffer, start: number, end: number): Buffer {
  return Buffer.from(bytes.subarray(start, end))
}

export function readText(bytes: Buffer, start: number, end: number, path: string): string {
  if (end - start <= LONGEST_SHORT) {
    const short = shortAscii[end - start]!(bytes, start)
    if (short !== undefined) return short
  }
  const text = (bytes as Sliceable).utf8Slice(start, end)
  if (text.includes('\ufffd') && !isUtf8(bytes.subarray(start, end))) refuseBytes(path, 'is not UTF-8')
  return text
}

/** Sets a map's entry. Its key may be __proto__, which a plain assignment would take for the prototype. */
export function put(map: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true })
  else map[key] = value
}
