/** Finds bytes in bytes in a time that is proportional to their lengths. */

/** Below this product, the worst case of Node's search takes about a millisecond. */
const MAX_PRODUCT = 1_000_000

/**
 * Node's `includes` takes longer than half a minute for some needles of 100 KB in 400 KB, so long needles are found by
 * the algorithm of Knuth, Morris and Pratt.
 */
export function includesBytes(haystack: Buffer, needle: Buffer): boolean {
  if (needle.length > haystack.length) return false
  if (needle.length * haystack.length <= MAX_PRODUCT) return haystack.includes(needle)
  const borders = bordersOf(needle)
  let matched = 0
  for (const byte of haystack) {
    while (matched > 0 && needle[matched] !== byte) matched = borders[matched - 1]
    if (needle[matched] === byte) matched++
    if (matched === needle.length) return true
  }
  return false
}

/** For each prefix, the length of the longest shorter prefix that it ends with. */
function bordersOf(needle: Buffer): Uint32Array {
  const borders = new Uint32Array(needle.length)
  for (let i = 1, length = 0; i < needle.length; i++) {
    while (length > 0 && needle[i] !== needle[length]) length = borders[length - 1]
    if (needle[i] === needle[length]) length++
    borders[i] = length
  }
  return borders
}
