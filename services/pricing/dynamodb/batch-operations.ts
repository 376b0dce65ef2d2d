/** The operations on several items. Each item is read or written on its own. */
import { AwsError } from '@weir/aws'
import { encodeKey, type Item, keyItem } from '@weir/items'
import { schemaOf, type Table } from '../tables/entries.ts'
import type { WriteInput } from '../tables/operations.ts'
import type { DynamoContext } from './dynamodb-api.ts'
import { invalid } from './errors.ts'
import { type ItemDeps, outcome, prepared, write } from './item-operations.ts'
import { withExpressions } from './legacy.ts'
import { namedKey, projectionOf, type ReadInput } from './read-operations.ts'

interface KeysAndAttributes extends ReadInput {
  readonly Keys: readonly Item[]
}

interface WriteRequest {
  readonly PutRequest?: { readonly Item: Item }
  readonly DeleteRequest?: { readonly Key: Item }
}

interface Write {
  readonly table: Table
  /** The table as the request names it. */
  readonly name: string
  readonly operation: 'put' | 'delete'
  readonly input: WriteInput
  readonly request: WriteRequest
}

/** API reference, BatchGetItem and BatchWriteItem. */
const MAX_GETS = 100
const MAX_WRITES = 25
/** An answer has less; the rest of the keys is not processed. */
const MAX_ANSWER_BYTES = 8 << 20

export function batchOperations({ tables, names }: ItemDeps) {
  return {
    async BatchGetItem(
      { RequestItems: requested }: { readonly RequestItems: Readonly<Record<string, KeysAndAttributes>> },
      context: DynamoContext,
    ) {
      const wanted = Object.entries(requested).flatMap(([name, input]) => {
        const projection = projectionOf(withExpressions(input))
        const table = names.find(name, context)
        const keys = input.Keys.map((key) => namedKey(table, key))
        demandDistinct(keys.map((key) => encodeKey(table.id, key)))
        return keys.map((key) => ({ name, table, input, projection, key }))
      })
      if (wanted.length > MAX_GETS) throw invalid('Too many items requested for the BatchGetItem call')
      const consistent = wanted.filter(({ input }) => input.ConsistentRead)
      await Promise.all(consistent.map(({ table, key }) => outcome(tables.settle(table, key.partition))))
      const Responses: Record<string, Item[]> = Object.create(null)
      const UnprocessedKeys: Record<string, KeysAndAttributes & { Keys: Item[] }> = Object.create(null)
      let bytes = 0
      for (const { name, table, input, projection, key } of wanted) {
        if (bytes >= MAX_ANSWER_BYTES) {
          UnprocessedKeys[name] ??= { ...input, Keys: [] }
          UnprocessedKeys[name].Keys.push(keyItem(schemaOf(table), key))
          continue
        }
        Responses[name] ??= []
        const found = tables.reading.get(encodeKey(table.id, key))
        if (found === undefined) continue
        bytes += found.bytes
        Responses[name].push(projection?.project(found.item) ?? found.item)
      }
      return { Responses, UnprocessedKeys }
    },

    async BatchWriteItem(
      {
        RequestItems: requested,
      }: { readonly RequestItems: Readonly<Record<string, readonly WriteRequest[]>> },
      context: DynamoContext,
    ) {
      const writes = Object.entries(requested).flatMap(([name, requests]) => {
        const table = names.find(name, context)
        return requests.map((request) => writeOf(table, name, request))
      })
      if (writes.length > MAX_WRITES) throw invalid('Too many items requested for the BatchWriteItem call')
      demandDistinct(
        writes.map(({ table, operation, input }) =>
          encodeKey(table.id, prepared(table, operation, input).key),
        ),
      )
      const areWritten = await Promise.all(writes.map(isWritten))
      const UnprocessedItems: Record<string, WriteRequest[]> = Object.create(null)
      for (const [i, { name, request }] of writes.entries()) {
        if (areWritten[i]) continue
        UnprocessedItems[name] ??= []
        UnprocessedItems[name].push(request)
      }
      return { UnprocessedItems }
    },
  }

  /** Returns false if the outcome is unknown. Writing an item once more does no harm. */
  async function isWritten({ table, operation, input }: Write): Promise<boolean> {
    try {
      await write(tables, table, operation, input)
      return true
    } catch (error) {
      if (error instanceof AwsError && error.fault === 'server') return false
      throw error
    }
  }
}

function writeOf(table: Table, name: string, request: WriteRequest): Write {
  const { PutRequest: put, DeleteRequest: remove } = request
  if ((put === undefined) === (remove === undefined))
    throw invalid('A write request must have either a PutRequest or a DeleteRequest.')
  return put === undefined
    ? { table, name, request, operation: 'delete', input: { Key: remove!.Key } }
    : { table, name, request, operation: 'put', input: { Item: put.Item } }
}

function demandDistinct(keys: readonly Buffer[]): void {
  if (new Set(keys.map((key) => key.toString('latin1'))).size < keys.length)
    throw invalid('Provided list of item keys contains duplicates')
}
