/** Requests without expressions, as AWS's older SDKs send them, here and at DynamoDB Local. */
import {
  CreateTableCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { servers, uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientOf, type Pricing, startPricing } from '../testing/pricing.ts'

let pricing: Pricing
let ours: DynamoDBClient
let local: DynamoDBClient
const TableName = uniqueName('legacy')

beforeAll(async () => {
  pricing = await startPricing()
  ours = pricing.client(DynamoDBClient)
  local = clientOf(DynamoDBClient, (await servers.dynamodb()).url)
  for (const client of [ours, local])
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: 'shop', AttributeType: 'S' },
          { AttributeName: 'at', AttributeType: 'N' },
        ],
        KeySchema: [
          { AttributeName: 'shop', KeyType: 'HASH' },
          { AttributeName: 'at', KeyType: 'RANGE' },
        ],
      }),
    )
})
afterAll(() => pricing?.stop())

const S = (text: string) => ({ S: text })
const N = (number: number) => ({ N: String(number) })
const keyOf = (at: number) => ({ shop: S('a'), at: N(at) })

type Input = Record<string, unknown>
const put = (input: Input) => new PutItemCommand({ TableName, ...input } as never)
const update = (at: number, input: Input) =>
  new UpdateItemCommand({ TableName, Key: keyOf(at), ReturnValues: 'ALL_NEW', ...input } as never)
const remove = (at: number, input: Input) =>
  new DeleteItemCommand({ TableName, Key: keyOf(at), ReturnValues: 'ALL_OLD', ...input } as never)
const get = (at: number, AttributesToGet: string[]) =>
  new GetItemCommand({ TableName, Key: keyOf(at), AttributesToGet, ConsistentRead: true })
const query = (input: Input) => new QueryCommand({ TableName, ConsistentRead: true, ...input } as never)
const scan = (input: Input) => new ScanCommand({ TableName, ...input } as never)

async function outcomeOf(client: DynamoDBClient, command: object): Promise<unknown> {
  try {
    const {
      $metadata: _,
      ConsumedCapacity: __,
      Items,
      ...answer
    } = (await client.send(command as never)) as any
    return Items === undefined ? answer : { ...answer, Items: sorted(Items) }
  } catch (error) {
    return { error: (error as Error).name, text: (error as Error).message }
  }
}

/** The items of a scan have no order. */
const sorted = (items: readonly { at?: { N: string } }[]): unknown =>
  [...items].sort((a, b) => Number(a.at?.N) - Number(b.at?.N))

/** Sends the commands one after the other to both, and compares each answer. */
async function compare(commands: readonly { readonly input: object }[]): Promise<void> {
  for (const command of commands) {
    const [mine, theirs] = [await outcomeOf(ours, command), await outcomeOf(local, command)]
    expect.soft(mine, JSON.stringify(command.input)).toEqual(theirs)
  }
}

const condition = (ComparisonOperator: string, ...AttributeValueList: unknown[]) => ({
  ComparisonOperator,
  ...(AttributeValueList.length > 0 && { AttributeValueList }),
})

test('conditions, updates and projections do what DynamoDB does', async () => {
  const item = {
    ...keyOf(1),
    name: S('Runner'),
    pairs: N(3),
    sizes: { NS: ['42', '43'] },
    tags: { L: [S('new')] },
  }
  await compare([
    put({ Item: item, Expected: { shop: { Exists: false } } }),
    put({ Item: item, Expected: { shop: { Exists: false } } }),
    put({ Item: { ...item, pairs: N(4) }, Expected: { pairs: { Value: N(3) } } }),
    put({ Item: { ...item, pairs: N(5) }, Expected: { pairs: condition('GT', N(9)) } }),
    put({
      Item: { ...item, pairs: N(5) },
      Expected: { pairs: condition('GT', N(9)), name: condition('BEGINS_WITH', S('Run')) },
      ConditionalOperator: 'OR',
    }),
    get(1, ['name', 'pairs', 'absent']),
    update(1, {
      AttributeUpdates: {
        name: { Value: S('Racer'), Action: 'PUT' },
        pairs: { Value: N(-2), Action: 'ADD' },
        sizes: { Value: { NS: ['42'] }, Action: 'DELETE' },
        tags: { Value: { L: [S('sale')] }, Action: 'ADD' },
        'odd.name#': { Value: { BOOL: true }, Action: 'PUT' },
      },
      Expected: { sizes: condition('CONTAINS', N(43)) },
    }),
    update(1, { AttributeUpdates: { tags: { Action: 'DELETE' }, absent: { Action: 'DELETE' } } }),
    update(1, { AttributeUpdates: {} }),
    update(2, { AttributeUpdates: { seen: { Value: N(1), Action: 'ADD' } } }),
    update(3, {
      AttributeUpdates: { seen: { Value: N(1), Action: 'ADD' } },
      Expected: { shop: condition('NOT_NULL') },
    }),
    remove(2, { Expected: { seen: condition('NE', N(1)) } }),
    remove(2, { Expected: { seen: condition('IN', N(7), N(1)) } }),
    remove(2, { Expected: { seen: condition('NULL') } }),
  ])
})

test('queries and scans find what DynamoDB finds', async () => {
  for (const client of [ours, local])
    for (let at = 10; at < 30; at++)
      await client.send(
        put({ Item: { shop: S('b'), at: N(at), pairs: N(at % 7), ...(at % 2 && { odd: S(`x${at}`) }) } }),
      )
  const inShop = { shop: condition('EQ', S('b')) }
  await compare([
    query({ KeyConditions: inShop }),
    query({ KeyConditions: { ...inShop, at: condition('BETWEEN', N(12), N(15)) } }),
    query({ KeyConditions: { ...inShop, at: condition('LE', N(12)) }, ScanIndexForward: false }),
    query({
      KeyConditions: inShop,
      QueryFilter: { pairs: condition('GE', N(5)), odd: condition('NULL') },
      AttributesToGet: ['at'],
    }),
    query({
      KeyConditions: inShop,
      QueryFilter: { pairs: condition('LT', N(1)), odd: condition('NOT_CONTAINS', S('x')) },
      ConditionalOperator: 'OR',
      Select: 'COUNT',
    }),
    query({
      KeyConditions: inShop,
      FilterExpression: 'pairs = :0',
      ExpressionAttributeValues: { ':0': N(2) },
    }),
    scan({ ScanFilter: { pairs: condition('IN', N(0), N(6)) } }),
    scan({ ScanFilter: { odd: condition('NE', S('x11')) } }),
    scan({ ScanFilter: {} }),
  ])
})

test('wrong requests are refused as by DynamoDB', async () => {
  const Item = keyOf(1)
  await compare([
    put({ Item, Expected: { pairs: {} } }),
    put({ Item, Expected: { pairs: { Exists: true } } }),
    put({ Item, Expected: { pairs: { Exists: false, Value: N(1) } } }),
    put({ Item, Expected: { pairs: { Exists: true, ...condition('EQ', N(1)) } } }),
    put({ Item, Expected: { pairs: { AttributeValueList: [N(1)] } } }),
    put({ Item, Expected: { pairs: { Value: N(1), ...condition('EQ', N(1)) } } }),
    put({ Item, Expected: { pairs: condition('EQ') } }),
    put({ Item, Expected: { pairs: condition('BETWEEN', N(1)) } }),
    put({ Item, Expected: { pairs: condition('IN', N(1), S('1')) } }),
    put({ Item, Expected: { pairs: { Value: N(1) } }, ConditionExpression: 'attribute_exists(pairs)' }),
    put({ Item, Expected: { pairs: { Value: N(1) } }, ExpressionAttributeNames: { '#a': 'a' } }),
    update(1, { AttributeUpdates: { pairs: {} } }),
    update(1, { AttributeUpdates: { pairs: { Value: N(1) } }, UpdateExpression: 'REMOVE pairs' }),
    query({}),
    query({ KeyConditions: { shop: condition('GT', S('b')) } }),
  ])
})

test('some errors have the texts of the service, not those of DynamoDB Local', async () => {
  await expect(ours.send(get(1, ['name', 'name']))).rejects.toThrow(
    'One or more parameter values were invalid: Duplicate value in attribute name: name',
  )
  await expect(
    ours.send(update(1, { AttributeUpdates: { pairs: { Value: N(1), Action: 'DELETE' } } })),
  ).rejects.toThrow('DELETE action with value is not supported for the type N')
  await expect(
    ours.send(update(1, { AttributeUpdates: { pairs: { Value: S('1'), Action: 'ADD' } } })),
  ).rejects.toThrow('ADD action is not supported for the type S')
  for (const [wrong, text] of [
    [{ at: condition('EQ', N(1)) }, 'Query condition missed key schema element: shop'],
    [
      { shop: condition('EQ', S('b')), pairs: condition('EQ', N(1)) },
      'Query condition missed key schema element: at',
    ],
    [
      { shop: condition('EQ', S('b')), at: condition('NE', N(1)) },
      'Invalid operator used in KeyConditionExpression: <>',
    ],
  ] as const)
    await expect(ours.send(query({ KeyConditions: wrong }))).rejects.toThrow(text)
})

test('a request that is wrong for any table gets the error of its form, even if there is no such table', async () => {
  const of = { TableName: uniqueName('none') }
  const names = { ExpressionAttributeNames: { '#a': 'a' } }
  for (const command of [
    put({ ...of, Item: keyOf(1), ConditionExpression: 'size(a) >', ...names }),
    update(1, { ...of, UpdateExpression: 'SET' }),
    new GetItemCommand({ ...of, Key: keyOf(1), ProjectionExpression: 'a..b' }),
    query({ ...of, KeyConditionExpression: 'shop =' }),
    scan({ ...of, FilterExpression: 'a = #b', ...names }),
  ])
    await expect(ours.send(command as never)).rejects.toMatchObject({ name: 'ValidationException' })
  await expect(ours.send(scan(of))).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
})
