/** Glue's operations on partitions of tables. */
import { type AwsContext, AwsError } from '@weir/aws'
import type { Change } from '@weir/control'
import { type Partition, partitionKey } from './catalogue.ts'
import { createdTable, requireRoom, textOf } from './change-operations.ts'
import { idOf, type Members, membersOf, type PartitionEntry } from './entries.ts'
import { invalid, notFound } from './errors.ts'
import { partitionFilter } from './partition-filter.ts'
import { type PageInput, page } from './schema-operations.ts'
import {
  arnsOf,
  type CatalogueDeps,
  type PartitionsOf,
  requireCatalog,
  storedName,
  tableNamed,
} from './table-operations.ts'

type PartitionInput = Members & { readonly Values?: readonly string[] }

interface ValueList {
  readonly Values: readonly string[]
}

interface GetPartitionsInput extends PartitionsOf, PageInput {
  readonly Expression?: string
  readonly Segment?: { readonly SegmentNumber: number; readonly TotalSegments: number }
  readonly ExcludeColumnSchema?: boolean
}

export function partitionOperations({ account, catalogue }: CatalogueDeps) {
  const shown = (partition: Partition) => ({ ...partition, CatalogId: account.accountId })

  /** Throws unless the client may read the table. Returns its name as it is stored. */
  const readable = async (input: PartitionsOf, context: AwsContext) => {
    requireCatalog(account, input.CatalogId)
    await catalogue.catchUp()
    const named = stored(input)
    tableNamed(account, catalogue, { DatabaseName: named.database, Name: named.table }, context)
    return named
  }

  const stored = ({ DatabaseName, TableName }: PartitionsOf) => ({
    database: storedName(catalogue, DatabaseName),
    table: storedName(catalogue, DatabaseName, TableName),
  })

  /** Throws unless the client may change the table. */
  const changeable = (input: PartitionsOf, context: AwsContext) => {
    requireCatalog(account, input.CatalogId)
    const named = stored(input)
    context.authorize(arnsOf(account).table(named.database, named.table))
    return named
  }

  const create = async (of: PartitionsOf, input: PartitionInput, context: AwsContext): Promise<void> => {
    const { database, table } = changeable(of, context)
    const json = textOf(input)
    const { Values: given = [] } = input
    await catalogue.change(
      () => {
        const values = valuesOf(createdTable(catalogue, database, table).entry, input)
        if (catalogue.partition(database, table, values) !== undefined)
          throw new AwsError('AlreadyExistsException', 'Partition already exists.')
        requireRoom(catalogue, json.length)
        return [changed({ database, table, values, createdAt: Date.now(), json })]
      },
      scopeOf(database, table, given),
    )
  }

  const remove = async (of: PartitionsOf, values: readonly string[], context: AwsContext): Promise<void> => {
    const { database, table } = changeable(of, context)
    await catalogue.change(
      () => {
        createdTable(catalogue, database, table)
        if (catalogue.partition(database, table, values) === undefined) throw noPartition(values)
        return [{ kind: 'partition', id: idOf(database, table, ...values), value: undefined }]
      },
      scopeOf(database, table, values),
    )
  }

  return {
    async GetPartition(
      input: PartitionsOf & { readonly PartitionValues: readonly string[] },
      context: AwsContext,
    ) {
      const { database, table } = await readable(input, context)
      const partition = catalogue.partition(database, table, input.PartitionValues)
      if (partition === undefined) throw noPartition(input.PartitionValues)
      return { Partition: shown(partition) }
    },

    async GetPartitions(input: GetPartitionsInput, context: AwsContext) {
      const { database, table } = await readable(input, context)
      const { SegmentNumber: segment = 0, TotalSegments: segments = 1 } = input.Segment ?? {}
      const { PartitionKeys: keys = [] } = catalogue.table(database, table)!
      const chosen = input.Expression ? partitionFilter(input.Expression, keys) : () => true
      const all = catalogue
        .partitions(database, table)
        .filter(({ Values }) => chosen(Values))
        .filter(({ Values }) => parseInt(idOf(...Values).slice(0, 8), 16) % segments === segment)
      const { items, next } = page(all, partitionKey, 'partitions', {
        max: input.MaxResults,
        token: input.NextToken,
      })
      return {
        Partitions: items.map(shown),
        NextToken: next,
      }
    },

    async BatchGetPartition(
      input: PartitionsOf & { readonly PartitionsToGet: readonly ValueList[] },
      context: AwsContext,
    ) {
      const { database, table } = await readable(input, context)
      const found = input.PartitionsToGet.map(({ Values }) => catalogue.partition(database, table, Values))
      return {
        Partitions: found.filter((partition) => partition !== undefined).map(shown),
        UnprocessedKeys: [],
      }
    },

    async CreatePartition(
      input: PartitionsOf & { readonly PartitionInput: PartitionInput },
      context: AwsContext,
    ) {
      await create(input, input.PartitionInput, context)
      return {}
    },

    async BatchCreatePartition(
      input: PartitionsOf & { readonly PartitionInputList: readonly PartitionInput[] },
      context: AwsContext,
    ) {
      changeable(input, context)
      return errorsOf(input.PartitionInputList, (one) => create(input, one, context))
    },

    async UpdatePartition(
      input: PartitionsOf & {
        readonly PartitionValueList: readonly string[]
        readonly PartitionInput: PartitionInput
      },
      context: AwsContext,
    ) {
      const { database, table } = changeable(input, context)
      const before = input.PartitionValueList
      const json = textOf(input.PartitionInput)
      await catalogue.change(() => {
        const values = valuesOf(createdTable(catalogue, database, table).entry, input.PartitionInput)
        const found = catalogue.entries.partition.get(idOf(database, table, ...before))
        if (found === undefined) throw noPartition(before)
        requireRoom(catalogue, json.length - found.entry.json.length)
        const update = changed({ ...found.entry, values, json })
        const id = idOf(database, table, ...before)
        if (update.id === id) return [update]
        if (catalogue.partition(database, table, values) !== undefined)
          throw new AwsError('AlreadyExistsException', 'Partition already exists.')
        return [{ kind: 'partition', id, value: undefined }, update]
      })
      return {}
    },

    async DeletePartition(
      input: PartitionsOf & { readonly PartitionValues: readonly string[] },
      context: AwsContext,
    ) {
      await remove(input, input.PartitionValues, context)
      return {}
    },

    async BatchDeletePartition(
      input: PartitionsOf & { readonly PartitionsToDelete: readonly ValueList[] },
      context: AwsContext,
    ) {
      changeable(input, context)
      return errorsOf(input.PartitionsToDelete, ({ Values }) => remove(input, Values, context))
    },
  }
}

/** Carries the change out for all of them at once. Resolves to the errors of those that failed. */
async function errorsOf<I extends { readonly Values?: readonly string[] }>(
  inputs: readonly I[],
  change: (input: I) => Promise<void>,
): Promise<{ readonly Errors: readonly object[] }> {
  const results = await Promise.allSettled(inputs.map(change))
  const Errors = results.flatMap((result, i) => {
    if (result.status === 'fulfilled') return []
    const error: unknown = result.reason
    if (!(error instanceof AwsError)) throw error
    const ErrorDetail = { ErrorCode: error.code, ErrorMessage: error.message }
    return [{ PartitionValues: inputs[i].Values ?? [], ErrorDetail }]
  })
  return { Errors }
}

/** Returns the values of a partition. Throws unless there is one for each partition key of the table. */
function valuesOf(
  table: { readonly json: string },
  { Values: values = [] }: PartitionInput,
): readonly string[] {
  const { PartitionKeys: keys = [] } = membersOf('table', table)
  if (keys.length === 0 || keys.length !== values.length)
    throw invalid(`The table has ${keys.length} partition keys, and the partition ${values.length} values.`)
  return values
}

/** Partitions are independent of each other, and depend on their table. */
const scopeOf = (database: string, table: string, values: readonly string[]) => ({
  reads: [idOf(database), idOf(database, table)],
  changes: [idOf(database, table, ...values)],
})

const changed = (entry: PartitionEntry): Change => ({
  kind: 'partition',
  id: idOf(entry.database, entry.table, ...entry.values),
  value: entry,
})

const noPartition = (values: readonly string[]): AwsError =>
  notFound(`Cannot find partition with values ${JSON.stringify(values).slice(0, 300)}.`)
