/**
 * Items and their values, in the form in which the AWS door hands them over: exactly one member names the type,
 * binary values are Buffers, and maps are objects without a prototype, so that every name is safe.
 */

export type AttributeValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly B: Buffer }
  | { readonly BOOL: boolean }
  | { readonly NULL: true }
  | { readonly M: Item }
  | { readonly L: readonly AttributeValue[] }
  | { readonly SS: readonly string[] }
  | { readonly NS: readonly string[] }
  | { readonly BS: readonly Buffer[] }

export type Item = Readonly<Record<string, AttributeValue>>
export type MutableItem = Record<string, AttributeValue>

export const TYPES = ['S', 'N', 'B', 'BOOL', 'NULL', 'M', 'L', 'SS', 'NS', 'BS'] as const
export type Type = (typeof TYPES)[number]

export function typeOf(value: AttributeValue): Type {
  return Object.keys(value)[0] as Type
}

export function emptyItem(): MutableItem {
  return Object.create(null)
}

/** Returns an item that can be changed. Its values are those of the original. */
export function copyOf(item: Item): MutableItem {
  return Object.assign(emptyItem(), item)
}

/** Returns an attribute; undefined if the item has none of this name. */
export function attributeOf(item: Item, name: string): AttributeValue | undefined {
  return Object.hasOwn(item, name) ? item[name] : undefined
}
