/**
 * Items in plain JSON. Strings, numbers, booleans, null, lists and objects are DynamoDB's S, N, BOOL, NULL, L and M. Sets and
 * binary values, which only DynamoDB's API writes, are shown as lists and as base64.
 */
import { type AttributeValue, emptyItem, type Item, ItemError } from '@weir/items'

/** Throws an ItemError for a number that has lost digits. */
export function fromPlain(value: Readonly<Record<string, unknown>>): Item {
  const item = emptyItem()
  for (const [name, one] of Object.entries(value)) item[name] = attributeOf(one, name)
  return item
}

function attributeOf(value: unknown, at: string): AttributeValue {
  switch (typeof value) {
    case 'string':
      return { S: value }
    case 'number':
      return { N: numberText(value, at) }
    case 'boolean':
      return { BOOL: value }
  }
  if (value === null) return { NULL: true }
  if (Array.isArray(value)) return { L: value.map((one, i) => attributeOf(one, `${at}[${i}]`)) }
  return { M: fromPlain(value as Readonly<Record<string, unknown>>) }
}

/** A whole number beyond this has lost digits when JSON was parsed. */
function numberText(value: number, at: string): string {
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    throw new ItemError(
      `${at.slice(0, 100)} has more digits than numbers of JSON keep here; write it with the DynamoDB API.`,
    )
  return String(value)
}

export function toPlain(item: Item): Record<string, unknown> {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, plain(value)]))
}

function plain(value: AttributeValue): unknown {
  if ('N' in value) return plainNumber(value.N)
  if ('L' in value) return value.L.map(plain)
  if ('M' in value) return toPlain(value.M)
  if ('NS' in value) return value.NS.map(plainNumber)
  if ('B' in value) return value.B.toString('base64')
  if ('BS' in value) return value.BS.map((one) => one.toString('base64'))
  return 'NULL' in value ? null : Object.values(value)[0]
}

/** A number that JSON's readers would round is a string. */
function plainNumber(text: string): number | string {
  const number = Number(text)
  return String(number) === text ? number : text
}
