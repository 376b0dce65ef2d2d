/** DynamoDB Local, an independent implementation, agrees with this package about expressions. */
import {
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Item, Placeholders, parseCondition, parseProjection, parseUpdate, readItem } from './index.ts'
import * as conditions from './testing/conditions.ts'
import {
  createTable,
  expectAgreement,
  expectSameValue,
  forClient,
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
import * as projections from './testing/projections.ts'
import { randomCondition, randomProjection, randomUpdate, seeded } from './testing/random.ts'
import * as updates from './testing/updates.ts'

let client: DynamoDBClient
const table = uniqueName('items')
const put = (item: Item): Promise<unknown> => putItem(client, table, item)

beforeAll(async () => {
  client = await openLocal()
  await createTable(client, table, { p: 'S' })
})
afterAll(() => client?.destroy())

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
