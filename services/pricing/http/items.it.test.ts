/** Items in plain JSON over HTTP, on real servers. */
import { CreateTableCommand, DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Pricing, startPricing } from '../testing/pricing.ts'

let pricing: Pricing
let dynamo: DynamoDBClient
const TableName = uniqueName('catalogue')

beforeAll(async () => {
  pricing = await startPricing()
  dynamo = pricing.client(DynamoDBClient)
  await dynamo.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'productId', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'productId', KeyType: 'HASH' }],
    }),
  )
})
afterAll(() => pricing?.stop())

const urlOf = (key: string): string =>
  `${pricing.url}/v1/tables/${TableName}/item?key=${encodeURIComponent(key)}`
const put = (key: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  fetch(urlOf(key), {
    method: 'PUT',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

test('an item is created, read, changed and deleted, each under its ETag', async () => {
  const item = { name: 'Runner', price: 89.5, sizes: [40, 41], tags: { wide: true }, note: null }
  const created = await put('runner/7', item, { 'if-none-match': '*' })
  expect(created.status).toBe(204)
  const etag = created.headers.get('etag')!
  const read = await fetch(urlOf('runner/7'))
  expect(read.headers.get('etag')).toBe(etag)
  expect(await read.json()).toEqual({ productId: 'runner/7', ...item })
  const { Item } = await dynamo.send(new GetItemCommand({ TableName, Key: { productId: { S: 'runner/7' } } }))
  expect(Item).toMatchObject({
    price: { N: '89.5' },
    note: { NULL: true },
    tags: { M: { wide: { BOOL: true } } },
  })

  expect((await put('runner/7', item, { 'if-none-match': '*' })).status).toBe(412)
  const changed = await put('runner/7', { ...item, price: 95 }, { 'if-match': etag })
  expect(changed.status).toBe(204)
  const stale = await put('runner/7', { ...item, price: 1 }, { 'if-match': etag })
  expect(stale.status).toBe(412)
  expect(await stale.json()).toEqual({
    error: { code: 'wrong-revision', message: `The item has the revision ${changed.headers.get('etag')}.` },
  })
  const refused = await fetch(urlOf('runner/7'), { method: 'DELETE', headers: { 'if-match': etag } })
  expect(refused.status).toBe(412)
  expect((await fetch(urlOf('runner/7'), { method: 'DELETE' })).status).toBe(204)
  expect((await fetch(urlOf('runner/7'))).status).toBe(404)
})

test('of twenty people who change an item at once, one succeeds', async () => {
  const etag = (await put('racer', { price: 1 })).headers.get('etag')!
  const statuses = await Promise.all(
    Array.from(
      { length: 20 },
      async (_, i) => (await put('racer', { price: i + 2 }, { 'if-match': etag })).status,
    ),
  )
  expect(statuses.toSorted()).toEqual([204, ...Array(19).fill(412)])
})

test('items are listed page by page', async () => {
  for (let i = 0; i < 5; i++) await put(`listed-${i}`, { i })
  const found: string[] = []
  let after = ''
  do {
    const answer = await fetch(`${pricing.url}/v1/tables/${TableName}/items?limit=2${after}`)
    const { items, next } = (await answer.json()) as any
    found.push(...items.map(({ item }: any) => item.productId))
    after = next === undefined ? '' : `&after=${next}`
  } while (after !== '')
  expect(found.filter((id) => id.startsWith('listed-'))).toEqual([0, 1, 2, 3, 4].map((i) => `listed-${i}`))
  expect(new Set(found).size).toBe(found.length)
})

test.each([
  ['a list', '[1]', 'The body must be a JSON object.'],
  ['another key', '{"productId":"other"}', 'The body has another productId than the URL.'],
  [
    'a number that lost digits',
    '{"n":12345678901234567890}',
    'n has more digits than numbers of JSON keep here',
  ],
  ['half of a surrogate pair', '{"s":"\\ud800"}', 'lone surrogate'],
  ['lists in lists', `{"deep":${'['.repeat(50)}${']'.repeat(50)}}`, 'nests deeper than 32 levels'],
  ['more than an item may have', JSON.stringify({ s: 'x'.repeat(410_000) }), 'maximum allowed size'],
])('%s is refused with a sentence', async (_, body, message) => {
  const answer = await fetch(urlOf('refused'), {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body,
  })
  expect(answer.status).toBe(400)
  expect(((await answer.json()) as any).error.message).toContain(message)
})

test('a table that does not exist, and its tricks, are refused', async () => {
  for (const name of ['nothing-here', '..%2f..%2fetc', 'a'.repeat(255)])
    expect((await fetch(`${pricing.url}/v1/tables/${name}/item?key=x`)).status).toBe(404)
  expect((await fetch(`${pricing.url}/v1/tables/${TableName}/item?key=x&sort=y`)).status).toBe(400)
})
