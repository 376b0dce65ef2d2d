/** Glue's databases, tables and partitions by AWS's own client, on real servers. */
import {
  BatchCreatePartitionCommand,
  BatchDeletePartitionCommand,
  BatchDeleteTableCommand,
  BatchGetPartitionCommand,
  CreateDatabaseCommand,
  CreatePartitionCommand,
  CreateTableCommand,
  DeleteDatabaseCommand,
  DeletePartitionCommand,
  DeleteTableCommand,
  GetDatabaseCommand,
  GetDatabasesCommand,
  GetPartitionCommand,
  GetPartitionsCommand,
  GetTableCommand,
  GetTablesCommand,
  GlueClient,
  SearchTablesCommand,
  UpdateDatabaseCommand,
  UpdatePartitionCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-glue'
import { uniqueName } from '@weir/testkit'
import type { ServiceProcess } from '@weir/testkit/service-process.ts'
import { untilReady } from '@weir/testkit/service-process.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { OWNER, ownerOf } from '../testing/access-key.ts'
import { clientOf, openPricingWorld, type PricingWorld } from '../testing/pricing.ts'

const database = uniqueName('sales')
const CatalogId = '000000000000'
let world: PricingWorld
const replicas: ServiceProcess[] = []
let glue: GlueClient
let other: GlueClient
let owner: GlueClient

beforeAll(async () => {
  world = await openPricingWorld({ variables: ownerOf([database, `${database}/own*`]) })
  for (let i = 0; i < 2; i++) {
    const replica = await world.start()
    replicas.push(replica)
    await untilReady(replica)
  }
  const [first, second] = replicas
  glue = clientOf(GlueClient, first.url, { maxAttempts: 1 })
  other = clientOf(GlueClient, second.url, { maxAttempts: 1 })
  owner = clientOf(GlueClient, first.url, { maxAttempts: 1, credentials: OWNER })
  await glue.send(new CreateDatabaseCommand({ DatabaseInput: { Name: database, Description: 'Sales' } }))
}, 120_000)
afterAll(async () => {
  await glue?.send(new DeleteDatabaseCommand({ Name: database })).catch(() => {})
  for (const replica of replicas) {
    replica.kill('SIGKILL')
    await replica.exited
  }
  await world?.stop()
})

const input = (Name: string, more: object = {}) => ({
  Name,
  PartitionKeys: [
    { Name: 'year', Type: 'int' },
    { Name: 'month', Type: 'int' },
  ],
  StorageDescriptor: {
    Columns: [{ Name: 'id', Type: 'string' }],
    Location: 's3://lake/orders/',
    InputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
    SerdeInfo: { SerializationLibrary: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe' },
  },
  TableType: 'EXTERNAL_TABLE',
  Parameters: { classification: 'parquet' },
  ...more,
})
const create = (Name: string, client = glue) =>
  client.send(new CreateTableCommand({ DatabaseName: database, TableInput: input(Name) }))
const partition = (...Values: string[]) => ({
  Values,
  StorageDescriptor: { Location: `s3://lake/orders/${Values.join('/')}/` },
})

test('topics, streams and tables of items of a solution are tables of its database', async () => {
  const { DatabaseList } = await glue.send(new GetDatabasesCommand({ CatalogId }))
  expect(DatabaseList!.map(({ Name }) => Name)).toEqual(
    expect.arrayContaining([
      'fleet-anomalies',
      'location-offers',
      'sneaker-pricing',
      'taxi-telemetry',
      'weir',
    ]),
  )
  const { Table } = await glue.send(
    new GetTableCommand({ DatabaseName: 'taxi-telemetry', Name: 'taxi.telemetry' }),
  )
  expect(Table).toMatchObject({
    Owner: 'taxi-telemetry',
    CatalogId,
    PartitionKeys: [],
    Parameters: { classification: 'avro', topicName: 'taxi.telemetry', sample: expect.stringContaining('{') },
    StorageDescriptor: {
      Location: 'kafka://taxi.telemetry',
      SchemaReference: { SchemaId: { RegistryName: 'weir', SchemaName: 'taxi.telemetry' } },
    },
  })
  expect(Table!.StorageDescriptor!.Columns).toEqual(
    expect.arrayContaining([expect.objectContaining({ Name: 'deviceId', Type: 'string' })]),
  )
  const offers = await glue.send(new GetTablesCommand({ DatabaseName: 'location-offers' }))
  const kinds = new Set(offers.TableList!.map((table) => table.Parameters!.typeOfData))
  expect(kinds).toEqual(new Set(['kafka', 'kinesis']))
  const sneakers = await glue.send(
    new GetTablesCommand({ DatabaseName: 'sneaker-pricing', Expression: 'sneaker*' }),
  )
  expect(sneakers.TableList!.every(({ Name }) => Name!.startsWith('sneaker'))).toBe(true)
  expect(sneakers.TableList!.some((table) => table.Parameters!.typeOfData === 'table')).toBe(true)
  const found = await glue.send(new SearchTablesCommand({ SearchText: 'deviceid', MaxResults: 2 }))
  expect(found.TableList).toHaveLength(2)
  const more = await glue.send(
    new SearchTablesCommand({ SearchText: 'deviceid', NextToken: found.NextToken }),
  )
  expect([...found.TableList!, ...more.TableList!].map(({ Name }) => Name)).toContain('taxi.enriched')
})

test('a table is created, changed and deleted, and every replica shows it at once', async () => {
  await create('Orders')
  const id = { DatabaseName: database, Name: 'orders' }
  // Glue keeps names in lower case, and finds them in any.
  const shouted = { DatabaseName: database.toUpperCase(), Name: 'ORDERS' }
  expect((await other.send(new GetTableCommand(shouted))).Table).toMatchObject(id)
  const named = await other.send(new GetDatabaseCommand({ Name: shouted.DatabaseName }))
  expect(named.Database!.Name).toBe(database)
  const { DatabaseName } = shouted
  const { TableList } = await other.send(new GetTablesCommand({ DatabaseName }))
  expect(TableList!.map(({ Name }) => Name)).toContain('orders')
  expect((await other.send(new GetTableCommand(id))).Table).toMatchObject({
    ...input('orders'),
    VersionId: '0',
    CreateTime: expect.any(Date),
  })
  await expect(create('orders', other)).rejects.toMatchObject({ name: 'AlreadyExistsException' })
  const changed = input('orders', { Description: 'All orders' })
  await other.send(new UpdateTableCommand({ DatabaseName: database, TableInput: changed }))
  expect((await glue.send(new GetTableCommand(id))).Table).toMatchObject({
    Description: 'All orders',
    VersionId: '1',
  })
  await glue.send(
    new UpdateDatabaseCommand({ Name: database, DatabaseInput: { Name: database, Description: 'B' } }),
  )
  expect((await other.send(new GetDatabaseCommand({ Name: database }))).Database).toMatchObject({
    Description: 'B',
  })
  await glue.send(new DeleteTableCommand(id))
  await expect(other.send(new GetTableCommand(id))).rejects.toMatchObject({ name: 'EntityNotFoundException' })
})

test('one of two that create the same table at once succeeds', async () => {
  const names = Array.from({ length: 5 }, (_, i) => `raced${i}`)
  const results = await Promise.allSettled(names.flatMap((name) => [create(name, glue), create(name, other)]))
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(names.length)
  const { Errors } = await glue.send(
    new BatchDeleteTableCommand({ DatabaseName: database, TablesToDelete: [...names, 'nobody'] }),
  )
  expect(Errors).toMatchObject([
    { TableName: 'nobody', ErrorDetail: { ErrorCode: 'EntityNotFoundException' } },
  ])
})

test('partitions of a table are created, listed, moved and deleted', async () => {
  await create('parted')
  const table = { DatabaseName: database, TableName: 'parted' }
  await glue.send(new CreatePartitionCommand({ ...table, PartitionInput: partition('2026', '1') }))
  const months = Array.from({ length: 12 }, (_, i) => partition('2026', String(i + 1)))
  const { Errors } = await other.send(
    new BatchCreatePartitionCommand({ ...table, PartitionInputList: [...months, partition('2026')] }),
  )
  expect(
    Errors!.map(({ PartitionValues, ErrorDetail }) => [PartitionValues, ErrorDetail!.ErrorCode]),
  ).toEqual([
    [['2026', '1'], 'AlreadyExistsException'],
    [['2026'], 'InvalidInputException'],
  ])
  const list = async (more: object = {}) =>
    (await glue.send(new GetPartitionsCommand({ ...table, ...more }))).Partitions!
  expect(await list()).toHaveLength(12)
  const segments = await Promise.all(
    [0, 1].map((SegmentNumber) => list({ Segment: { SegmentNumber, TotalSegments: 2 } })),
  )
  expect(segments.flat()).toHaveLength(12)
  expect(await list({ Expression: 'year = 2026 AND month > 9' })).toHaveLength(3)
  await expect(list({ Expression: 'day = 1' })).rejects.toMatchObject({ name: 'InvalidInputException' })
  const first = await glue.send(new GetPartitionsCommand({ ...table, MaxResults: 5 }))
  expect(await list({ NextToken: first.NextToken })).toHaveLength(7)
  const update = { PartitionValueList: ['2026', '1'], PartitionInput: partition('2027', '1') }
  await glue.send(new UpdatePartitionCommand({ ...table, ...update }))
  const moved = await other.send(new GetPartitionCommand({ ...table, PartitionValues: ['2027', '1'] }))
  expect(moved.Partition!.StorageDescriptor!.Location).toBe('s3://lake/orders/2027/1/')
  const wanted = [{ Values: ['2026', '1'] }, { Values: ['2026', '2'] }]
  const got = await glue.send(new BatchGetPartitionCommand({ ...table, PartitionsToGet: wanted }))
  expect(got.Partitions!.map(({ Values }) => Values)).toEqual([['2026', '2']])
  await glue.send(new DeletePartitionCommand({ ...table, PartitionValues: ['2026', '2'] }))
  const gone = await glue.send(new BatchDeletePartitionCommand({ ...table, PartitionsToDelete: wanted }))
  expect(gone.Errors).toHaveLength(2)
  await glue.send(new DeleteTableCommand({ DatabaseName: database, Name: 'parted' }))
  await create('parted')
  expect(await list()).toEqual([])
})

test.each<[string, () => Promise<unknown>, string]>([
  [
    'a change of a database that follows from a solution',
    () => glue.send(new DeleteDatabaseCommand({ Name: 'taxi-telemetry' })),
    'InvalidInputException',
  ],
  [
    'a table in such a database',
    () => glue.send(new CreateTableCommand({ DatabaseName: 'weir', TableInput: input('x') })),
    'InvalidInputException',
  ],
  [
    'a table in a database that is not there',
    () => glue.send(new CreateTableCommand({ DatabaseName: 'nobody', TableInput: input('x') })),
    'EntityNotFoundException',
  ],
  ['a slash in a name', () => create('a/b'), 'InvalidInputException'],
  [
    'a table of more than 256 KiB',
    () =>
      glue.send(
        new CreateTableCommand({
          DatabaseName: database,
          TableInput: input('big', { Parameters: { x: 'x'.repeat(300_000) } }),
        }),
      ),
    'InvalidInputException',
  ],
  [
    'another catalogue',
    () => glue.send(new GetDatabasesCommand({ CatalogId: '111111111111' })),
    'EntityNotFoundException',
  ],
  [
    'a token of another list',
    () => glue.send(new GetDatabasesCommand({ NextToken: 'x' })),
    'InvalidInputException',
  ],
])('refuses %s', async (_, ask, name) => {
  await expect(ask()).rejects.toMatchObject({ name })
})

test('a key sees and changes the tables that it has rights over', async () => {
  await create('others')
  await create('own_orders', owner)
  const { TableList } = await owner.send(new GetTablesCommand({ DatabaseName: database }))
  expect(TableList!.map(({ Name }) => Name)).toEqual(['own_orders'])
  expect((await owner.send(new GetDatabasesCommand())).DatabaseList!.map(({ Name }) => Name)).toEqual([
    database,
  ])
  expect((await owner.send(new SearchTablesCommand({ SearchText: 'deviceId' }))).TableList).toEqual([])
  const id = { DatabaseName: database, TableName: 'others' }
  for (const refused of [
    () => owner.send(new GetTableCommand({ DatabaseName: database, Name: 'others' })),
    () => owner.send(new CreatePartitionCommand({ ...id, PartitionInput: partition('1', '1') })),
    () => owner.send(new GetPartitionsCommand(id)),
    () => owner.send(new CreateDatabaseCommand({ DatabaseInput: { Name: 'sales' } })),
  ])
    await expect(refused()).rejects.toMatchObject({ name: 'AccessDeniedException' })
})
