/**
 * Hashes keys that clients choose. Each process draws its own factor, so that no client can find keys whose hashes
 * collide. The hash is a polynomial over a prime field (Carter and Wegman, 1979).
 */
import { randomInt } from 'node:crypto'

/** 2^31 - 1 */
const PRIME = 0x7fff_ffff
/** The product of a hash and the factor must stay below 2^53. */
const FACTOR = randomInt(1 << 20, 1 << 22)

/** Returns a hash below 2^31. */
export function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = (end - start + 1) * FACTOR
  let at = start
  for (; at + 1 < end; at += 2) hash = ((hash + (bytes[at] | (bytes[at + 1] << 8))) * FACTOR) % PRIME
  if (at < end) hash = ((hash + bytes[at]) * FACTOR) % PRIME
  return hash % PRIME
}
