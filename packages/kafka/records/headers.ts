/**
 * Header blocks of record format v2 (Kafka protocol guide, "Record Header"): a varint count, then a
 * varint-length name and a varint-length value for each.
 */
import { HEADERS } from '@weir/contracts/headers.ts'
import { readVarint, varint, varintSize, writeVarint } from './varint.ts'

/** The block of a record without headers. */
export const NO_HEADERS: Buffer = Buffer.from([0])

export type Headers = Readonly<Record<string, string | Buffer>>

export function encodeHeaders(headers: Headers): Buffer {
  const names = Object.keys(headers)
  let size = varintSize(names.length)
  for (const name of names) size += fieldSize(name) + fieldSize(headers[name])
  const block = Buffer.allocUnsafe(size)
  let at = writeVarint(block, 0, names.length)
  for (const name of names) at = writeField(block, writeField(block, at, name), headers[name])
  return block
}

const lengthOf = (field: string | Buffer): number =>
  typeof field === 'string' ? Buffer.byteLength(field) : field.length

function fieldSize(field: string | Buffer): number {
  const length = lengthOf(field)
  return varintSize(length) + length
}

function writeField(block: Buffer, at: number, field: string | Buffer): number {
  const start = writeVarint(block, at, lengthOf(field))
  return start + (typeof field === 'string' ? block.write(field, start) : field.copy(block, start))
}

/**
 * Returns the block without the headers that `keep` refuses, and with others added at its end. The kept
 * headers stay as they are, byte for byte and in order, including repeated names.
 */
export function editHeaders(
  block: Buffer,
  start: number,
  keep: (name: string) => boolean,
  added: Headers,
): Buffer {
  let count = readVarint(block, start)
  let at = varint.next
  const kept: Buffer[] = []
  while (count-- > 0) {
    const from = at
    const nameLength = readVarint(block, at)
    const nameEnd = varint.next + nameLength
    const name = block.toString('utf8', varint.next, nameEnd)
    at = Math.max(readVarint(block, nameEnd), 0) + varint.next
    if (keep(name)) kept.push(block.subarray(from, at))
  }
  const more = encodeHeaders(added)
  const total = kept.length + readVarint(more, 0)
  const entries = more.subarray(varint.next)
  const head = Buffer.allocUnsafe(varintSize(total))
  writeVarint(head, 0, total)
  return Buffer.concat([head, ...kept, entries])
}

const ID = Buffer.from(HEADERS.id)

/**
 * The position of the record's id in the bytes that hold its header block; valid until the next call of
 * `locateId`.
 */
export const located = { start: 0, end: 0 }

/** Finds the header weir-id and sets `located`. False if the record has none. Allocates nothing. */
export function locateId(block: Buffer, start: number): boolean {
  let count = readVarint(block, start)
  let at = varint.next
  while (count-- > 0) {
    const nameLength = readVarint(block, at)
    const nameStart = varint.next
    const valueLength = readVarint(block, nameStart + nameLength)
    located.start = varint.next
    located.end = at = varint.next + Math.max(valueLength, 0)
    if (nameLength === ID.length && valueLength > 0 && isId(block, nameStart)) return true
  }
  return false
}

function isId(block: Buffer, start: number): boolean {
  for (let i = 0; i < ID.length; i++) if (block[start + i] !== ID[i]) return false
  return true
}

/**
 * Returns a view of the header's value; undefined if there is no header of that name (the first of several
 * wins) or its value is null.
 */
export function findHeader(block: Buffer, start: number, name: string): Buffer | undefined {
  let count = readVarint(block, start)
  let at = varint.next
  while (count-- > 0) {
    const nameLength = readVarint(block, at)
    const nameStart = varint.next
    at = nameStart + nameLength
    const valueLength = readVarint(block, at)
    const valueStart = varint.next
    at = valueStart + Math.max(valueLength, 0)
    if (
      nameLength === name.length &&
      valueLength >= 0 &&
      block.toString('latin1', nameStart, nameStart + nameLength) === name
    )
      return block.subarray(valueStart, at)
  }
  return undefined
}

/** Lists all headers in order. A name may occur several times, and a value may be null. Values are views. */
export function listHeaders(block: Buffer, start: number): (readonly [name: string, value: Buffer | null])[] {
  const headers: (readonly [string, Buffer | null])[] = []
  let count = readVarint(block, start)
  let at = varint.next
  while (count-- > 0) {
    const nameLength = readVarint(block, at)
    const nameEnd = varint.next + nameLength
    const name = block.toString('utf8', varint.next, nameEnd)
    const valueLength = readVarint(block, nameEnd)
    at = varint.next + Math.max(valueLength, 0)
    headers.push([name, valueLength < 0 ? null : block.subarray(varint.next, at)])
  }
  return headers
}

/**
 * Headers as text, for records whose names do not repeat and whose nulls mean nothing: the last header of a
 * name counts, and null becomes ''.
 */
export const decodeHeaders = (block: Buffer, start: number): Record<string, string> =>
  Object.fromEntries(listHeaders(block, start).map(([name, value]) => [name, value?.toString('utf8') ?? '']))
