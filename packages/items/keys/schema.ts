/** The keys of a table, and the checks of items and keys against them. The error texts are DynamoDB's. */
import { ItemError } from '../errors.ts'
import { type AttributeValue, attributeOf, emptyItem, type Item, typeOf } from '../values/value.ts'

export type KeyType = 'S' | 'N' | 'B'
export type KeyValue = Extract<AttributeValue, { S: string } | { N: string } | { B: Buffer }>

export interface KeyAttribute {
  readonly name: string
  readonly type: KeyType
}

export interface KeySchema {
  readonly partition: KeyAttribute
  readonly sort?: KeyAttribute
}

/** The values of an item's key; `sort` is undefined in tables without a sort key. */
export interface Key {
  readonly partition: KeyValue
  readonly sort?: KeyValue
}

/** The developer guide has these limits ("Quotas"). */
export const MAX_PARTITION_BYTES = 2048
export const MAX_SORT_BYTES = 1024

const INVALID = 'One or more parameter values were invalid: '

/** Returns the key of an item that is to be stored. Throws ItemError if the item has no such key. */
export function keyOfItem(schema: KeySchema, item: Item): Key {
  return keyFrom(schema, ({ name, type }) => {
    const value = attributeOf(item, name)
    if (value === undefined) throw new ItemError(`${INVALID}Missing the key ${name} in the item`)
    if (typeOf(value) !== type)
      throw new ItemError(
        `${INVALID}Type mismatch for key ${name} expected: ${type} actual: ${typeOf(value)}`,
      )
    return value as KeyValue
  })
}

/** Returns the key that a request names. Throws ItemError if it has other attributes than the schema. */
export function readKey(schema: KeySchema, attributes: Item): Key {
  const expected = schema.sort === undefined ? 1 : 2
  if (Object.keys(attributes).length !== expected) throw mismatch()
  return keyFrom(schema, ({ name, type }) => {
    const value = attributeOf(attributes, name)
    if (value === undefined || typeOf(value) !== type) throw mismatch()
    return value as KeyValue
  })
}

const mismatch = (): ItemError => new ItemError('The provided key element does not match the schema')

/** Returns the key as attributes. */
export function keyItem({ partition, sort }: KeySchema, key: Key): Item {
  const item = emptyItem()
  item[partition.name] = key.partition
  if (sort !== undefined) item[sort.name] = key.sort!
  return item
}

function keyFrom({ partition, sort }: KeySchema, valueOf: (attribute: KeyAttribute) => KeyValue): Key {
  const first = valueOf(partition)
  checkKeyValue(partition.name, first)
  if (bytesOf(first) > MAX_PARTITION_BYTES)
    throw new ItemError(`${INVALID}Size of hashkey has exceeded the maximum size limit of2048 bytes`)
  if (sort === undefined) return { partition: first }
  const second = valueOf(sort)
  checkKeyValue(sort.name, second)
  if (bytesOf(second) > MAX_SORT_BYTES)
    throw new ItemError(
      `${INVALID}Aggregated size of all range keys has exceeded the size limit of 1024 bytes`,
    )
  return { partition: first, sort: second }
}

/** Throws ItemError if the value is empty. */
export function checkKeyValue(name: string, value: KeyValue): void {
  if (bytesOf(value) > 0) return
  const type = 'S' in value ? 'string' : 'binary'
  throw new ItemError(
    `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${type} value. Key: ${name}`,
  )
}

const bytesOf = (value: KeyValue): number =>
  'S' in value ? Buffer.byteLength(value.S) : 'B' in value ? value.B.length : value.N.length

export function keyNames({ partition, sort }: KeySchema): string[] {
  return sort === undefined ? [partition.name] : [partition.name, sort.name]
}

/** Throws ItemError if a path leads into a key attribute, which has no members. */
export function checkKeyPaths(schema: KeySchema, paths: readonly (readonly (string | number)[])[]): void {
  for (const name of keyNames(schema))
    if (paths.some((path) => path.length > 1 && path[0] === name))
      throw new ItemError(
        `Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: ${name}`,
      )
}

/** Throws ItemError if a FilterExpression reads the key, which its query has tested already. */
export function checkFilterPaths(schema: KeySchema, paths: readonly (readonly (string | number)[])[]): void {
  for (const name of keyNames(schema))
    if (paths.some(([first]) => first === name))
      throw new ItemError(
        `Filter Expression can only contain non-primary key attributes: Primary key attribute: ${name}`,
      )
}
