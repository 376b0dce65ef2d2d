/** Functions of the bits of Ints. Other numbers are rounded down first. */
import { makeInt, type Numeric, partsOf } from '../numbers/decimal.ts'
import { toInt } from '../values/convert.ts'
import type { SqlFunction } from './call.ts'

export const BITS: Readonly<Record<string, SqlFunction>> = {
  bitand: ofBits((a, b) => a & b),
  bitor: ofBits((a, b) => a | b),
  bitxor: ofBits((a, b) => a ^ b),
  bitnot: {
    arity: [1, 1],
    call: ([value], evaluation) => {
      const number = toInt(value, evaluation)
      return number === undefined ? undefined : makeInt(invert(bitsOf(number)))
    },
  },
}

function ofBits(compute: (a: bigint, b: bigint) => bigint): SqlFunction {
  return {
    arity: [2, 2],
    call: ([a, b], evaluation) => {
      const left = toInt(a, evaluation)
      const right = toInt(b, evaluation)
      if (left === undefined || right === undefined) return undefined
      return makeInt(compute(bitsOf(left), bitsOf(right)))
    },
  }
}

/** The guide's example is bitnot(13) = 2: the bits of the number are inverted, and no others. */
function invert(bits: bigint): bigint {
  return bits <= 0n ? ~bits : bits ^ ((1n << BigInt(bits.toString(2).length)) - 1n)
}

function bitsOf(number: Numeric): bigint {
  const { coefficient, exponent } = partsOf(number)
  return exponent > 0 ? coefficient * 10n ** BigInt(exponent) : coefficient
}
