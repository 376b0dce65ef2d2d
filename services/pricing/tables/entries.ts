/** The entries of weir.control.tables, and their checks before they are applied. */
import type { CheckState } from '@weir/control'
import type { KeySchema } from '@weir/items'
import { streamLabelOf } from '@weir/items/change-streams.ts'
import { flag, integer, nullable, object, oneOf, read, type ShapedBy, text } from '@weir/topics/shape.ts'

/** DynamoDB API reference, CreateTable. */
export const TABLE_NAME = /^[a-zA-Z0-9_.-]{3,255}$/
const MAX_ATTRIBUTE_NAME = 255

/** Which images the records of a change stream have (DynamoDB API reference, StreamSpecification). */
export const STREAM_VIEWS = ['KEYS_ONLY', 'NEW_IMAGE', 'OLD_IMAGE', 'NEW_AND_OLD_IMAGES'] as const

const name = text({ max: 255, pattern: TABLE_NAME, like: '3 to 255 letters, digits, _, - and .' })
const time = integer({ min: 0, max: 8.64e15 })
const attribute = text({ max: MAX_ATTRIBUTE_NAME })
const keyAttribute = object({ name: attribute, type: oneOf('S', 'N', 'B') })

const table = object({
  name,
  /** A table that is deleted and created again has another. */
  id: text({ max: 16, pattern: /^[0-9a-f]{16}$/, like: '16 hexadecimal digits' }),
  createdAt: time,
  partitionKey: keyAttribute,
  sortKey: nullable(keyAttribute),
  /** null: changes are not shown to others. */
  stream: nullable(object({ view: oneOf(...STREAM_VIEWS), enabledAt: time })),
  /** The attribute with the time at which an item is deleted, in seconds since the epoch. */
  expiry: nullable(attribute),
  isProtected: flag,
})
export type Table = ShapedBy<typeof table>

export function schemaOf({ partitionKey, sortKey }: Pick<Table, 'partitionKey' | 'sortKey'>): KeySchema {
  return sortKey === null ? { partition: partitionKey } : { partition: partitionKey, sort: sortKey }
}

export const checks = {
  table: (state, entryId) => {
    if (read(table, state, 'ignored').name !== entryId)
      throw new Error('The table is stored under the name of another table.')
  },
} satisfies Record<string, CheckState>

export const labelOf = ({ enabledAt }: NonNullable<Table['stream']>): string => streamLabelOf(enabledAt)
