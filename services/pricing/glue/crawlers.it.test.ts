/** Crawlers of tables of items by AWS's own clients, on two replicas. */
import {
  type AttributeValue,
  CreateTableCommand,
  DeleteTableCommand,
  DynamoDBClient,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb'
import {
  CreateCrawlerCommand,
  DeleteCrawlerCommand,
  DeleteDatabaseCommand,
  GetCrawlerCommand,
  GetCrawlersCommand,
  GetTableCommand,
  GlueClient,
  ListCrawlersCommand,
  StartCrawlerCommand,
  StopCrawlerCommand,
} from '@aws-sdk/client-glue'
import { uniqueName } from '@weir/testkit'
import { type ServiceProcess, untilReady } from '@weir/testkit/service-process.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientOf, openPricingWorld, type PricingWorld } from '../testing/pricing.ts'

const TableName = uniqueName('orders')
const DatabaseName = uniqueName('crawled')
const Name = uniqueName('crawler')
const target = (Path: string) => ({ Role: 'weir', DatabaseName, Targets: { DynamoDBTargets: [{ Path }] } })
let world: PricingWorld
const replicas: ServiceProcess[] = []
let clients: GlueClient[]
let glue: GlueClient
let dynamodb: DynamoDBClient

beforeAll(async () => {
  world = await openPricingWorld()
  for (let i = 0; i < 2; i++) {
    const replica = await world.start()
    replicas.push(replica)
    await untilReady(replica)
  }
  clients = replicas.map(({ url }) => clientOf(GlueClient, url, { maxAttempts: 1 }))
  glue = clients[0]
  dynamodb = clientOf(DynamoDBClient, replicas[0].url)
  await dynamodb.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    }),
  )
  const items: Record<string, AttributeValue>[] = [
    { id: { S: 'a' }, total: { N: '1' }, paid: { BOOL: true }, to: { M: { city: { S: 'Ulm' } } } },
    { id: { S: 'b' }, total: { N: '1.5' }, tags: { L: [{ S: 'x' }] }, odd: { N: '1' } },
    { id: { S: 'c' }, total: { N: '3' }, odd: { S: 'x' } },
  ]
  for (const Item of items) await dynamodb.send(new PutItemCommand({ TableName, Item }))
}, 120_000)
afterAll(async () => {
  await glue?.send(new DeleteDatabaseCommand({ Name: DatabaseName })).catch(() => {})
  await dynamodb?.send(new DeleteTableCommand({ TableName })).catch(() => {})
  for (const replica of replicas) {
    replica.kill('SIGKILL')
    await replica.exited
  }
  await world?.stop()
})

async function lastCrawl(name: string): Promise<string | undefined> {
  await expect
    .poll(async () => (await glue.send(new GetCrawlerCommand({ Name: name }))).Crawler!.State)
    .toBe('READY')
  return (await glue.send(new GetCrawlerCommand({ Name: name }))).Crawler!.LastCrawl?.Status
}

test('a crawler infers the columns of a table of items, and names conflicts', async () => {
  await glue.send(new CreateCrawlerCommand({ Name, TablePrefix: 'items_', ...target(TableName) }))
  expect((await glue.send(new GetCrawlerCommand({ Name }))).Crawler).toMatchObject({
    State: 'READY',
    Version: 1,
  })
  await glue.send(new StartCrawlerCommand({ Name }))
  expect(await lastCrawl(Name)).toBe('SUCCEEDED')
  const id = { DatabaseName, Name: `items_${TableName}` }
  const { Table } = await clients[1].send(new GetTableCommand(id))
  const columns = Object.fromEntries(
    Table!.StorageDescriptor!.Columns!.map((column) => [column.Name, column.Type]),
  )
  expect(columns).toEqual({
    id: 'string',
    total: 'double',
    paid: 'boolean',
    to: 'struct<city:string>',
    tags: 'array<string>',
    odd: 'string',
  })
  expect(Table!.Parameters).toMatchObject({
    classification: 'dynamodb',
    hashKey: 'id',
    recordCount: '3',
    conflicts: 'odd is number in 1, text in 1 of 2 values; text is proposed.',
  })
})

test('of crawls at once, one runs at a time, whichever replica is asked', async () => {
  const results = await Promise.allSettled(
    Array.from({ length: 10 }, (_, i) => clients[i % 2].send(new StartCrawlerCommand({ Name }))),
  )
  const refused = results.filter((result) => result.status === 'rejected')
  expect(refused.length).toBeGreaterThan(0)
  for (const { reason } of refused) expect(reason).toMatchObject({ name: 'CrawlerRunningException' })
  expect(await lastCrawl(Name)).toBe('SUCCEEDED')
  const { Table } = await glue.send(new GetTableCommand({ DatabaseName, Name: `items_${TableName}` }))
  // Each crawl that has begun has changed the table once.
  expect(Table!.VersionId).toBe(String(results.length - refused.length))
  await expect(glue.send(new StopCrawlerCommand({ Name }))).rejects.toMatchObject({
    name: 'CrawlerNotRunningException',
  })
})

test('a crawl whose table is not there fails, and says why', async () => {
  const name = uniqueName('lost')
  await glue.send(new CreateCrawlerCommand({ Name: name, ...target('nobody-table') }))
  await glue.send(new StartCrawlerCommand({ Name: name }))
  expect(await lastCrawl(name)).toBe('FAILED')
  const { Crawlers } = await clients[1].send(new GetCrawlersCommand({ MaxResults: 100 }))
  expect(Crawlers!.find((one) => one.Name === name)!.LastCrawl!.ErrorMessage).toContain('nobody-table')
  await clients[1].send(new DeleteCrawlerCommand({ Name: name }))
  const { CrawlerNames } = await glue.send(new ListCrawlersCommand({ MaxResults: 100 }))
  expect(CrawlerNames).toContain(Name)
  expect(CrawlerNames).not.toContain(name)
  await glue.send(new DeleteCrawlerCommand({ Name }))
})

test.each<[string, object]>([
  ['a crawler of files', { ...target('x'), Targets: { S3Targets: [{ Path: 's3://lake' }] } }],
  ['a schedule', { ...target('x'), Schedule: 'cron(15 12 * * ? *)' }],
  ['a crawler into a database of a solution', { ...target('x'), DatabaseName: 'taxi-telemetry' }],
])('refuses %s', async (_, input) => {
  const crawler = { Name: uniqueName('x'), ...input } as ConstructorParameters<typeof CreateCrawlerCommand>[0]
  await expect(glue.send(new CreateCrawlerCommand(crawler))).rejects.toMatchObject({
    name: 'InvalidInputException',
  })
})
