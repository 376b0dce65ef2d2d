/** The operations on tables. */
import { randomBytes } from 'node:crypto'
import { type Account, AwsError, tableArn } from '@weir/aws'
import type { KeyAttribute } from '@weir/items'
import { labelOf, type STREAM_VIEWS, type Table } from '../tables/entries.ts'
import type { Tables } from '../tables/tables.ts'
import type { DynamoContext } from './dynamodb-api.ts'
import { invalid, invalidValue, noTable } from './errors.ts'
import type { TableNames } from './table-names.ts'

export interface TableDeps {
  readonly account: Account
  readonly tables: Tables
  readonly names: TableNames
}

interface KeyElement {
  readonly AttributeName: string
  readonly KeyType: 'HASH' | 'RANGE'
}

interface CreateTableInput {
  readonly TableName: string
  readonly AttributeDefinitions?: readonly {
    readonly AttributeName: string
    readonly AttributeType: KeyAttribute['type']
  }[]
  readonly KeySchema?: readonly KeyElement[]
  readonly StreamSpecification?: {
    readonly StreamEnabled: boolean
    readonly StreamViewType?: (typeof STREAM_VIEWS)[number]
  }
  readonly DeletionProtectionEnabled?: boolean
  readonly GlobalSecondaryIndexes?: readonly unknown[]
  readonly LocalSecondaryIndexes?: readonly unknown[]
}

type UpdateTableInput = Pick<
  CreateTableInput,
  'TableName' | 'StreamSpecification' | 'DeletionProtectionEnabled'
> & { readonly [ignoredOrUnsupported: string]: unknown }

/** Parameters of UpdateTable for what tables here do not have. Others than these are ignored: nothing is metered. */
const NO_UPDATES = [
  'GlobalSecondaryIndexUpdates',
  'ReplicaUpdates',
  'GlobalTableWitnessUpdates',
  'MultiRegionConsistency',
] as const

/** DynamoDB's own limit of a page (API reference, ListTables). */
const MAX_LISTED = 100

export function tableOperations({ account, tables, names }: TableDeps) {
  const { definitions, reading } = tables

  const describe = (table: Table, status: string) => {
    const arn = tableArn(account, table.name)
    const keys = table.sortKey === null ? [table.partitionKey] : [table.partitionKey, table.sortKey]
    return {
      TableName: table.name,
      TableArn: arn,
      TableId: table.id,
      TableStatus: status,
      CreationDateTime: new Date(table.createdAt),
      AttributeDefinitions: keys.map(({ name, type }) => ({ AttributeName: name, AttributeType: type })),
      KeySchema: keys.map(({ name }, i) => ({ AttributeName: name, KeyType: i === 0 ? 'HASH' : 'RANGE' })),
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
      DeletionProtectionEnabled: table.isProtected,
      ItemCount: reading.count(table.id),
      ...(table.stream && {
        StreamSpecification: { StreamEnabled: true, StreamViewType: table.stream.view },
        LatestStreamLabel: labelOf(table.stream),
        LatestStreamArn: `${arn}/stream/${labelOf(table.stream)}`,
      }),
    }
  }

  return {
    async CreateTable(input: CreateTableInput, context: DynamoContext) {
      const name = names.named(input.TableName)
      context.authorize(tableArn(account, name))
      const table = newTable(name, input)
      await definitions.change(name, (found) => {
        if (found !== undefined) throw new AwsError('ResourceInUseException', `Table already exists: ${name}`)
        return table
      })
      return { TableDescription: describe(table, 'ACTIVE') }
    },

    async DeleteTable({ TableName }: { readonly TableName: string }, context: DynamoContext) {
      const name = names.named(TableName)
      context.authorize(tableArn(account, name))
      let deleted: Table | undefined
      await definitions.change(name, (found) => {
        if (found === undefined) throw noTable(name)
        if (found.isProtected)
          throw invalid(
            `Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.`,
          )
        deleted = found
        return undefined
      })
      return { TableDescription: describe(deleted!, 'DELETING') }
    },

    async UpdateTable(input: UpdateTableInput, context: DynamoContext) {
      checkUpdate(input)
      const { name } = names.find(input.TableName, context, { isNamed: true })
      let updated: Table | undefined
      await definitions.change(name, (found) => {
        if (found === undefined) throw noTable(name)
        updated = withUpdate(found, input, Date.now())
        return updated
      })
      return { TableDescription: describe(updated!, 'ACTIVE') }
    },

    async DescribeTable({ TableName }: { readonly TableName: string }, context: DynamoContext) {
      await definitions.catchUp()
      return { Table: describe(names.find(TableName, context, { isNamed: true }), 'ACTIVE') }
    },

    async ListTables(
      {
        ExclusiveStartTableName: after = '',
        Limit: limit = MAX_LISTED,
      }: { readonly ExclusiveStartTableName?: string; readonly Limit?: number },
      context: DynamoContext,
    ) {
      await definitions.catchUp()
      const all = [...definitions.byName.keys()]
        .filter((name) => name > after && context.may(tableArn(account, name)))
        .sort()
      const TableNames = all.slice(0, limit)
      return { TableNames, ...(all.length > limit && { LastEvaluatedTableName: TableNames.at(-1) }) }
    },

    async UpdateTimeToLive(
      input: {
        readonly TableName: string
        readonly TimeToLiveSpecification: { readonly Enabled: boolean; readonly AttributeName: string }
      },
      context: DynamoContext,
    ) {
      const { Enabled, AttributeName } = input.TimeToLiveSpecification
      const { name } = names.find(input.TableName, context, { isNamed: true })
      await definitions.change(name, (table) => {
        if (table === undefined) throw noTable(name)
        if (Enabled && table.expiry !== null) throw invalid('TimeToLive is already enabled')
        if (!Enabled && table.expiry === null) throw invalid('TimeToLive is already disabled')
        if (!Enabled && table.expiry !== AttributeName)
          throw invalid(
            `TimeToLive is active on a different AttributeName: current AttributeName is ${table.expiry}`,
          )
        return { ...table, expiry: Enabled ? AttributeName : null }
      })
      return { TimeToLiveSpecification: input.TimeToLiveSpecification }
    },

    async DescribeTimeToLive({ TableName }: { readonly TableName: string }, context: DynamoContext) {
      await definitions.catchUp()
      const { expiry } = names.find(TableName, context, { isNamed: true })
      return {
        TimeToLiveDescription:
          expiry === null
            ? { TimeToLiveStatus: 'DISABLED' }
            : { TimeToLiveStatus: 'ENABLED', AttributeName: expiry },
      }
    },
  }
}

/** Throws what DynamoDB throws, and for what tables here do not have. */
function newTable(name: string, input: CreateTableInput): Table {
  if (input.GlobalSecondaryIndexes !== undefined || input.LocalSecondaryIndexes !== undefined)
    throw invalid(
      'Tables here do not have secondary indexes; leave GlobalSecondaryIndexes and LocalSecondaryIndexes out.',
    )
  const { partitionKey, sortKey } = keysOf(input)
  const { StreamSpecification: stream, DeletionProtectionEnabled: isProtected = false } = input
  const now = Date.now()
  return {
    name,
    id: randomBytes(8).toString('hex'),
    createdAt: now,
    partitionKey,
    sortKey,
    stream: streamOf(stream, now),
    expiry: null,
    isProtected,
  }
}

/** Throws if the update changes nothing, or what tables here do not have. */
function checkUpdate({ TableName: _, ...changes }: UpdateTableInput): void {
  const unsupported = NO_UPDATES.find((parameter) => changes[parameter] !== undefined)
  if (unsupported !== undefined)
    throw invalid(`Tables here have neither secondary indexes nor replicas; leave ${unsupported} out.`)
  if (Object.values(changes).every((value) => value === undefined))
    throw invalid(
      'At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required',
    )
}

/** A stream that is disabled and enabled again is another one. Readers of the old one find no more changes in it. */
function withUpdate(table: Table, input: UpdateTableInput, now: number): Table {
  const { StreamSpecification: stream, DeletionProtectionEnabled: isProtected = table.isProtected } = input
  if (stream === undefined) return { ...table, isProtected }
  if (stream.StreamEnabled && table.stream !== null)
    throw invalid(`Table already has an enabled stream: TableName: ${table.name}`)
  if (!stream.StreamEnabled && table.stream === null)
    throw invalid(`Table is already disabled: TableName: ${table.name}`)
  return { ...table, isProtected, stream: streamOf(stream, now) }
}

function streamOf(specification: CreateTableInput['StreamSpecification'], now: number): Table['stream'] {
  if (specification === undefined) return null
  const { StreamEnabled: isEnabled, StreamViewType: view } = specification
  if (!isEnabled && view !== undefined)
    throw invalidValue('StreamViewType cannot be specified when StreamEnabled is false')
  if (!isEnabled) return null
  if (view === undefined) throw invalidValue('StreamViewType is required if StreamEnabled is true')
  return { view, enabledAt: now }
}

function keysOf({ AttributeDefinitions: definitions = [], KeySchema: schema = [] }: CreateTableInput) {
  const [hash, range, ...more] = schema
  if (hash === undefined || more.length > 0)
    throw invalid(
      `1 validation error detected: Value '${schema.length} key elements' at 'keySchema' failed to satisfy constraint: Member must have length between 1 and 2`,
    )
  if (hash.KeyType !== 'HASH')
    throw invalid('Invalid KeySchema: The first KeySchemaElement is not a HASH key type')
  if (range !== undefined && range.KeyType !== 'RANGE')
    throw invalid('Invalid KeySchema: The second KeySchemaElement is not a RANGE key type')
  if (range?.AttributeName === hash.AttributeName)
    throw invalid('Both the Hash Key and the Range Key element in the KeySchema have the same name')
  const typed = ({ AttributeName: name }: KeyElement): KeyAttribute => {
    const definition = definitions.find(({ AttributeName }) => AttributeName === name)
    if (definition === undefined)
      throw invalidValue(
        `Some index key attributes are not defined in AttributeDefinitions. Keys: [${schema.map(({ AttributeName }) => AttributeName).join(', ')}], AttributeDefinitions: [${definitions.map(({ AttributeName }) => AttributeName).join(', ')}]`,
      )
    return { name, type: definition.AttributeType }
  }
  const keys = { partitionKey: typed(hash), sortKey: range === undefined ? null : typed(range) }
  if (definitions.length !== schema.length)
    throw invalidValue(
      'Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions',
    )
  return keys
}
