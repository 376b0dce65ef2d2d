/**
 * Zig-zag varints of the record format (Kafka protocol guide, "Protocol Primitive Types", VARINT): 32 bits,
 * at most five bytes.
 */

/**
 * Where the last readVarint stopped. One variable for the process: reading never yields in between, and
 * returning pairs would allocate.
 */
export const varint = { next: 0 }

export function readVarint(bytes: Buffer, at: number): number {
  let byte = bytes[at++]
  let raw = byte & 0x7f
  let shift = 7
  while (byte & 0x80) {
    if (shift > 28) throw new RangeError('varint is longer than five bytes')
    byte = bytes[at++]
    raw |= (byte & 0x7f) << shift
    shift += 7
  }
  varint.next = at
  return (raw >>> 1) ^ -(raw & 1)
}

/** Returns the position after the written bytes. */
export function writeVarint(bytes: Buffer, at: number, value: number): number {
  let raw = ((value << 1) ^ (value >> 31)) >>> 0
  while (raw > 0x7f) {
    bytes[at++] = (raw & 0x7f) | 0x80
    raw >>>= 7
  }
  bytes[at++] = raw
  return at
}

export function varintSize(value: number): number {
  const raw = ((value << 1) ^ (value >> 31)) >>> 0
  return raw < 0x80 ? 1 : raw < 0x4000 ? 2 : raw < 0x200000 ? 3 : raw < 0x10000000 ? 4 : 5
}

/** VARLONG: 64 bits, at most ten bytes; exact up to 2^53. */
export function readVarlong(bytes: Buffer, at: number): number {
  let byte = bytes[at++]
  let low = byte & 0x7f
  let scale = 128
  while (byte & 0x80) {
    if (scale > 2 ** 63) throw new RangeError('varlong is longer than ten bytes')
    byte = bytes[at++]
    low += (byte & 0x7f) * scale
    scale *= 128
  }
  varint.next = at
  return low % 2 === 0 ? low / 2 : -(low + 1) / 2
}
