/** Requests that nobody but pricing should write: on a broker without logins anybody can. */
import { CreateTableCommand, DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import type { TableRequest } from '@weir/contracts'
import { encodeKey } from '@weir/items'
import { appendRecord, encodeValue, writeRecords } from '@weir/kafka'
import { uniqueName } from '@weir/testkit'
import { untilReady } from '@weir/testkit/service-process.ts'
import { expect, onTestFinished, test } from 'vitest'
import { clientOf, openPricingWorld } from '../testing/pricing.ts'

const REQUESTS = 'weir.tables.requests'

test('garbage in the topic of requests changes nothing, and holds nothing up', async () => {
  const world = await openPricingWorld()
  onTestFinished(() => world.stop())
  const service = await world.start()
  onTestFinished(() => service.kill('SIGKILL'))
  await untilReady(service)
  const dynamo = clientOf(DynamoDBClient, service.url)
  const TableName = uniqueName('hostile')
  const { TableDescription } = await dynamo.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    }),
  )
  const table = TableDescription!.TableId!
  const request: TableRequest = {
    id: 'r',
    replyTo: '0123456789abcdef',
    table,
    operation: 'put',
    input: '{"Item":{"id":{"S":"good"}}}',
    expected: null,
    at: Date.now(),
  }
  const [producer, writer, partitions] = await Promise.all([
    world.kafka.producer(),
    world.codec.writer(REQUESTS),
    world.kafka.partitions(REQUESTS),
  ])
  const good = encodeKey(table, { partition: { S: 'good' } })
  const hostile: (readonly [Buffer | null, Buffer | null])[] = [
    [good, null],
    [good, Buffer.from('not avro')],
    [null, encodeValue(writer, request)],
    [Buffer.from('another key'), encodeValue(writer, request)],
    [Buffer.alloc(5000, 1), encodeValue(writer, request)],
    [good, encodeValue(writer, { ...request, table: 'none' })],
    [good, encodeValue(writer, { ...request, replyTo: 'x'.repeat(100_000), input: '{' })],
    [good, encodeValue(writer, { ...request, input: '{"Item":{"id":{"S":"other"}}}' })],
    [good, encodeValue(writer, { ...request, operation: 'update', input: '{"UpdateExpression":"SET"}' })],
    [good, encodeValue(writer, { ...request, input: `{"Item":{"id":${'{"M":{"a":'.repeat(5000)}` })],
  ]
  await writeRecords(producer, (out) => {
    for (let partition = 0; partition < partitions; partition++)
      for (const [key, value] of hostile) appendRecord(out, { topic: REQUESTS, partition, key, value })
  })
  await producer.stop()
  for (let i = 0; i < 24; i++)
    await dynamo.send(new PutItemCommand({ TableName, Item: { id: { S: `item-${i}` } } }))
  const { Items } = await dynamo.send(new ScanCommand({ TableName }))
  expect(Items!.map(({ id }) => id.S).sort()).toEqual(
    Array.from({ length: 24 }, (_, i) => `item-${i}`).sort(),
  )
})
