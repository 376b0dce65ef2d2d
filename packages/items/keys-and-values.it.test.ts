/** DynamoDB Local, an independent implementation, agrees with this package about keys, values and sizes. */
import {
  type AttributeValue,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  checkItemToPut,
  encodeKey,
  type Item,
  type KeyType,
  type KeyValue,
  keyRange,
  MAX_ITEM_BYTES,
  Placeholders,
  parseKeyCondition,
  parseUpdate,
  readItem,
  sizeOf,
} from './index.ts'
import * as keyConditions from './testing/key-conditions.ts'
import {
  createTable,
  expectAgreement,
  expectSameValue,
  normal,
  type Outcome,
  openLocal,
  ours,
  P,
  putItem,
  theirs,
  used,
  valuesFor,
} from './testing/local.ts'
import { randomNumber, seeded } from './testing/random.ts'

let client: DynamoDBClient
const table = uniqueName('items')
const put = (item: Item): Promise<unknown> => putItem(client, table, item)

beforeAll(async () => {
  client = await openLocal()
  await createTable(client, table, { p: 'S' })
})
afterAll(() => client?.destroy())

describe('key conditions', () => {
  const name = uniqueName('keys')
  beforeAll(() => createTable(client, name, { a: 'S', b: 'N' }))

  test.each([...keyConditions.SORTS.map(([text]) => text), ...keyConditions.REFUSED.map(([text]) => text)])(
    '%s',
    async (text) => {
      const names = used(text, keyConditions.NAMES)
      const placeholders = new Placeholders(names, used(text, keyConditions.VALUES))
      const mine = ours(() => parseKeyCondition(text, placeholders, keyConditions.SCHEMA) && true)
      const other = await theirs(async () => {
        await client.send(
          new QueryCommand({
            TableName: name,
            KeyConditionExpression: text,
            ExpressionAttributeNames: names,
            ExpressionAttributeValues: valuesFor(text, keyConditions.VALUES),
          }),
        )
        return true
      })
      expectAgreement(text, mine, other)
    },
  )

  const random = seeded(14)
  const letter = (): string => ['a', 'b', 'é', '\uffff', '\u{10000}', '\0'][random(6)]
  const word = (): string => Array.from({ length: 1 + random(3) }, letter).join('')
  const KINDS: readonly (readonly [KeyType, () => KeyValue])[] = [
    ['S', () => ({ S: word() })],
    ['N', () => readItem({ n: { N: randomNumber(random) } }).n as KeyValue],
    [
      'B',
      () => ({
        B: Buffer.from(Array.from({ length: 1 + random(3) }, () => [0, 1, 127, 128, 255][random(5)])),
      }),
    ],
  ]
  test.each(KINDS)(
    'items with sort values of type %s are in the same ranges, in the same order',
    async (type, make) => {
      const ranges = uniqueName('ranges')
      await createTable(client, ranges, { a: 'S', b: type })
      const keys = new Map<string, KeyValue>()
      for (let i = 0; i < 60; i++) {
        const sort = make()
        keys.set(encodeKey('t', { partition: P, sort }).toString('hex'), sort)
        await client.send(new PutItemCommand({ TableName: ranges, Item: { a: P, b: sort } }))
      }
      const sorted = [...keys].toSorted(([a], [b]) => (a < b ? -1 : 1))
      const texts = [
        '',
        ...['=', '<', '<=', '>', '>='].map((operator) => ` AND b ${operator} :x`),
        ' AND b BETWEEN :x AND :y',
      ]
      if (type !== 'N') texts.push(' AND begins_with(b, :x)')
      for (let round = 0; round < 5; round++)
        for (const end of texts) {
          const text = `a = :a${end}`
          const [x, y] = [sorted[random(sorted.length)], sorted[random(sorted.length)]].toSorted(
            ([a], [b]) => (a < b ? -1 : 1),
          )
          const values = used(text, { ':a': P, ':x': x[1], ':y': y[1] })
          const schema = { partition: { name: 'a', type: 'S' }, sort: { name: 'b', type } } as const
          const range = keyRange('t', parseKeyCondition(text, new Placeholders(undefined, values), schema))
          const [from, to] = [range.start.toString('hex'), range.end.toString('hex')]
          const { Items = [] } = await client.send(
            new QueryCommand({
              TableName: ranges,
              KeyConditionExpression: text,
              ExpressionAttributeValues: values,
            }),
          )
          const mine = sorted.filter(([key]) => key >= from && key < to).map(([, b]) => normal({ b }))
          expect(mine, text).toEqual(Items.map(({ b }) => normal({ b })))
        }
    },
  )
})

describe('values', () => {
  const roundTrip = async (value: Record<string, unknown>): Promise<[Outcome, Outcome]> => {
    const mine = ours(() => readItem({ p: P, v: value }))
    const other = await theirs(async () => {
      await client.send(
        new PutItemCommand({ TableName: table, Item: { p: P, v: value as unknown as AttributeValue } }),
      )
      return (await client.send(new GetItemCommand({ TableName: table, Key: { p: P } }))).Item
    })
    return [mine, other]
  }

  test('200 random numbers have the same canonical form', async () => {
    const random = seeded(15)
    for (let i = 0; i < 200; i++) {
      const [mine, other] = await roundTrip({ N: randomNumber(random) })
      expectSameValue('number', mine, other)
    }
  })

  test.each([
    { N: '1.0' },
    { N: '-0' },
    { N: '1e125' },
    { N: '1e-130' },
    { N: '' },
    { N: 'dog' },
    { N: ' 1' },
    { N: '1e126' },
    { N: '1e-131' },
    { N: '1'.repeat(39) },
    { S: '' },
    { SS: [] },
    { NS: [] },
    { BS: [] },
    { SS: ['a', 'b', 'a'] },
    { NS: ['1', '1.0'] },
    { L: [{ SS: [] }] },
    { M: { a: { N: 'x' } } },
  ])('%j', async (value) => {
    const [mine, other] = await roundTrip(value)
    expectSameValue(JSON.stringify(value), mine, other)
  })

  test('sums are the same', async () => {
    for (const [a, b] of [
      ['9e125', '9e125'],
      ['1e50', '1'],
      ['1.5e-130', '-1.0e-130'],
      ['9'.repeat(38), '-1'],
    ]) {
      const values = { ':a': { N: a }, ':b': { N: b } }
      const text = 'SET x = :a + :b'
      const mine = ours(() =>
        parseUpdate(text, new Placeholders(undefined, values)).apply({ p: P }, { p: P }),
      )
      await put({ p: P })
      const other = await theirs(async () => {
        const request = {
          TableName: table,
          Key: { p: P },
          UpdateExpression: text,
          ReturnValues: 'ALL_NEW',
        } as const
        return (await client.send(new UpdateItemCommand({ ...request, ExpressionAttributeValues: values })))
          .Attributes
      })
      expectSameValue(`${a} + ${b}`, mine, other)
    }
  })

  test.each(['1', '12', '1.5', '100.5', '-42', '0.015', '10010', '12345678901234567890123456789012345678'])(
    'an item with the number %s has the same size',
    async (number) => {
      const filler = readItem({
        p: P,
        n: { N: number },
        l: { L: [{ N: number }, { M: { ab: { BOOL: true } } }] },
      })
      const of = (more: number): Item => ({
        ...filler,
        s: { S: 'x'.repeat(MAX_ITEM_BYTES - sizeOf(filler) - 1 + more) },
      })
      checkItemToPut(of(0))
      await put(of(0))
      expect(await theirs(() => put(of(1)))).toEqual(ours(() => checkItemToPut(of(1))))
    },
  )
})
