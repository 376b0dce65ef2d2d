/** The operations that write one item, as the owner of its partition carries them out. They depend on the item alone. */
import type { TableAnswer, TableRequest } from '@weir/contracts'
import {
  checkItemToPut,
  equalItems,
  type Item,
  ItemError,
  type ParsedCondition,
  Placeholders,
  parseCondition,
  parseUpdate,
  readItem,
  toJson,
  type Update,
} from '@weir/items'
import { schemaOf, type Table } from './entries.ts'

/** An item with what a table keeps of it. */
export interface StoredItem {
  readonly item: Item
  /** The number of writes since it was created, from 1. */
  readonly version: number
  /** Ms since the epoch. */
  readonly createdAt: number
}

export interface Outcome {
  /** The item after the operation; the same object if it did not change, undefined if there is none. */
  readonly after: StoredItem | undefined
  readonly answer: Omit<TableAnswer, 'id'>
}

/** DynamoDB's inputs, as far as the owner needs them. */
export interface WriteInput {
  readonly Key?: Item
  readonly Item?: Item
  readonly ConditionExpression?: string
  readonly UpdateExpression?: string
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>
  readonly ExpressionAttributeValues?: Item
  readonly ReturnValues?: 'NONE' | 'ALL_OLD' | 'ALL_NEW' | 'UPDATED_OLD' | 'UPDATED_NEW'
  readonly ReturnValuesOnConditionCheckFailure?: 'NONE' | 'ALL_OLD'
}

/** A request that may change an item. */
export type WriteRequest = TableRequest & {
  readonly operation: Exclude<TableRequest['operation'], 'barrier'>
}

/** A record of the change stream has two images of this size, and its other fields. */
const MAX_JSON_BYTES = 480 << 10
/** The code of answers to requests whose If-Match or If-None-Match is wrong. It is not one of DynamoDB's. */
export const WRONG_REVISION = 'WrongRevision'

/** Names a state of an item. One that is created after it was deleted has other revisions. */
export const revisionOf = (stored: Omit<StoredItem, 'item'> | undefined): string =>
  stored === undefined ? '' : `${stored.createdAt.toString(36)}-${stored.version}`

interface Expressions {
  readonly condition: ParsedCondition | undefined
  readonly update: Update | undefined
}

/**
 * Throws ItemError for expressions that DynamoDB refuses, whatever the item is.
 * @param table whose keys an update must leave alone
 */
export function checkWrite(input: WriteInput, operation: WriteRequest['operation'], table?: Table): void {
  const placeholders = new Placeholders(input.ExpressionAttributeNames, input.ExpressionAttributeValues)
  const { update } = expressionsOf(input, placeholders)
  placeholders.checkUsed()
  if (table !== undefined) update?.checkKey(schemaOf(table))
  if (update !== undefined && operation !== 'update')
    throw new ItemError('UpdateExpression is for UpdateItem only')
}

function expressionsOf(
  { ConditionExpression: condition, UpdateExpression: update }: WriteInput,
  placeholders: Placeholders,
): Expressions {
  return {
    condition: condition === undefined ? undefined : parseCondition(condition, placeholders),
    update: update === undefined ? undefined : parseUpdate(update, placeholders),
  }
}

/** Throws for requests that the API would not have written: on a broker without logins anybody can write one. */
export function carryOut(request: WriteRequest, before: StoredItem | undefined): Outcome {
  const { operation, expected, at } = request
  const input = JSON.parse(request.input) as WriteInput
  if (expected !== null && expected !== revisionOf(before))
    return refused(before, WRONG_REVISION, `The item has the revision "${revisionOf(before)}".`)
  try {
    const placeholders = new Placeholders(input.ExpressionAttributeNames, input.ExpressionAttributeValues)
    const { condition, update } = expressionsOf(input, placeholders)
    if (condition !== undefined && !condition.matches(before?.item ?? NOTHING))
      return refused(
        before,
        'ConditionalCheckFailedException',
        'The conditional request failed',
        input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' ? before?.item : undefined,
      )
    const item = itemAfter(operation, input, update, before?.item)
    const after = stored(item, before, at)
    return { after, answer: answered(after, returned(input, update, before?.item, item)) }
  } catch (error) {
    if (error instanceof ItemError) return refused(before, error.code, error.message)
    throw error
  }
}

const NOTHING: Item = Object.create(null)

function itemAfter(
  operation: WriteRequest['operation'],
  { Item, Key }: WriteInput,
  update: Update | undefined,
  before: Item | undefined,
): Item | undefined {
  if (operation === 'delete') return undefined
  const item = operation === 'put' ? readItem(Item) : updated(update, before, readItem(Key))
  if (item === undefined) return undefined
  if (operation === 'put') checkItemToPut(item)
  if (Buffer.byteLength(JSON.stringify(toJson(item))) > MAX_JSON_BYTES)
    throw new ItemError('Item size has exceeded the maximum allowed size')
  return item
}

/** An update without an expression creates the item if there is none. */
const updated = (update: Update | undefined, before: Item | undefined, key: Item): Item | undefined =>
  update === undefined ? (before ?? key) : update.apply(before, key)

function stored(item: Item | undefined, before: StoredItem | undefined, at: number): StoredItem | undefined {
  if (item === undefined) return undefined
  if (before === undefined) return { item, version: 1, createdAt: at }
  return equalItems(before.item, item) ? before : { ...before, item, version: before.version + 1 }
}

/** Returns the attributes that the input asks for. */
function returned(
  { ReturnValues: wanted }: WriteInput,
  update: Update | undefined,
  before: Item | undefined,
  after: Item | undefined,
): Item | undefined {
  if (wanted === 'ALL_OLD') return before
  if (wanted === 'ALL_NEW') return after
  if (wanted === 'UPDATED_OLD') return before && update?.project(before)
  return wanted === 'UPDATED_NEW' ? after && update?.project(after) : undefined
}

const jsonOf = (item: Item | undefined): string | null =>
  item === undefined ? null : JSON.stringify(toJson(item))

const answered = (after: StoredItem | undefined, item: Item | undefined): Outcome['answer'] => ({
  code: null,
  message: '',
  item: jsonOf(item),
  revision: revisionOf(after),
})

const refused = (before: StoredItem | undefined, code: string, message: string, item?: Item): Outcome => ({
  after: before,
  answer: { code, message, item: jsonOf(item), revision: revisionOf(before) },
})
