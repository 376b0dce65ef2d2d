/** Random values of a schema, biased towards edge cases and repeatable for a seed. */
import { type AvroNode, branchName } from '@weir/contracts/avro.ts'

export type Random = () => number

/** Mulberry32: numbers from 0 to 1, the same sequence for the same seed. */
export function random(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const below = (next: Random, limit: number): number => Math.floor(next() * limit)
const pick = <T>(next: Random, from: readonly T[]): T => from[below(next, from.length)]!

const INTS = [
  0,
  -0,
  1,
  -1,
  63,
  64,
  -64,
  -65,
  8191,
  8192,
  -8192,
  -8193,
  2 ** 30,
  -(2 ** 30),
  2 ** 31 - 1,
  -(2 ** 31),
]
// Up to 2^52: beyond that, avsc, the oracle of these tests, rounds the doubled value. Tests of the limits at
// 2^53 calculate with BigInt.
const LONGS = [
  ...INTS,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 32,
  2 ** 33,
  2 ** 34,
  -(2 ** 34),
  2 ** 41,
  2 ** 48,
  -(2 ** 48),
  2 ** 52 - 1,
  -(2 ** 52) + 1,
  1552995611000,
]
const DOUBLES = [0, -0, 1.5, -1e300, 5e-324, Number.MAX_VALUE, 40.7549, -73.984]
const LENGTHS = [0, 1, 2, 9, 16, 62, 63, 64, 65, 200, 5000]
const ALPHABETS = ['abcXYZ019-', 'äöü ñ', '日本語', '😀🚕', 'a\u007f\u0080\u07ff\u0800\uffff\u{10000}\0'].map(
  (characters) => [...characters],
)

export function randomText(next: Random): string {
  const alphabet = pick(next, ALPHABETS)
  let text = ''
  for (let left = pick(next, LENGTHS); left > 0; left--) text += pick(next, alphabet)
  return text
}

export function randomValue(node: AvroNode, next: Random): unknown {
  switch (node.kind) {
    case 'null':
      return null
    case 'boolean':
      return next() < 0.5
    case 'int':
      return next() < 0.5 ? pick(next, INTS) : (next() * 2 ** 32) | 0
    case 'long':
      return next() < 0.5 ? pick(next, LONGS) : Math.round((next() - 0.5) * 2 ** (1 + below(next, 52)))
    case 'float':
      return Math.fround((next() - 0.5) * 10 ** below(next, 30))
    case 'double':
      return next() < 0.5 ? pick(next, DOUBLES) : (next() - 0.5) * 10 ** below(next, 300)
    case 'string':
      return randomText(next)
    case 'bytes':
      return Buffer.from(Array.from({ length: pick(next, LENGTHS) }, () => below(next, 256)))
    case 'fixed':
      return Buffer.from(Array.from({ length: node.size }, () => below(next, 256)))
    case 'enum':
      return pick(next, node.symbols)
    case 'array':
      return Array.from({ length: below(next, 5) }, () => randomValue(node.items, next))
    case 'map':
      return Object.fromEntries(
        Array.from({ length: below(next, 5) }, (_, i) => [
          `${i}${randomText(next)}`,
          randomValue(node.values, next),
        ]),
      )
    case 'record': {
      const value = {}
      for (const field of node.fields)
        Object.defineProperty(value, field.name, {
          value: randomValue(field.type, next),
          enumerable: true,
          configurable: true,
          writable: true,
        })
      return value
    }
    case 'union': {
      const branch = pick(next, node.branches)
      const value = randomValue(branch, next)
      return node.wrapped && branch.kind !== 'null' ? { [branchName(branch)]: value } : value
    }
  }
}
