/** The operations that read items. */
import {
  checkFilterPaths,
  encodeKey,
  type Item,
  type Key,
  type KeyRange,
  keyItem,
  keyOfItem,
  keyRange,
  type ParsedCondition,
  type Projection,
  parseCondition,
  parseKeyCondition,
  parseProjection,
  partitionPrefix,
  readItem,
  readKey,
} from '@weir/items'
import { partitionOfKey } from '@weir/kafka'
import { schemaOf, type Table } from '../tables/entries.ts'
import { type ReadItem, type Reading, rangeOfTable } from '../tables/reading.ts'
import type { DynamoContext } from './dynamodb-api.ts'
import { invalid } from './errors.ts'
import { type ExpressionInput, parsed, refusing } from './expressions.ts'
import { type ItemDeps, outcome } from './item-operations.ts'
import { withExpressions } from './legacy.ts'

export interface ReadInput extends ExpressionInput {
  readonly ConsistentRead?: boolean
  readonly ProjectionExpression?: string
}

interface PageInput extends ReadInput {
  readonly TableName: string
  readonly IndexName?: string
  readonly FilterExpression?: string
  readonly Limit?: number
  readonly ExclusiveStartKey?: Item
  readonly Select?: 'ALL_ATTRIBUTES' | 'ALL_PROJECTED_ATTRIBUTES' | 'SPECIFIC_ATTRIBUTES' | 'COUNT'
}

interface SegmentInput {
  readonly Segment?: number
  readonly TotalSegments?: number
}

/** The items of a query or scan, in the order of their pages. */
interface Pages {
  readonly range: KeyRange
  readonly descending?: boolean
  readonly isIn?: (item: Item) => boolean
  readonly filter: ParsedCondition | undefined
  readonly projection: Projection | undefined
}

/** A page has at most about so many bytes of items, before the filter (developer guide, "Query"). */
const MAX_PAGE_BYTES = 1 << 20
/** A page ends after so many items, small as they may be: other requests wait meanwhile. */
const MAX_PAGE_ITEMS = 2000

export function readOperations({ tables, names }: ItemDeps) {
  return {
    async GetItem(
      given: ReadInput & { readonly TableName: string; readonly Key: Item },
      context: DynamoContext,
    ) {
      const input = withExpressions(given)
      const projection = projectionOf(input)
      const keyValues = refusing(() => readItem(input.Key))
      const table = names.find(input.TableName, context)
      const key = refusing(() => readKey(schemaOf(table), keyValues))
      if (input.ConsistentRead) await outcome(tables.settle(table, key.partition))
      const found = tables.reading.get(encodeKey(table.id, key))
      return found === undefined ? {} : { Item: projection?.project(found.item) ?? found.item }
    },

    async Query(
      given: PageInput & { readonly KeyConditionExpression?: string; readonly ScanIndexForward?: boolean },
      context: DynamoContext,
    ) {
      const input = withExpressions(given)
      const { KeyConditionExpression: text, ScanIndexForward: isForward = true } = input
      if (text === undefined)
        throw invalid(
          'Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.',
        )
      const checkForm = (): void =>
        parsed(input, (placeholders) => {
          parseCondition(text, placeholders, 'KeyConditionExpression')
          filterAndProjection(input, placeholders)
        })
      const table = names.find(input.TableName, context, { checkForm })
      demandNoIndex(input)
      const { condition, ...rest } = parsed(input, (placeholders) => ({
        condition: parseKeyCondition(text, placeholders, schemaOf(table)),
        ...filterAndProjection(input, placeholders),
      }))
      const range = refusing(() => {
        checkFilterPaths(schemaOf(table), rest.filter?.paths ?? [])
        return keyRange(table.id, condition)
      })
      if (input.ConsistentRead) await outcome(tables.settle(table, condition.partition))
      return page(tables.reading, table, input, { range, descending: !isForward, ...rest })
    },

    async Scan(given: PageInput & SegmentInput, context: DynamoContext) {
      const input = withExpressions(given)
      const rest = parsed(input, (placeholders) => filterAndProjection(input, placeholders))
      const table = names.find(input.TableName, context)
      demandNoIndex(input)
      if (input.ConsistentRead)
        throw invalid('Scans are eventually consistent here; leave ConsistentRead out, or use Query.')
      return page(tables.reading, table, input, {
        range: rangeOfTable(table.id),
        isIn: segmentOf(table, input),
        ...rest,
      })
    },
  }
}

export function projectionOf(input: ReadInput): Projection | undefined {
  const { ProjectionExpression: text } = input
  return parsed(input, (placeholders) =>
    text === undefined ? undefined : parseProjection(text, placeholders),
  )
}

export const namedKey = (table: Table, key: Item): Key =>
  refusing(() => readKey(schemaOf(table), readItem(key)))

function demandNoIndex({ IndexName: name }: PageInput): void {
  if (name !== undefined) throw invalid(`The table does not have the specified index: ${name}`)
}

function filterAndProjection(
  { FilterExpression: filter, ProjectionExpression: projection }: PageInput,
  placeholders: Parameters<typeof parseProjection>[1],
): Pick<Pages, 'filter' | 'projection'> {
  return {
    filter: filter === undefined ? undefined : parseCondition(filter, placeholders, 'FilterExpression'),
    projection: projection === undefined ? undefined : parseProjection(projection, placeholders),
  }
}

function page(reading: Reading, table: Table, input: PageInput, pages: Pages) {
  const { range, descending = false, isIn = () => true, filter, projection } = pages
  const { Limit: limit = Infinity, Select: select } = input
  const after = startOf(table, input, range)
  const items: Item[] = []
  let seen = 0
  let [scanned, bytes, last, more]: [number, number, ReadItem | undefined, boolean] = [0, 0, undefined, false]
  for (const one of reading.range(range, { descending, ...(after && { after }) })) {
    // DynamoDB tells a last key whenever it stops at the limit, whether or not something follows.
    more = scanned >= limit || bytes >= MAX_PAGE_BYTES || seen >= MAX_PAGE_ITEMS
    if (more) break
    seen++
    bytes += one.bytes
    last = one
    if (!isIn(one.item)) continue
    scanned++
    if (filter?.matches(one.item) ?? true) items.push(projection?.project(one.item) ?? one.item)
  }
  const schema = schemaOf(table)
  return {
    ...(select === 'COUNT' ? {} : { Items: items }),
    Count: items.length,
    ScannedCount: scanned,
    ...((more || scanned >= limit) &&
      last !== undefined && { LastEvaluatedKey: keyItem(schema, keyOfItem(schema, last.item)) }),
  }
}

function startOf(
  table: Table,
  { ExclusiveStartKey: start }: PageInput,
  { start: low, end }: KeyRange,
): Buffer | undefined {
  if (start === undefined) return undefined
  let after: Buffer
  try {
    after = encodeKey(table.id, readKey(schemaOf(table), readItem(start)))
  } catch {
    throw invalid('The provided starting key is invalid: The provided key element does not match the schema')
  }
  if (after.compare(low) < 0 || after.compare(end) >= 0)
    throw invalid('The provided starting key is outside query boundaries based on provided conditions')
  return after
}

/**
 * Returns whether an item is in the segment that the input asks for. Segments divide a table by the hashes of partition
 * keys.
 */
function segmentOf(
  table: Table,
  { Segment: segment, TotalSegments: total }: SegmentInput,
): (item: Item) => boolean {
  if (segment === undefined && total === undefined) return () => true
  if (total === undefined)
    throw invalid(
      'The TotalSegments parameter is required but was not present in the request when Segment parameter is present',
    )
  if (segment === undefined)
    throw invalid(
      'The Segment parameter is required but was not present in the request when parameter TotalSegments is present',
    )
  if (segment >= total)
    throw invalid(
      `The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: ${segment} is not less than TotalSegments: ${total}`,
    )
  const schema = schemaOf(table)
  return (item) =>
    partitionOfKey(partitionPrefix(table.id, keyOfItem(schema, item).partition), total) === segment
}
