/** Random draws, each from a generator of numbers from 0 to less than 1. */

/** Draws from the standard normal distribution (Box and Muller). */
export const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

/** Draws from the exponential distribution with mean 1. */
export const exponential = (random: () => number): number => -Math.log(1 - random())

/** Returns a seed for one of many generators that must not give the same numbers. */
export function seedOf(seed: number, index: number, purpose: number): number {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`The seed is ${seed}; it must be a whole number.`)
  let mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index * 8 + purpose + 1, 0xc2b2ae35)
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
