/** DynamoDB's SDK against a replica of pricing on real servers. */
import {
  type AttributeValue,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
  UpdateTableCommand,
  type UpdateTableCommandInput,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb'
import { uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Pricing, startPricing } from '../testing/pricing.ts'

let pricing: Pricing
let dynamo: DynamoDBClient

beforeAll(async () => {
  pricing = await startPricing()
  dynamo = pricing.client(DynamoDBClient)
})
afterAll(() => pricing?.stop())

/** A table of orders by customer and time. */
async function makeTable({ stream = false } = {}): Promise<string> {
  const TableName = uniqueName('orders')
  await dynamo.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'customer', AttributeType: 'S' },
        { AttributeName: 'at', AttributeType: 'N' },
      ],
      KeySchema: [
        { AttributeName: 'customer', KeyType: 'HASH' },
        { AttributeName: 'at', KeyType: 'RANGE' },
      ],
      ...(stream && { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' } }),
    }),
  )
  return TableName
}

const order = (customer: string, at: number, cents = 100) => ({
  customer: { S: customer },
  at: { N: String(at) },
  cents: { N: String(cents) },
})

test('what is written is read back at once, whatever its type', async () => {
  const TableName = await makeTable()
  const Item = {
    ...order('ada', 1),
    blob: { B: new Uint8Array([0, 1, 255]) },
    yes: { BOOL: true },
    nothing: { NULL: true },
    list: { L: [{ S: 'a' }, { N: '1.5' }, { M: { ['__proto__']: { S: 'safe' }, constructor: { N: '2' } } }] },
    texts: { SS: ['a', 'b'] },
    numbers: { NS: ['1', '2.5'] },
    blobs: { BS: [new Uint8Array([1]), new Uint8Array([2])] },
    precise: { N: '12345678901234567890123456789012345678' },
  }
  expect(await dynamo.send(new PutItemCommand({ TableName, Item }))).not.toHaveProperty('Attributes')
  const Key = { customer: Item.customer, at: { N: '1.0' } }
  const found = await dynamo.send(new GetItemCommand({ TableName, Key }))
  expect(found.Item).toEqual(Item)
  const consistent = await dynamo.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }))
  expect(consistent.Item).toEqual(Item)
  const part = await dynamo.send(
    new GetItemCommand({
      TableName,
      Key,
      ProjectionExpression: 'cents, #l[2]',
      ExpressionAttributeNames: { '#l': 'list' },
    }),
  )
  expect(part.Item).toEqual({ cents: Item.cents, list: { L: [Item.list.L[2]] } })
})

test('an item may have 32 levels, and no more', async () => {
  const TableName = await makeTable()
  const deep = (levels: number): AttributeValue =>
    levels === 1 ? { S: 'bottom' } : { M: { next: deep(levels - 1) } }
  const put = (levels: number) =>
    dynamo.send(new PutItemCommand({ TableName, Item: { ...order('deep', levels), top: deep(levels) } }))
  await put(32)
  const Key = { customer: { S: 'deep' }, at: { N: '32' } }
  expect((await dynamo.send(new GetItemCommand({ TableName, Key }))).Item!.top).toEqual(deep(32))
  await expect(put(33)).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining('Nesting Levels have exceeded supported limits'),
  })
})

test('a hundred clients that count at once lose no count', async () => {
  const TableName = await makeTable()
  const Key = { customer: { S: 'all' }, at: { N: '0' } }
  const counts = await Promise.all(
    Array.from({ length: 100 }, () =>
      dynamo.send(
        new UpdateItemCommand({
          TableName,
          Key,
          UpdateExpression: 'ADD visits :one SET cents = if_not_exists(cents, :zero) + :one',
          ExpressionAttributeValues: { ':one': { N: '1' }, ':zero': { N: '0' } },
          ReturnValues: 'UPDATED_NEW',
        }),
      ),
    ),
  )
  expect(new Set(counts.map(({ Attributes }) => Attributes!.visits.N)).size).toBe(100)
  const { Item } = await dynamo.send(new GetItemCommand({ TableName, Key }))
  expect(Item).toEqual({ ...Key, visits: { N: '100' }, cents: { N: '100' } })
})

test('of many conditional writes at once, one succeeds, and the others get the item', async () => {
  const TableName = await makeTable()
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) =>
      dynamo.send(
        new PutItemCommand({
          TableName,
          Item: order('grace', 1, i),
          ConditionExpression: 'attribute_not_exists(customer)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      ),
    ),
  )
  const winner = outcomes.findIndex(({ status }) => status === 'fulfilled')
  const losers = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
  expect(losers).toHaveLength(19)
  for (const error of losers) {
    expect(error).toBeInstanceOf(ConditionalCheckFailedException)
    expect(error.message).toBe('The conditional request failed')
    expect(error.Item).toEqual(order('grace', 1, winner))
  }
})

test('a query reads the items of one partition key in the order of their sort keys, page by page, in both directions', async () => {
  const TableName = await makeTable()
  const times = [-100, -2.5, -1, 0, 0.5, 3, 20, 100]
  for (const customer of ['ada', 'ad', 'adam'])
    await Promise.all(
      times.map((at) => dynamo.send(new PutItemCommand({ TableName, Item: order(customer, at, at + 1000) }))),
    )
  const ask = async (more: object) => {
    const found: string[] = []
    let ExclusiveStartKey: any
    do {
      const page = await dynamo.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'customer = :c',
          ExpressionAttributeValues: { ':c': { S: 'ada' } },
          Limit: 3,
          ConsistentRead: true,
          ExclusiveStartKey,
          ...more,
        }),
      )
      expect(page.ScannedCount).toBeLessThanOrEqual(3)
      found.push(...page.Items!.map((item) => item.at.N!))
      ExclusiveStartKey = page.LastEvaluatedKey
    } while (ExclusiveStartKey !== undefined)
    return found.map(Number)
  }
  expect(await ask({})).toEqual(times)
  expect(await ask({ ScanIndexForward: false })).toEqual(times.toReversed())
  const between = {
    KeyConditionExpression: 'customer = :c AND #at BETWEEN :from AND :to',
    ExpressionAttributeNames: { '#at': 'at' },
    ExpressionAttributeValues: { ':c': { S: 'ada' }, ':from': { N: '-1' }, ':to': { N: '20' } },
  }
  expect(await ask(between)).toEqual([-1, 0, 0.5, 3, 20])
  expect(await ask({ ...between, ScanIndexForward: false })).toEqual([20, 3, 0.5, 0, -1])
  const filtered = await dynamo.send(
    new QueryCommand({
      TableName,
      KeyConditionExpression: 'customer = :c',
      FilterExpression: 'cents > :limit',
      ExpressionAttributeValues: { ':c': { S: 'ada' }, ':limit': { N: '1000' } },
      Select: 'COUNT',
    }),
  )
  expect(filtered).toMatchObject({ Count: 4, ScannedCount: 8 })
  expect(filtered).not.toHaveProperty('Items')
})

test('a scan reads every item once, also in segments', async () => {
  const TableName = await makeTable()
  const all = Array.from({ length: 60 }, (_, i) => order(`c${i % 20}`, i))
  for (let i = 0; i < 60; i += 20)
    await dynamo.send(
      new BatchWriteItemCommand({
        RequestItems: { [TableName]: all.slice(i, i + 20).map((Item) => ({ PutRequest: { Item } })) },
      }),
    )
  const scan = async (more: object) => {
    const found: string[] = []
    let ExclusiveStartKey: any
    do {
      const page = await dynamo.send(new ScanCommand({ TableName, ExclusiveStartKey, Limit: 7, ...more }))
      found.push(...page.Items!.map(({ at }) => at.N!))
      ExclusiveStartKey = page.LastEvaluatedKey
    } while (ExclusiveStartKey !== undefined)
    return found
  }
  const numbers = all.map(({ at }) => at.N).sort()
  expect((await scan({})).sort()).toEqual(numbers)
  const segments = await Promise.all([0, 1, 2].map((Segment) => scan({ Segment, TotalSegments: 3 })))
  expect(segments.flat().sort()).toEqual(numbers)
  expect(segments.filter(({ length }) => length > 0).length).toBeGreaterThan(1)
})

test('batches read and write items of several tables', async () => {
  const [a, b] = [await makeTable(), await makeTable()]
  await dynamo.send(
    new BatchWriteItemCommand({
      RequestItems: {
        [a]: [{ PutRequest: { Item: order('x', 1) } }, { PutRequest: { Item: order('y', 1) } }],
        [b]: [{ PutRequest: { Item: order('x', 1, 7) } }],
      },
    }),
  )
  await dynamo.send(
    new BatchWriteItemCommand({
      RequestItems: { [a]: [{ DeleteRequest: { Key: { customer: { S: 'y' }, at: { N: '1' } } } }] },
    }),
  )
  const Keys = ['x', 'y'].map((customer) => ({ customer: { S: customer }, at: { N: '1' } }))
  const { Responses, UnprocessedKeys } = await dynamo.send(
    new BatchGetItemCommand({ RequestItems: { [a]: { Keys, ConsistentRead: true }, [b]: { Keys } } }),
  )
  expect(Responses).toEqual({ [a]: [order('x', 1)], [b]: [order('x', 1, 7)] })
  expect(UnprocessedKeys).toEqual({})
})

test('tables are listed, described and deleted; one with the same name begins empty', async () => {
  const TableName = await makeTable({ stream: true })
  await dynamo.send(new PutItemCommand({ TableName, Item: order('x', 1) }))
  const { Table } = await dynamo.send(new DescribeTableCommand({ TableName }))
  expect(Table).toMatchObject({
    TableName,
    TableStatus: 'ACTIVE',
    TableArn: `arn:aws:dynamodb:us-east-1:000000000000:table/${TableName}`,
    ItemCount: 1,
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
  })
  expect((await dynamo.send(new ListTablesCommand({}))).TableNames).toContain(TableName)
  await dynamo.send(new DeleteTableCommand({ TableName: Table!.TableArn }))
  await expect(dynamo.send(new DescribeTableCommand({ TableName }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: `Requested resource not found: Table: ${TableName} not found`,
  })
  await dynamo.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'customer', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'customer', KeyType: 'HASH' }],
    }),
  )
  expect((await dynamo.send(new ScanCommand({ TableName }))).Items).toEqual([])
})

test('an item is deleted when its time has come, and its change says so', async () => {
  const TableName = await makeTable({ stream: true })
  await dynamo.send(
    new UpdateTimeToLiveCommand({
      TableName,
      TimeToLiveSpecification: { Enabled: true, AttributeName: 'expires' },
    }),
  )
  const { TimeToLiveDescription } = await dynamo.send(new DescribeTimeToLiveCommand({ TableName }))
  expect(TimeToLiveDescription).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'expires' })
  const soon = String(Math.floor(Date.now() / 1000) + 1)
  await dynamo.send(new PutItemCommand({ TableName, Item: { ...order('x', 1), expires: { N: soon } } }))
  await dynamo.send(new PutItemCommand({ TableName, Item: { ...order('x', 2), expires: { S: soon } } }))
  const left = async () => (await dynamo.send(new ScanCommand({ TableName }))).Items!.map(({ at }) => at.N)
  await expect.poll(left, { timeout: 10_000 }).toEqual(['2'])
  const changes = await pricing.changes(TableName)
  expect(changes.map(({ event, expired }) => [event, expired])).toEqual([
    ['INSERT', false],
    ['INSERT', false],
    ['REMOVE', true],
  ])
})

test('every change of an item is in the change stream once, with both images; a write that changes nothing is not', async () => {
  const TableName = await makeTable({ stream: true })
  const Key = { customer: { S: 'x' }, at: { N: '1' } }
  await dynamo.send(new PutItemCommand({ TableName, Item: order('x', 1, 1) }))
  await dynamo.send(new PutItemCommand({ TableName, Item: order('x', 1, 1) }))
  await dynamo.send(
    new UpdateItemCommand({
      TableName,
      Key,
      UpdateExpression: 'SET cents = cents + :two',
      ExpressionAttributeValues: { ':two': { N: '2' } },
    }),
  )
  await dynamo.send(new DeleteItemCommand({ TableName, Key, ReturnValues: 'ALL_OLD' }))
  await dynamo.send(new DeleteItemCommand({ TableName, Key }))
  const changes = await pricing.changes(TableName)
  const shown = changes.map(({ event, version, keys, oldImage, newImage }) => ({
    event,
    version,
    keys: JSON.parse(keys),
    old: oldImage && JSON.parse(oldImage),
    new: newImage && JSON.parse(newImage),
  }))
  expect(shown).toEqual([
    { event: 'INSERT', version: 1, keys: Key, old: null, new: order('x', 1, 1) },
    { event: 'MODIFY', version: 2, keys: Key, old: order('x', 1, 1), new: order('x', 1, 3) },
    { event: 'REMOVE', version: 3, keys: Key, old: order('x', 1, 3), new: null },
  ])
})

test('a table gets a change stream and a protection against deletion, and loses both', async () => {
  const TableName = await makeTable()
  const update = async (more: Partial<UpdateTableCommandInput>) =>
    (await dynamo.send(new UpdateTableCommand({ TableName, ...more }))).TableDescription
  const refused = { name: 'ValidationException' }
  const enabled = { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } as const
  expect(await update({ StreamSpecification: enabled, DeletionProtectionEnabled: true })).toMatchObject({
    DeletionProtectionEnabled: true,
    StreamSpecification: enabled,
    LatestStreamArn: expect.stringContaining(`:table/${TableName}/stream/`),
  })
  await dynamo.send(new PutItemCommand({ TableName, Item: order('ada', 1) }))
  await expect(update({ StreamSpecification: enabled })).rejects.toMatchObject(refused)
  await expect(dynamo.send(new DeleteTableCommand({ TableName }))).rejects.toMatchObject(refused)

  const disabled = { StreamEnabled: false }
  const table = await update({ StreamSpecification: disabled, DeletionProtectionEnabled: false })
  expect(table).not.toHaveProperty('StreamSpecification')
  await dynamo.send(new PutItemCommand({ TableName, Item: order('ada', 2) }))
  expect((await pricing.changes(TableName)).map(({ event, view }) => [event, view])).toEqual([
    ['INSERT', 'NEW_IMAGE'],
  ])
  await expect(update({ StreamSpecification: disabled })).rejects.toMatchObject(refused)
  await expect(update({})).rejects.toMatchObject(refused)
  const Create = { IndexName: 'i', KeySchema: [], Projection: {} }
  await expect(update({ GlobalSecondaryIndexUpdates: [{ Create }] })).rejects.toMatchObject(refused)
  expect(await update({ BillingMode: 'PAY_PER_REQUEST' })).toMatchObject({ TableStatus: 'ACTIVE' })
  await dynamo.send(new DeleteTableCommand({ TableName }))
})
