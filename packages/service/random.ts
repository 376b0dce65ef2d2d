/** Ids of requests and spans, which need not be secret: the bytes stay in memory until they are drawn. */
import { randomFillSync } from 'node:crypto'

/** Drawn in bulk: a call into the generator for every id would cost more than the rest of its request's head. */
const pool = Buffer.alloc(4096)
let used = pool.length

/** Returns random bytes, at most 4096, as text. */
export function randomText(bytes: number, encoding: 'hex' | 'base64'): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += bytes
  return pool.toString(encoding, used - bytes, used)
}
