/** Sizes of items, from the developer guide's "DynamoDB item sizes and formats". */
import { ItemError } from '../errors.ts'
import { MAX_LEVELS, tooDeep } from './read.ts'
import type { AttributeValue, Item } from './value.ts'

export const MAX_ITEM_BYTES = 409_600
/** Overhead of a list or map, and of each of its members. */
const CONTAINER_BYTES = 3
const MEMBER_BYTES = 1

/** Returns the bytes of all names and values. */
export function sizeOf(item: Item): number {
  let bytes = 0
  for (const name in item) bytes += Buffer.byteLength(name) + sizeOfValue(item[name])
  return bytes
}

export function sizeOfValue(value: AttributeValue): number {
  if ('S' in value) return Buffer.byteLength(value.S)
  if ('N' in value) return sizeOfNumber(value.N)
  if ('B' in value) return value.B.length
  if ('SS' in value) return sum(value.SS, Buffer.byteLength)
  if ('NS' in value) return sum(value.NS, sizeOfNumber)
  if ('BS' in value) return sum(value.BS, (blob) => blob.length)
  if ('L' in value) return CONTAINER_BYTES + sum(value.L, (member) => MEMBER_BYTES + sizeOfValue(member))
  if ('M' in value) return CONTAINER_BYTES + Object.keys(value.M).length * MEMBER_BYTES + sizeOf(value.M)
  return 1
}

/**
 * A byte, one for each pair of digits counted from the decimal point, and one for a minus sign. Zeros at both ends do
 * not count.
 */
function sizeOfNumber(text: string): number {
  if (text === '0') return 1
  const [whole, fraction = ''] = text.replace('-', '').split('.')
  const highest = whole === '0' ? -1 - fraction.search(/[1-9]/) : whole.length - 1
  const lowest = fraction === '' ? whole.length - whole.replace(/0+$/, '').length : -fraction.length
  const pairs = Math.floor(highest / 2) - Math.floor(lowest / 2) + 1
  return 1 + pairs + (text.startsWith('-') ? 1 : 0)
}

function sum<T>(values: readonly T[], sizeOfOne: (value: T) => number): number {
  let bytes = 0
  for (const value of values) bytes += sizeOfOne(value)
  return bytes
}

/** Throws ItemError if the item of a PutItem is too large. */
export function checkItemToPut(item: Item): void {
  if (sizeOf(item) > MAX_ITEM_BYTES) throw new ItemError('Item size has exceeded the maximum allowed size')
}

/** Throws ItemError if the item that an update returns is too large. */
export function checkItemToUpdate(item: Item): void {
  if (sizeOf(item) > MAX_ITEM_BYTES) throw tooLargeToUpdate()
}

export const tooLargeToUpdate = (): ItemError =>
  new ItemError('Item size to update has exceeded the maximum allowed size')

/** Throws ItemError if a value has more levels below it than an attribute may have. */
export function checkLevels(value: AttributeValue, level = 1): void {
  if (level > MAX_LEVELS) throw tooDeep()
  if ('L' in value) for (const member of value.L) checkLevels(member, level + 1)
  if ('M' in value) for (const name in value.M) checkLevels(value.M[name], level + 1)
}
