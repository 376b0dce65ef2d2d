/** Equality and order of values. */
import { compareNumbers } from './number.ts'
import { includesBytes } from './search.ts'
import type { Steps } from './steps.ts'
import { type AttributeValue, attributeOf, type Item } from './value.ts'

/** Sets are equal if they have the same members in any order. Values of different types are never equal. */
export function equal(a: AttributeValue, b: AttributeValue, steps: Steps): boolean {
  steps.spend(1)
  if ('S' in a) return 'S' in b && equalText(a.S, b.S, steps)
  if ('N' in a) return 'N' in b && a.N === b.N
  if ('B' in a) return 'B' in b && equalBytes(a.B, b.B, steps)
  if ('BOOL' in a) return 'BOOL' in b && a.BOOL === b.BOOL
  if ('NULL' in a) return 'NULL' in b
  if ('SS' in a) return 'SS' in b && equalSets(a.SS, b.SS, steps)
  if ('NS' in a) return 'NS' in b && equalSets(a.NS, b.NS, steps)
  if ('BS' in a) return 'BS' in b && equalBlobSets(a.BS, b.BS, steps)
  if ('L' in a) return 'L' in b && equalLists(a.L, b.L, steps)
  return 'M' in b && equalMaps(a.M, b.M, steps)
}

/**
 * Returns a negative number, zero or a positive one for two strings, numbers or binary values; undefined for values
 * that have no order.
 */
export function compare(a: AttributeValue, b: AttributeValue, steps: Steps): number | undefined {
  if ('N' in a && 'N' in b) {
    steps.spend(1)
    return compareNumbers(a.N, b.N)
  }
  if ('S' in a && 'S' in b) {
    steps.spendLength(Math.min(a.S.length, b.S.length))
    return compareText(a.S, b.S)
  }
  if ('B' in a && 'B' in b) {
    steps.spendLength(Math.min(a.B.length, b.B.length))
    return Buffer.compare(a.B, b.B)
  }
  return undefined
}

/** The order of the UTF-8 bytes. In UTF-16, surrogates are smaller than some units that they follow in UTF-8. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return isSurrogate(x) === isSurrogate(y) ? x - y : isSurrogate(x) ? 1 : -1
  }
  return a.length - b.length
}

const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff

export function beginsWith(value: AttributeValue, prefix: AttributeValue, steps: Steps): boolean {
  if ('S' in value && 'S' in prefix) {
    steps.spendLength(prefix.S.length)
    return value.S.startsWith(prefix.S)
  }
  if ('B' in value && 'B' in prefix) {
    steps.spendLength(prefix.B.length)
    return value.B.subarray(0, prefix.B.length).equals(prefix.B)
  }
  return false
}

/** Part of a string or binary value, member of a set, or equal to a member of a list. */
export function contains(value: AttributeValue, part: AttributeValue, steps: Steps): boolean {
  if ('L' in value) return value.L.some((member) => equal(member, part, steps))
  if ('S' in part) {
    if ('S' in value) {
      steps.spendLength(value.S.length + part.S.length)
      return includesBytes(Buffer.from(value.S), Buffer.from(part.S))
    }
    return 'SS' in value && isMember(value.SS, part.S, steps)
  }
  if ('N' in part) return 'NS' in value && isMember(value.NS, part.N, steps)
  if ('B' in part) {
    if ('B' in value) {
      steps.spendLength(value.B.length + part.B.length)
      return includesBytes(value.B, part.B)
    }
    return 'BS' in value && isMember(value.BS.map(latin1), latin1(part.B), steps)
  }
  return false
}

/** A string that is equal exactly if the bytes are. */
export const latin1 = (bytes: Buffer): string => bytes.toString('latin1')

function isMember(members: readonly string[], member: string, steps: Steps): boolean {
  steps.spend(members.length)
  return members.includes(member)
}

function equalText(a: string, b: string, steps: Steps): boolean {
  if (a.length !== b.length) return false
  steps.spendLength(a.length)
  return a === b
}

function equalBytes(a: Buffer, b: Buffer, steps: Steps): boolean {
  if (a.length !== b.length) return false
  steps.spendLength(a.length)
  return a.equals(b)
}

function equalSets(a: readonly string[], b: readonly string[], steps: Steps): boolean {
  if (a.length !== b.length) return false
  for (const { length } of a) steps.spendLength(length)
  const members = new Set(b)
  return a.every((member) => members.has(member))
}

function equalBlobSets(a: readonly Buffer[], b: readonly Buffer[], steps: Steps): boolean {
  if (a.length !== b.length) return false
  for (const { length } of b) steps.spendLength(length)
  return equalSets(a.map(latin1), b.map(latin1), steps)
}

function equalLists(a: readonly AttributeValue[], b: readonly AttributeValue[], steps: Steps): boolean {
  return a.length === b.length && a.every((member, i) => equal(member, b[i], steps))
}

function equalMaps(a: Item, b: Item, steps: Steps): boolean {
  const names = Object.keys(a)
  steps.spend(names.length)
  if (names.length !== Object.keys(b).length) return false
  return names.every((name) => {
    const other = attributeOf(b, name)
    return other !== undefined && equal(a[name], other, steps)
  })
}
