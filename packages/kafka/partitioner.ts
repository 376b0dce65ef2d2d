/**
 * Kafka's default partitioner: murmur2 of the key's bytes, as `org.apache.kafka.common.utils.Utils.murmur2`
 * computes it.
 */

const SEED = 0x9747b28c
const M = 0x5bd1e995
const R = 24

/** Returns a signed 32-bit hash. */
export function murmur2(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const length = end - start
  let h = SEED ^ length
  const lastWord = start + (length & ~3)
  let at = start
  for (; at < lastWord; at += 4) {
    let k = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
    k = Math.imul(k, M)
    k ^= k >>> R
    h = Math.imul(h, M) ^ Math.imul(k, M)
  }
  const rest = length & 3
  if (rest > 2) h ^= bytes[at + 2] << 16
  if (rest > 1) h ^= bytes[at + 1] << 8
  if (rest > 0) h = Math.imul(h ^ bytes[at], M)
  h = Math.imul(h ^ (h >>> 13), M)
  return h ^ (h >>> 15)
}

/**
 * The partition of the key `bytes[start, end)` in a topic of `count` partitions: Java's
 * `toPositive(murmur2(key)) % count`.
 */
export function partitionFor(bytes: Uint8Array, start: number, end: number, count: number): number {
  return (murmur2(bytes, start, end) & 0x7fffffff) % count
}
