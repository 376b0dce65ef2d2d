/** Items as JSON has them: binary values are base64. `readItem` reads this form, too. */
import type { AttributeValue, Item } from './value.ts'

export type JsonAttribute = { readonly [type: string]: unknown }

/** Returns plain data for JSON.stringify, in objects without a prototype. */
export function toJson(item: Item): Record<string, JsonAttribute> {
  const json: Record<string, JsonAttribute> = Object.create(null)
  for (const name in item) json[name] = valueToJson(item[name])
  return json
}

function valueToJson(value: AttributeValue): JsonAttribute {
  if ('B' in value) return { B: value.B.toString('base64') }
  if ('BS' in value) return { BS: value.BS.map((blob) => blob.toString('base64')) }
  if ('L' in value) return { L: value.L.map(valueToJson) }
  if ('M' in value) return { M: toJson(value.M) }
  return value
}
