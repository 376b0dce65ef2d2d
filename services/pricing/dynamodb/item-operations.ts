/** The operations that write one item. */
import { AwsError } from '@weir/aws'
import type { TableAnswer } from '@weir/contracts'
import { type Key, keyItem, keyOfItem, readItem, readKey, toJson } from '@weir/items'
import { KafkaError } from '@weir/kafka'
import { schemaOf, type Table } from '../tables/entries.ts'
import { checkWrite, type WriteInput } from '../tables/operations.ts'
import { NoAnswer } from '../tables/requests.ts'
import type { Tables } from '../tables/tables.ts'
import type { DynamoContext } from './dynamodb-api.ts'
import { invalid, noOutcome, noTable } from './errors.ts'
import { refusing } from './expressions.ts'
import { withExpressions } from './legacy.ts'
import type { TableNames } from './table-names.ts'

export interface ItemDeps {
  readonly tables: Tables
  readonly names: TableNames
}

interface Named extends WriteInput {
  readonly TableName: string
}

export type WriteOperation = 'put' | 'update' | 'delete'

export function itemOperations({ tables, names }: ItemDeps) {
  const run = async (operation: WriteOperation, given: Named, context: DynamoContext) => {
    const input = withExpressions(given)
    const checkForm = (): void =>
      refusing(() => {
        checkWrite(input, operation)
        readItem(input.Item ?? input.Key)
      })
    const table = names.find(input.TableName, context, { checkForm })
    if (
      operation !== 'update' &&
      input.ReturnValues !== undefined &&
      !['NONE', 'ALL_OLD'].includes(input.ReturnValues)
    )
      throw invalid('Return values set to invalid value')
    const { item } = await write(tables, table, operation, input)
    return item === null ? {} : { Attributes: readItem(JSON.parse(item)) }
  }
  return {
    PutItem: (input: Named, context: DynamoContext) => run('put', input, context),
    UpdateItem: (input: Named, context: DynamoContext) => run('update', input, context),
    DeleteItem: (input: Named, context: DynamoContext) => run('delete', input, context),
  }
}

/** Writes an item. Resolves to the owner's answer; throws the error that it says. */
export async function write(
  tables: Tables,
  table: Table,
  operation: WriteOperation,
  input: WriteInput,
): Promise<TableAnswer> {
  const { key, text } = prepared(table, operation, input)
  const answer = await outcome(tables.write(table, key, { operation, input: text, expected: null }))
  const { code, message, item } = answer
  if (code === null) return answer
  if (code === 'ResourceNotFoundException') throw noTable()
  throw new AwsError(
    code,
    message,
    code === 'InternalServerError' ? 500 : 400,
    item === null ? {} : { Item: JSON.parse(item) },
  )
}

/** Checks what does not depend on the item, so that the owner gets no request that it would refuse for that. */
export function prepared(
  table: Table,
  operation: WriteOperation,
  { Item, Key, ...input }: WriteInput,
): { readonly key: Key; readonly text: string } {
  return refusing(() => {
    const schema = schemaOf(table)
    checkWrite(input, operation, table)
    const rest = {
      ConditionExpression: input.ConditionExpression,
      UpdateExpression: input.UpdateExpression,
      ExpressionAttributeNames: input.ExpressionAttributeNames,
      ExpressionAttributeValues:
        input.ExpressionAttributeValues && toJson(readItem(input.ExpressionAttributeValues)),
      ReturnValues: input.ReturnValues,
      ReturnValuesOnConditionCheckFailure: input.ReturnValuesOnConditionCheckFailure,
    }
    if (operation === 'put') {
      const item = readItem(Item)
      return { key: keyOfItem(schema, item), text: JSON.stringify({ ...rest, Item: toJson(item) }) }
    }
    const key = readKey(schema, readItem(Key))
    return { key, text: JSON.stringify({ ...rest, Key: toJson(keyItem(schema, key)) }) }
  })
}

/** Rejects with an error that SDKs repeat if the outcome is unknown. */
export async function outcome<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof KafkaError || error instanceof NoAnswer) throw noOutcome(error.message)
    throw error
  }
}
