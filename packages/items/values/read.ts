/** Checks values of clients and returns them with their numbers in canonical form. The error texts are DynamoDB's. */
import { ItemError, shown } from '../errors.ts'
import { canonical } from './number.ts'
import { type AttributeValue, emptyItem, type Item, TYPES, type Type } from './value.ts'

/** Levels of lists and maps, from the developer guide's quotas. A value that is an attribute has level 1. */
export const MAX_LEVELS = 32
export const MAX_NAME_BYTES = 65_535

const INVALID = 'One or more parameter values were invalid: '

/** Takes a map of attribute values; binary values are Buffers or base64. Throws ItemError. */
export function readItem(input: unknown): Item {
  return readMap(input, 1)
}

/** Takes one attribute value; binary values are Buffers or base64. Throws ItemError. */
export function readValue(input: unknown): AttributeValue {
  return read(input, 1)
}

function readMap(input: unknown, level: number): Item {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw new ItemError(`${INVALID}A map of attribute values is expected`)
  const item = emptyItem()
  for (const [name, value] of Object.entries(input)) {
    item[readName(name)] = read(value, level)
  }
  return item
}

/** Returns the name of an attribute. Throws ItemError for one that is empty or too long. */
export function readName(input: unknown): string {
  const name = text(input)
  if (name === '') throw new ItemError(`${INVALID}Empty attribute name`)
  if (Buffer.byteLength(name) > MAX_NAME_BYTES)
    throw new ItemError('Attribute name is too large, must be less than 65536 bytes')
  return name
}

function read(input: unknown, level: number): AttributeValue {
  const members = membersOf(input)
  if (members.length === 0)
    throw new ItemError(
      'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes',
    )
  if (members.length > 1)
    throw new ItemError(
      'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes',
    )
  if (level > MAX_LEVELS) throw tooDeep()
  const [type, content] = members[0]
  switch (type) {
    case 'S':
      return { S: text(content) }
    case 'N':
      return { N: canonical(text(content)) }
    case 'B':
      return { B: bytes(content) }
    case 'BOOL':
      if (typeof content !== 'boolean') throw wrong('BOOL')
      return { BOOL: content }
    case 'NULL':
      if (typeof content !== 'boolean') throw wrong('NULL')
      return { NULL: true }
    case 'M':
      return { M: readMap(content, level + 1) }
    case 'L':
      return { L: list(content, 'L').map((member) => read(member, level + 1)) }
    default:
      return readSet(type, list(content, type))
  }
}

function membersOf(input: unknown): [Type, unknown][] {
  if (typeof input !== 'object' || input === null) return []
  return TYPES.filter((type) => Object.hasOwn(input, type)).map((type) => [
    type,
    (input as Record<string, unknown>)[type],
  ])
}

function readSet(type: 'SS' | 'NS' | 'BS', members: readonly unknown[]): AttributeValue {
  switch (type) {
    case 'SS': {
      if (members.length === 0) throw new ItemError(`${INVALID}An string set  may not be empty`)
      const texts = members.map(text)
      if (new Set(texts).size < texts.length)
        throw new ItemError(`${INVALID}Input collection ${printed(texts)} contains duplicates.`)
      return { SS: texts }
    }
    case 'NS': {
      if (members.length === 0) throw new ItemError(`${INVALID}An number set  may not be empty`)
      const numbers = members.map((member) => canonical(text(member)))
      if (new Set(numbers).size < numbers.length) throw new ItemError('Input collection contains duplicates')
      return { NS: numbers }
    }
    case 'BS': {
      if (members.length === 0) throw new ItemError(`${INVALID}Binary sets should not be empty`)
      const blobs = members.map(bytes)
      const texts = blobs.map((blob) => blob.toString('base64'))
      if (new Set(texts).size < texts.length)
        throw new ItemError(`${INVALID}Input collection ${printed(texts)}of type BS contains duplicates.`)
      return { BS: blobs }
    }
  }
}

const printed = (texts: readonly string[]): string => shown(`[${texts.slice(0, 10).join(', ')}`).concat(']')

function list(content: unknown, type: Type): readonly unknown[] {
  if (!Array.isArray(content)) throw wrong(type)
  return content
}

function text(content: unknown): string {
  if (typeof content !== 'string') throw wrong('S')
  checkUnicode(content)
  return content
}

/** Half of a surrogate pair has no UTF-8: two strings would become equal as soon as they are stored. */
function checkUnicode(content: string): void {
  if (!content.isWellFormed())
    throw new ItemError(`${INVALID}A string has a lone surrogate, which UTF-8 cannot represent`)
}

function bytes(content: unknown): Buffer {
  if (Buffer.isBuffer(content)) return content
  if (content instanceof Uint8Array) return Buffer.from(content)
  if (typeof content !== 'string') throw wrong('B')
  const decoded = Buffer.from(content, 'base64')
  if (decoded.toString('base64') !== content) throw new ItemError(`${INVALID}A binary value is not base64`)
  return decoded
}

const wrong = (type: Type): ItemError => new ItemError(`${INVALID}The value of type ${type} has another form`)

export const tooDeep = (): ItemError =>
  new ItemError(
    'Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit',
  )
