/** MurmurHash3_x86_128 (Austin Appleby, public domain): 128 bits in four words, without allocating. */

const C1 = 0x239b961b,
  C2 = 0xab0e9789,
  C3 = 0x38b34ae5,
  C4 = 0xa1e38b93

/** Holds the four words of the hash computed last. */
export const words = new Int32Array(4)

/** Hashes `bytes[start, end)` into `words`. */
export function murmur3(bytes: Buffer, start: number, end: number, seed: number): void {
  let h1 = seed | 0,
    h2 = h1,
    h3 = h1,
    h4 = h1
  let at = start
  for (; end - at >= 16; at += 16) {
    h1 = (Math.imul((rotate(h1 ^ mix1(word(bytes, at)), 19) + h2) | 0, 5) + 0x561ccd1b) | 0
    h2 = (Math.imul((rotate(h2 ^ mix2(word(bytes, at + 4)), 17) + h3) | 0, 5) + 0x0bcaa747) | 0
    h3 = (Math.imul((rotate(h3 ^ mix3(word(bytes, at + 8)), 15) + h4) | 0, 5) + 0x96cd1c35) | 0
    h4 = (Math.imul((rotate(h4 ^ mix4(word(bytes, at + 12)), 13) + h1) | 0, 5) + 0x32ac3b17) | 0
  }
  // Fewer than 16 bytes are left; the missing ones count as 0.
  const left = end - at
  if (left > 12) h4 ^= mix4(tail(bytes, at + 12, end))
  if (left > 8) h3 ^= mix3(tail(bytes, at + 8, end))
  if (left > 4) h2 ^= mix2(tail(bytes, at + 4, end))
  if (left > 0) h1 ^= mix1(tail(bytes, at, end))

  const length = end - start
  h1 ^= length
  h2 ^= length
  h3 ^= length
  h4 ^= length
  h1 = (h1 + h2 + h3 + h4) | 0
  h2 = (h2 + h1) | 0
  h3 = (h3 + h1) | 0
  h4 = (h4 + h1) | 0
  h1 = finish(h1)
  h2 = finish(h2)
  h3 = finish(h3)
  h4 = finish(h4)
  h1 = (h1 + h2 + h3 + h4) | 0
  words[0] = h1
  words[1] = h2 + h1
  words[2] = h3 + h1
  words[3] = h4 + h1
}

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by))
const mix1 = (k: number): number => Math.imul(rotate(Math.imul(k, C1), 15), C2)
const mix2 = (k: number): number => Math.imul(rotate(Math.imul(k, C2), 16), C3)
const mix3 = (k: number): number => Math.imul(rotate(Math.imul(k, C3), 17), C4)
const mix4 = (k: number): number => Math.imul(rotate(Math.imul(k, C4), 18), C1)

function word(bytes: Buffer, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
}

function tail(bytes: Buffer, at: number, end: number): number {
  let value = 0
  for (let i = Math.min(end, at + 4) - 1; i >= at; i--) value = (value << 8) | bytes[i]
  return value
}

function finish(value: number): number {
  let h = value ^ (value >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return h ^ (h >>> 16)
}
