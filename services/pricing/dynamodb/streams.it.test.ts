/** DynamoDB Streams' SDK against a replica of pricing on real servers. */
import { CreateTableCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import {
  type _Record,
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListStreamsCommand,
} from '@aws-sdk/client-dynamodb-streams'
import { uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Pricing, startPricing } from '../testing/pricing.ts'

let pricing: Pricing
let dynamo: DynamoDBClient
let streams: DynamoDBStreamsClient

beforeAll(async () => {
  pricing = await startPricing()
  dynamo = pricing.client(DynamoDBClient)
  streams = pricing.client(DynamoDBStreamsClient)
})
afterAll(() => pricing?.stop())

async function makeTable(): Promise<{ TableName: string; StreamArn: string }> {
  const TableName = uniqueName('orders')
  const { TableDescription } = await dynamo.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
    }),
  )
  return { TableName, StreamArn: TableDescription!.LatestStreamArn! }
}

test('all shards together have every change once, in the order of each item, and none of other tables', async () => {
  const [{ TableName, StreamArn }, other] = [await makeTable(), await makeTable()]
  for (let round = 0; round < 5; round++)
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => `item-${i}`).map(async (id) => {
        await dynamo.send(new PutItemCommand({ TableName, Item: { id: { S: id }, n: { N: String(round) } } }))
        await dynamo.send(
          new PutItemCommand({ TableName: other.TableName, Item: { id: { S: id }, n: { N: '-1' } } }),
        )
      }),
    )
  const { Streams } = await streams.send(new ListStreamsCommand({ TableName }))
  expect(Streams).toEqual([{ StreamArn, TableName, StreamLabel: StreamArn.split('/').at(-1) }])
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }))
  expect(StreamDescription).toMatchObject({ StreamStatus: 'ENABLED', StreamViewType: 'NEW_IMAGE', TableName })
  const records: _Record[] = []
  for (const { ShardId } of StreamDescription!.Shards!) {
    const start = { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' } as const
    let { ShardIterator } = await streams.send(new GetShardIteratorCommand(start))
    for (let idle = 0; idle < 2; ) {
      const page = await streams.send(new GetRecordsCommand({ ShardIterator, Limit: 7 }))
      expect(page.Records!.length).toBeLessThanOrEqual(7)
      records.push(...page.Records!)
      idle = page.Records!.length === 0 ? idle + 1 : 0
      ShardIterator = page.NextShardIterator
    }
  }
  expect(records).toHaveLength(100)
  expect(new Set(records.map(({ eventID }) => eventID)).size).toBe(100)
  for (let i = 0; i < 20; i++) {
    const own = records.filter(({ dynamodb }) => dynamodb!.Keys!.id.S === `item-${i}`)
    expect(own.map(({ dynamodb, eventName }) => [eventName, dynamodb!.NewImage!.n.N])).toEqual(
      [0, 1, 2, 3, 4].map((n) => [n === 0 ? 'INSERT' : 'MODIFY', String(n)]),
    )
    const numbers = own.map(({ dynamodb }) => BigInt(dynamodb!.SequenceNumber!))
    expect(numbers).toEqual(numbers.toSorted((a, b) => (a < b ? -1 : 1)))
    expect(own[0].dynamodb).not.toHaveProperty('OldImage')
  }
  const { dynamodb } = records[3]
  const ShardId = StreamDescription!.Shards!.map((shard) => shard.ShardId)[0]
  await expect(
    streams.send(
      new GetShardIteratorCommand({
        StreamArn,
        ShardId,
        ShardIteratorType: 'AFTER_SEQUENCE_NUMBER',
        SequenceNumber: dynamodb!.SequenceNumber,
      }),
    ),
  ).resolves.toHaveProperty('ShardIterator')
})

test.each([
  [
    'a stream that does not exist',
    { StreamArn: 'arn:aws:dynamodb:us-east-1:000000000000:table/none/stream/2020-01-01T00:00:00.000' },
    'ResourceNotFoundException',
  ],
  [
    'an ARN of something else',
    { StreamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/none-at-all' },
    'ValidationException',
  ],
])('%s is refused', async (_, input, name) => {
  await expect(streams.send(new DescribeStreamCommand(input))).rejects.toMatchObject({ name })
})

test('an iterator that was made up is refused', async () => {
  for (const ShardIterator of ['x', Buffer.from('[1,"table-changes","a","b","c"]').toString('base64url')])
    await expect(streams.send(new GetRecordsCommand({ ShardIterator }))).rejects.toMatchObject({
      name: 'ValidationException',
    })
})
