/**
 * Keys of items as bytes: the table's id, the partition value and the sort value. Within a partition value the order
 * of the bytes is the order of the sort values, and no partition value begins with another one.
 *
 * Strings and binary values end with two zeros; a zero in them is followed by 0xff. A sort value is last and needs no
 * end.
 */
import { ItemError } from '../errors.ts'
import { decodeNumber, encodeNumber, malformed } from './number-bytes.ts'
import type { Key, KeyType, KeyValue } from './schema.ts'

/** Leaves some of the 1,024 bytes that a key with a state has. */
export const MAX_KEY_BYTES = 1000
const MAX_TABLE_ID_BYTES = 255

const TAGS: Readonly<Record<KeyType, number>> = { N: 1, S: 2, B: 3 }
const ESCAPED = Buffer.of(0, 0xff)
const END = Buffer.of(0, 0)

/** Throws ItemError if the key has more than 1,000 bytes. */
export function encodeKey(tableId: string, { partition, sort }: Key): Buffer {
  const start = partitionPrefix(tableId, partition)
  return checked(sort === undefined ? start : Buffer.concat([start, tagOf(sort), encodeSort(sort)]))
}

/** Returns the bytes with which all keys of a partition value begin. */
export function partitionPrefix(tableId: string, partition: KeyValue): Buffer {
  return checked(Buffer.concat([tablePrefix(tableId), tagOf(partition), encodePartition(partition)]))
}

/** Returns the bytes with which all keys of a table begin. */
export function tablePrefix(tableId: string): Buffer {
  const id = Buffer.from(tableId)
  if (id.length > MAX_TABLE_ID_BYTES)
    throw new ItemError(`The id of a table has ${id.length} bytes; at most ${MAX_TABLE_ID_BYTES} are allowed`)
  return Buffer.concat([Buffer.of(id.length), id])
}

/** Throws ItemError for bytes that `encodeKey` does not return. */
export function decodeKey(bytes: Buffer): Key & { readonly tableId: string } {
  const tableEnd = bytes.length === 0 ? 0 : 1 + bytes[0]
  if (bytes.length <= tableEnd) throw malformed()
  const tableId = bytes.toString('utf8', 1, tableEnd)
  const { value: partition, end } = decodePartition(bytes, tableEnd)
  return end === bytes.length ? { tableId, partition } : { tableId, partition, sort: decodeSort(bytes, end) }
}

function checked(bytes: Buffer): Buffer {
  if (bytes.length > MAX_KEY_BYTES)
    throw new ItemError(
      `One or more parameter values were invalid: The key has ${bytes.length} bytes in storage; at most ${MAX_KEY_BYTES} are allowed. Use shorter key values`,
    )
  return bytes
}

export const tagOf = (value: KeyValue): Buffer =>
  Buffer.of('N' in value ? TAGS.N : 'S' in value ? TAGS.S : TAGS.B)

function encodePartition(value: KeyValue): Buffer {
  if ('N' in value) return encodeNumber(value.N)
  const bytes = rawOf(value)
  if (!bytes.includes(0)) return Buffer.concat([bytes, END])
  const parts: Buffer[] = []
  let start = 0
  for (let zero = bytes.indexOf(0); zero >= 0; zero = bytes.indexOf(0, start)) {
    parts.push(bytes.subarray(start, zero), ESCAPED)
    start = zero + 1
  }
  return Buffer.concat([...parts, bytes.subarray(start), END])
}

export const encodeSort = (value: KeyValue): Buffer => ('N' in value ? encodeNumber(value.N) : rawOf(value))

const rawOf = (value: { S: string } | { B: Buffer }): Buffer =>
  'S' in value ? Buffer.from(value.S) : value.B

function decodePartition(bytes: Buffer, start: number): { value: KeyValue; end: number } {
  const tag = bytes[start]
  if (tag === TAGS.N) {
    const { text, end } = decodeNumber(bytes, start + 1)
    return { value: { N: text }, end }
  }
  const parts: Buffer[] = []
  for (let from = start + 1; ; ) {
    const zero = bytes.indexOf(0, from)
    if (zero < 0) throw malformed()
    const next = bytes[zero + 1]
    if (next === 0) {
      parts.push(bytes.subarray(from, zero))
      return { value: valueOf(tag, Buffer.concat(parts)), end: zero + 2 }
    }
    if (next !== 0xff) throw malformed()
    parts.push(bytes.subarray(from, zero + 1))
    from = zero + 2
  }
}

function decodeSort(bytes: Buffer, start: number): KeyValue {
  if (bytes[start] !== TAGS.N) return valueOf(bytes[start], Buffer.from(bytes.subarray(start + 1)))
  const { text, end } = decodeNumber(bytes, start + 1)
  if (end !== bytes.length) throw malformed()
  return { N: text }
}

function valueOf(tag: number, bytes: Buffer): KeyValue {
  if (tag === TAGS.S) return { S: bytes.toString() }
  if (tag === TAGS.B) return { B: bytes }
  throw malformed()
}
