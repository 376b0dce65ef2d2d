/** MurmurHash3_x86_128 (Austin Appleby, public domain): 128 bits in four words, without allocating. */

const C1 = 0x239b961b,
  C2 = 0xab0e9789,
  C3 = 0x38b34ae5,
  C4 = 0xa1e38b93

/** Hashes `bytes[start, end)` into the four words from `out[at]` on. */
export function murmur3(
  bytes: DataView,
  start: number,
  end: number,
  seed: number,
  out: Int32Array,
  at: number,
): void {
  let h1 = seed | 0,
    h2 = h1,
    h3 = h1,
    h4 = h1
  let from = start
  for (; end - from >= 16; from += 16) {
    h1 ^= mix1(bytes.getInt32(from, true))
    h1 = (Math.imul((rotate(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0
    h2 ^= mix2(bytes.getInt32(from + 4, true))
    h2 = (Math.imul((rotate(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0
    h3 ^= mix3(bytes.getInt32(from + 8, true))
    h3 = (Math.imul((rotate(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0
    h4 ^= mix4(bytes.getInt32(from + 12, true))
    h4 = (Math.imul((rotate(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0
  }
  // Fewer than 16 bytes are left; the missing ones count as 0.
  const left = end - from
  if (left > 12) h4 ^= mix4(tail(bytes, from + 12, end))
  if (left > 8) h3 ^= mix3(tail(bytes, from + 8, end))
  if (left > 4) h2 ^= mix2(tail(bytes, from + 4, end))
  if (left > 0) h1 ^= mix1(tail(bytes, from, end))

  const length = end - start
  h1 ^= length
  h2 ^= length
  h3 ^= length
  h4 ^= length
  h1 = (h1 + h2 + h3 + h4) | 0
  h2 = finish((h2 + h1) | 0)
  h3 = finish((h3 + h1) | 0)
  h4 = finish((h4 + h1) | 0)
  h1 = (finish(h1) + h2 + h3 + h4) | 0
  out[at] = h1
  out[at + 1] = h2 + h1
  out[at + 2] = h3 + h1
  out[at + 3] = h4 + h1
}

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by))
const mix1 = (k: number): number => Math.imul(rotate(Math.imul(k, C1), 15), C2)
const mix2 = (k: number): number => Math.imul(rotate(Math.imul(k, C2), 16), C3)
const mix3 = (k: number): number => Math.imul(rotate(Math.imul(k, C3), 17), C4)
const mix4 = (k: number): number => Math.imul(rotate(Math.imul(k, C4), 18), C1)

/** The bytes from `at` to `end`, at most four, as a little-endian word. */
function tail(bytes: DataView, at: number, end: number): number {
  if (end - at >= 4) return bytes.getInt32(at, true)
  let value = 0
  for (let i = end - 1; i >= at; i--) value = (value << 8) | bytes.getUint8(i)
  return value
}

function finish(value: number): number {
  let h = value ^ (value >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return h ^ (h >>> 16)
}
