/**
 * DynamoDB Local, an independent implementation, agrees with this package. `UNLIKE_THE_SERVICE` has the cases in which
 * it does not, because it differs from the service.
 */
import {
  type AttributeValue,
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { servers, uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  checkItemToPut,
  type Item,
  ItemError,
  type KeyType,
  type KeyValue,
  MAX_ITEM_BYTES,
  Placeholders,
  parseCondition,
  parseKeyCondition,
  parseProjection,
  parseUpdate,
  readItem,
  sizeOf,
  toJson,
} from './index.ts'
import { encodeKey } from './keys/encode.ts'
import { keyRange } from './keys/range.ts'
import * as conditions from './testing/conditions.ts'
import * as keyConditions from './testing/key-conditions.ts'
import * as projections from './testing/projections.ts'
import { randomCondition, randomNumber, randomProjection, randomUpdate, seeded } from './testing/random.ts'
import * as updates from './testing/updates.ts'

const UNLIKE_THE_SERVICE: ReadonlySet<string> = new Set([
  // The service reserves this word as all others.
  'm.size = :n',
  // DynamoDB Local lists types that the service does not have, and in another order.
  'attribute_type(n, s)',
  'attribute_type(n, :X)',
  // DynamoDB Local does not take the largest index of the service.
  'l[7], m.x, a.b, l[4294967294]',
  // The service refuses these before it knows the table's key.
  'contains(a.d, b)',
  'a > size(b.d)',
  'b > a.b',
  'a.d > :a',
])
/** What DynamoDB Local says more or less than the service. */
const LOCAL_ENDINGS = /, typeSet: \w+$|(?<=^Query condition missed key schema element): .*$/

type Outcome = { readonly value: unknown } | { readonly error: string }

const P = { S: 'k' }
let client: DynamoDBClient
const table = uniqueName('items')

beforeAll(async () => {
  const { url } = await servers.dynamodb()
  client = new DynamoDBClient({
    endpoint: url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  })
  await createTable(table, { p: 'S' })
})
afterAll(() => client?.destroy())

async function createTable(name: string, key: Record<string, KeyType>): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: Object.keys(key).map((AttributeName, i) => ({
        AttributeName,
        KeyType: i === 0 ? 'HASH' : 'RANGE',
      })),
      AttributeDefinitions: Object.entries(key).map(([AttributeName, AttributeType]) => ({
        AttributeName,
        AttributeType,
      })),
    }),
  )
}

const put = (item: Item): Promise<unknown> =>
  client.send(new PutItemCommand({ TableName: table, Item: forClient(item) }))

/** The client's objects have a prototype. */
const forClient = (item: Item): Record<string, AttributeValue> => item as Record<string, AttributeValue>

/** The placeholders that a text has: unused ones are refused. */
function used(text: string, all: Readonly<Record<string, unknown>>): Record<string, any> | undefined {
  const names = new Set(text.match(/[#:]\w+/g))
  const entries = Object.entries(all).filter(([name]) => names.has(name))
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

const valuesFor = (text: string, all: Readonly<Record<string, unknown>>) => {
  const values = used(text, all)
  return values && forClient(readItem(values))
}

async function theirs(send: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { value: normal(await send()) }
  } catch (error) {
    const { name, message } = error as Error
    if (name === 'ConditionalCheckFailedException') return { value: false }
    expect(name).toBe('ValidationException')
    return { error: message }
  }
}

function ours(evaluate: () => unknown): Outcome {
  try {
    return { value: normal(evaluate()) }
  } catch (error) {
    if (!(error instanceof ItemError)) throw error
    return { error: error.message }
  }
}

/** An item as JSON whose names and members of sets are in order. */
function normal(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return JSON.parse(
    JSON.stringify(toJson(readItem(value)), (_, inner) => {
      if (Array.isArray(inner))
        return inner.every((member) => typeof member === 'string') ? inner.toSorted() : inner
      if (typeof inner !== 'object' || inner === null) return inner
      return Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    }),
  )
}

function expectAgreement(text: string, mine: Outcome, other: Outcome): void {
  if (UNLIKE_THE_SERVICE.has(text)) return
  const cut = (outcome: Outcome): Outcome =>
    'error' in outcome ? { error: outcome.error.replace(LOCAL_ENDINGS, '') } : outcome
  expect(cut(mine), text).toEqual(cut(other))
}

/** Both refuse, each in its own words, or both have the same value. */
function expectSameValue(text: string, mine: Outcome, other: Outcome): void {
  const valueOf = (outcome: Outcome): unknown => ('error' in outcome ? 'refused' : outcome.value)
  expect(valueOf(mine), text).toEqual(valueOf(other))
}

describe('conditions', () => {
  const item = { ...conditions.ITEM, p: P }
  const compare = async (text: string, expectSame = expectAgreement): Promise<void> => {
    const names = used(text, conditions.NAMES)
    const mine = ours(() =>
      parseCondition(text, new Placeholders(names, used(text, conditions.VALUES))).matches(item),
    )
    const other = await theirs(async () => {
      await client.send(
        new PutItemCommand({
          TableName: table,
          Item: forClient(item),
          ConditionExpression: text,
          ExpressionAttributeNames: names,
          ExpressionAttributeValues: valuesFor(text, conditions.VALUES),
        }),
      )
      return true
    })
    expectSame(text, mine, other)
  }
  beforeAll(() => put(item))

  test.each([...conditions.TRUE, ...conditions.FALSE, ...conditions.REFUSED.map(([text]) => text)])(
    '%s',
    (text) => compare(text),
  )

  test('300 random ones', async () => {
    const random = seeded(11)
    for (let i = 0; i < 300; i++) await compare(randomCondition(random), expectSameValue)
  })
})

describe('updates', () => {
  const update = async (
    text: string,
    returned: 'ALL_NEW' | 'UPDATED_OLD' | 'UPDATED_NEW',
  ): Promise<Outcome> => {
    await put(updates.ITEM)
    return theirs(async () => {
      const { Attributes = {} } = await client.send(
        new UpdateItemCommand({
          TableName: table,
          Key: { p: P },
          UpdateExpression: text,
          ReturnValues: returned,
          ExpressionAttributeNames: used(text, updates.NAMES),
          ExpressionAttributeValues: valuesFor(text, updates.VALUES),
        }),
      )
      return Attributes
    })
  }
  const parse = (text: string) =>
    parseUpdate(text, new Placeholders(used(text, updates.NAMES), used(text, updates.VALUES)))
  const apply = (text: string): Outcome => ours(() => parse(text).apply(updates.ITEM, updates.KEY))
  const CHANGES = updates.CHANGES.map(([text]) => text).filter((text) => !text.includes('#proto'))

  test.each([...CHANGES, ...updates.UNFIT.map(([text]) => text), ...updates.REFUSED.map(([text]) => text)])(
    '%s',
    async (text) => expectAgreement(text, apply(text), await update(text, 'ALL_NEW')),
  )

  test.each(CHANGES)('%s: old and new values', async (text) => {
    const { project, apply } = parse(text)
    const after = apply(updates.ITEM, updates.KEY)!
    for (const [returned, item] of [
      ['UPDATED_OLD', updates.ITEM],
      ['UPDATED_NEW', after],
    ] as const) {
      const outcome = await update(text, returned)
      // DynamoDB Local returns whole attributes; the service returns what the paths lead to.
      const attributes = readItem((outcome as { value: unknown }).value)
      expect(normal(project(item))).toEqual(normal(project(attributes)))
    }
  })

  test('300 random ones', async () => {
    const random = seeded(12)
    for (let i = 0; i < 300; i++) {
      const text = randomUpdate(random)
      const mine = apply(text)
      const other = await update(text, 'ALL_NEW')
      expectSameValue(text, mine, other)
    }
  })

  test('of items that do not exist', async () => {
    for (const text of [
      'SET n = :one',
      'ADD n :one, ss :ss',
      'SET m.a = :one',
      'SET n = n',
      'ADD n :one REMOVE s',
    ]) {
      const key = { p: { S: uniqueName('new') } }
      const mine = ours(() => parse(text).apply(undefined, key))
      const other = await theirs(async () => {
        const { Attributes } = await client.send(
          new UpdateItemCommand({
            TableName: table,
            Key: key,
            UpdateExpression: text,
            ReturnValues: 'ALL_NEW',
            ExpressionAttributeValues: valuesFor(text, updates.VALUES),
          }),
        )
        return Attributes
      })
      expectAgreement(text, mine, other)
    }
  })
})

describe('projections', () => {
  const { __proto__: _, ...rest } = projections.ITEM
  const item = { ...rest, p: P }
  const compare = async (text: string, expectSame = expectAgreement): Promise<void> => {
    const names = used(text, projections.NAMES)
    const mine = ours(() => parseProjection(text, new Placeholders(names)).project(item))
    const other = await theirs(async () => {
      const { Item = {} } = await client.send(
        new GetItemCommand({
          TableName: table,
          Key: { p: P },
          ProjectionExpression: text,
          ExpressionAttributeNames: names,
        }),
      )
      return Item
    })
    expectSame(text, mine, other)
  }
  beforeAll(() => put(item))

  test.each([...projections.PARTS, ...projections.REFUSED].map(([text]) => text))('%s', (text) =>
    compare(text),
  )

  test('100 random ones', async () => {
    const random = seeded(13)
    for (let i = 0; i < 100; i++) await compare(randomProjection(random), expectSameValue)
  })
})

describe('key conditions', () => {
  const name = uniqueName('keys')
  beforeAll(() => createTable(name, { a: 'S', b: 'N' }))

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
      await createTable(ranges, { a: 'S', b: type })
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
