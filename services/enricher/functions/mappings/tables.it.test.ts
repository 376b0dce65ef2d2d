/** Event source mappings of tables: functions get changes as DynamoDB's event source hands them over. */
import type { TableChange } from '@weir/contracts'
import { sequenceNumberOf, streamLabelOf } from '@weir/items/change-streams.ts'
import { appendRecord, encodeValue, type Kafka, partitionOfKey, writeRecords } from '@weir/kafka'
import { uniqueName } from '@weir/testkit'
import { beforeAll, expect, test } from 'vitest'
import { functionOf, mappingOf } from '../testing/hosting.ts'
import { useMappings } from '../testing/mappings.ts'

const CHANGES = 'weir.tables.changes'
const LABEL = streamLabelOf(1_764_014_460_000)
const { opened, topic, readAll, host } = useMappings()
let kafka: Kafka
let write: (changes: readonly TableChange[]) => Promise<void>

beforeAll(async () => {
  const { codec } = opened()
  kafka = opened().kafka
  const [writer, partitions, producer] = await Promise.all([
    codec.writer(CHANGES),
    kafka.partitions(CHANGES),
    kafka.producer(),
  ])
  write = (changes) =>
    writeRecords(producer, (out) => {
      for (const change of changes) {
        const partition = partitionOfKey(change.keys, partitions)
        appendRecord(out, { topic: CHANGES, partition, key: change.keys, value: encodeValue(writer, change) })
      }
    })
})

/** Each record that the function gets becomes one of the output, with the price as its value. */
const PRICES = `
export const handler = async (event) => ({
  records: event.Records.map((record) => ({
    key: record.dynamodb.Keys.id.S,
    value: record.eventName + ' ' + (record.dynamodb.NewImage?.price.N ?? 'none'),
  })),
})`

const change = (table: string, id: string, price: number, more: Partial<TableChange> = {}): TableChange => ({
  table,
  stream: LABEL,
  view: 'NEW_AND_OLD_IMAGES',
  event: price === 0 ? 'INSERT' : 'MODIFY',
  keys: JSON.stringify({ id: { S: id } }),
  oldImage: price === 0 ? null : JSON.stringify({ id: { S: id }, price: { N: String(price - 1) } }),
  newImage: JSON.stringify({ id: { S: id }, price: { N: String(price) } }),
  version: price + 1,
  bytes: 20,
  expired: false,
  at: Date.now(),
  ...more,
})

test('a function gets every change of its table once, in the order of each item, and none of other tables', async () => {
  const [table, other, output] = [uniqueName('orders'), uniqueName('others'), await topic(1, 'output')]
  await host({
    definitions: [functionOf('prices', PRICES)],
    mappings: [
      mappingOf(table, 'prices', { kind: 'dynamodb', table, label: LABEL }, { batchSize: 7 }, { output }),
    ],
  })
  const ids = ['a', 'b', 'c', 'd', 'e']
  for (let price = 0; price < 10; price++)
    await write(
      ids.flatMap((id) => [
        change(table, id, price),
        change(other, id, price),
        change(table, id, price, { stream: streamLabelOf(0) }),
      ]),
    )
  await expect.poll(async () => (await readAll(output)).length, { timeout: 30_000 }).toBe(50)
  const found = await readAll(output)
  for (const id of ids)
    expect(found.filter(({ key }) => key === id).map(({ value }) => value)).toEqual(
      Array.from({ length: 10 }, (_, price) => `${price === 0 ? 'INSERT' : 'MODIFY'} ${price}`),
    )
})

test("a filter's patterns see images, and the event is that of DynamoDB", async () => {
  const [table, output] = [uniqueName('orders'), await topic(1, 'output')]
  const filters = {
    Filters: [
      { Pattern: JSON.stringify({ eventName: ['REMOVE'], userIdentity: { type: ['Service'] } }) },
      { Pattern: JSON.stringify({ dynamodb: { NewImage: { price: { N: ['3'] } } } }) },
    ],
  }
  await host({
    definitions: [
      functionOf(
        'whole',
        'export const handler = async (event) => ({ records: event.Records.map((record) => ({ key: record.eventID, value: JSON.stringify(record) })) })',
      ),
    ],
    mappings: [mappingOf(table, 'whole', { kind: 'dynamodb', table, label: LABEL }, {}, { output, filters })],
  })
  const gone = change(table, 'b', 1, {
    event: 'REMOVE',
    newImage: null,
    expired: true,
    at: 1_764_014_580_900,
  })
  await write([0, 1, 2, 3, 4].map((price) => change(table, 'a', price)))
  await write([gone, { ...gone, expired: false }])
  await expect.poll(async () => (await readAll(output)).length, { timeout: 30_000 }).toBe(2)
  const found = (await readAll(output)).map(({ value }) => JSON.parse(value))
  expect(found.find(({ eventName }) => eventName === 'MODIFY').dynamodb.OldImage.price).toEqual({ N: '2' })
  const removed = found.find(({ eventName }) => eventName === 'REMOVE')
  expect(removed).toEqual({
    eventID: expect.stringMatching(/^[0-9a-f]{32}$/),
    eventName: 'REMOVE',
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: 'us-east-1',
    dynamodb: {
      ApproximateCreationDateTime: 1_764_014_580,
      Keys: { id: { S: 'b' } },
      OldImage: { id: { S: 'b' }, price: { N: '0' } },
      SequenceNumber: expect.stringMatching(/^1\d{20}$/),
      SizeBytes: 20,
      StreamViewType: 'NEW_AND_OLD_IMAGES',
    },
    userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' },
    eventSourceARN: `arn:aws:dynamodb:us-east-1:000000000000:table/${table}/stream/${LABEL}`,
  })
  expect(sequenceNumberOf(7)).toBe('100000000000000000007')
})
