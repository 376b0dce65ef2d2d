/** Items of tables as DynamoDB has them: values, keys and expressions. Pure functions, bounded in size, depth and steps. */
export { ItemError } from './errors.ts'
export { type ParsedCondition, parseCondition } from './expressions/conditions.ts'
export { parseKeyCondition } from './expressions/key-conditions.ts'
export type { Path } from './expressions/paths.ts'
export { Placeholders } from './expressions/placeholders.ts'
export { type Projection, parseProjection } from './expressions/projections.ts'
export { parseUpdate, type Update } from './expressions/updates.ts'
export { decodeKey, encodeKey, MAX_KEY_BYTES, partitionPrefix, tablePrefix } from './keys/encode.ts'
export { type KeyCondition, type KeyRange, keyRange, type SortCondition } from './keys/range.ts'
export {
  checkFilterPaths,
  checkKeyPaths,
  type Key,
  type KeyAttribute,
  type KeySchema,
  type KeyType,
  type KeyValue,
  keyItem,
  keyOfItem,
  readKey,
} from './keys/schema.ts'
export { type JsonAttribute, toJson } from './values/json.ts'
export { readItem, readValue } from './values/read.ts'
export { checkItemToPut, MAX_ITEM_BYTES, sizeOf } from './values/size.ts'
export { type AttributeValue, attributeOf, type Item, type Type, typeOf } from './values/value.ts'
