/** The ranges of encoded keys that meet a key condition. */
import { encodeKey, partitionPrefix, tagOf } from './encode.ts'
import type { KeyValue } from './schema.ts'

export type SortCondition =
  | { readonly operator: '=' | '<' | '<=' | '>' | '>=' | 'begins_with'; readonly value: KeyValue }
  | { readonly operator: 'BETWEEN'; readonly lower: KeyValue; readonly upper: KeyValue }

export interface KeyCondition {
  readonly partition: KeyValue
  readonly sort?: SortCondition
}

/** The keys from `start` up to, but without, `end`. */
export interface KeyRange {
  readonly start: Buffer
  readonly end: Buffer
}

/** Throws ItemError if a value makes a key that is too long. */
export function keyRange(tableId: string, { partition, sort }: KeyCondition): KeyRange {
  const prefix = partitionPrefix(tableId, partition)
  if (sort === undefined) return { start: prefix, end: afterPrefix(prefix) }
  const keyOf = (value: KeyValue): Buffer => encodeKey(tableId, { partition, sort: value })
  if (sort.operator === 'BETWEEN') return { start: keyOf(sort.lower), end: afterKey(keyOf(sort.upper)) }
  const typed = Buffer.concat([prefix, tagOf(sort.value)])
  const key = keyOf(sort.value)
  switch (sort.operator) {
    case '=':
      return { start: key, end: afterKey(key) }
    case '<':
      return { start: typed, end: key }
    case '<=':
      return { start: typed, end: afterKey(key) }
    case '>':
      return { start: afterKey(key), end: afterPrefix(typed) }
    case '>=':
      return { start: key, end: afterPrefix(typed) }
    case 'begins_with':
      return { start: key, end: afterPrefix(key) }
  }
}

/** The next bytes in order. */
const afterKey = (key: Buffer): Buffer => Buffer.concat([key, Buffer.of(0)])

/** The smallest bytes after all that begin with a prefix. A prefix has a type's tag, which is never 0xff. */
function afterPrefix(prefix: Buffer): Buffer {
  let length = prefix.length
  while (prefix[length - 1] === 0xff) length--
  const next = Buffer.from(prefix.subarray(0, length))
  next[length - 1]++
  return next
}
