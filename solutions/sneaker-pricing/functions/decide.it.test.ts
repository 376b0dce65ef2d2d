/** The function with a real catalogue and real rails, and an endpoint that also answers badly or not at all. */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb'
import { servers, uniqueName } from '@weir/testkit'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Pricing, startPricing } from '../../../services/pricing/testing/pricing.ts'
import type { handler } from './decide.ts'
import type { Item, StreamRecord } from './items.ts'

const NOW = Date.UTC(2026, 0, 12, 12)
const CATALOGUE_TABLE = uniqueName('catalogue')
const MARKET_TABLE = uniqueName('market')
const PRICE_RAILS = uniqueName('rails')
const n = (value: number) => ({ N: String(value) })

let pricing: Pricing
let redis: Redis
let decideAll: typeof handler
/** Answers a request with these rows. */
let answer: (rows: readonly string[], response: ServerResponse) => void
const requests: { readonly path: string | undefined; readonly rows: readonly string[] }[] = []
const endpoint = createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray()).toString()
  const rows = body.split('\n')
  requests.push({ path: request.url, rows })
  answer(rows, response)
})

/** A demand whose elasticity to the price relative to the usual one is 1.5. */
const elastic: typeof answer = (rows, response) => {
  response.setHeader('x-amzn-invoked-production-variant', 'v7')
  response.end(rows.map((row) => 2 * Number(row.split(',')[1]) ** -1.5).join('\n'))
}

beforeAll(async () => {
  endpoint.listen(0, '127.0.0.1')
  const [{ url: REDIS_URL }] = await Promise.all([servers.redis(), once(endpoint, 'listening')])
  pricing = await startPricing()
  redis = new Redis(REDIS_URL)
  const dynamo = pricing.client(DynamoDBClient)
  for (const TableName of [CATALOGUE_TABLE, MARKET_TABLE]) {
    await dynamo.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'productId', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'productId', KeyType: 'HASH' }],
      }),
    )
    const described = new DescribeTableCommand({ TableName })
    while ((await dynamo.send(described)).Table?.TableStatus !== 'ACTIVE') await sleep(100)
  }
  const put = (TableName: string, Item: Item) =>
    dynamo.send(new PutItemCommand({ TableName, Item: Item as never }))
  for (const [id, stock] of Object.entries({ scarce: 41, gone: 0, changed: 41, held: 41 }))
    await put(MARKET_TABLE, { productId: { S: id }, stock: n(stock), competitorCents: n(12_500) })
  await put(CATALOGUE_TABLE, product('scarce'))
  await put(CATALOGUE_TABLE, product('gone'))
  await put(CATALOGUE_TABLE, product('changed', { priceChangedAt: n(NOW - 600_000) }))
  await put(CATALOGUE_TABLE, product('held', { heldUntil: n(NOW + 1) }))
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_DYNAMODB: pricing.url,
    AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME: `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}`,
    CATALOGUE_TABLE,
    MARKET_TABLE,
    ENDPOINT_NAME: 'demand',
    PRICE_RAILS,
    REDIS_URL,
  })
  decideAll = (await import('./decide.ts')).handler
})
beforeEach(async () => {
  answer = elastic
  requests.length = 0
  await redis.del(PRICE_RAILS)
})
afterAll(async () => {
  endpoint.closeAllConnections()
  endpoint.close()
  redis?.disconnect()
  await pricing?.stop()
})

const product = (productId: string, more: Item = {}): Item => ({
  productId: { S: productId },
  name: { S: productId },
  listPriceCents: n(11_995),
  costCents: n(6000),
  priceCents: n(11_995),
  changedBy: { S: 'person' },
  ...more,
})

const demand = (productId: string, at = NOW): StreamRecord => ({
  eventID: `${productId}/${at}`,
  dynamodb: {
    NewImage: {
      productId: { S: productId },
      at: n(at),
      windowMs: n(100_000),
      clicks: n(40),
      quarterClicks: n(10),
      units: n(2),
      usual: {
        M: { hours: n(100), weight: n(60), clicks: n(40), units: n(2), priceCents: n(11_995) },
      },
    },
  },
})

const decisionsOf = async (...Records: StreamRecord[]) =>
  (await decideAll({ Records })).records.map(({ value }) => value)
const rail = (id: string, entry: object) => redis.hset(PRICE_RAILS, id, JSON.stringify(entry))

test('a batch becomes decisions, with one request to the endpoint', async () => {
  await rail('all', { maxStepPercent: 10 })
  const decisions = await decisionsOf(...['scarce', 'gone', 'changed', 'unknown'].map((id) => demand(id)), {
    eventID: 'bad',
    dynamodb: { NewImage: { productId: { S: 'scarce' } } },
  })
  expect(decisions).toMatchObject([
    { productId: 'scarce', decision: 'change', toCents: 13_095, modelName: 'demand', modelVersion: 'v7' },
    { productId: 'gone', decision: 'keep', reasonCode: 'sold-out' },
    { productId: 'changed', decision: 'keep', reasonCode: 'rails', priceChangedAt: NOW - 600_000 },
  ])
  expect(decisions[0].reason).toContain('41 pairs would be gone in 21 hours')
  expect(decisions[2].rails).toContain('cool-down')
  expect(requests.map(({ path }) => path)).toEqual(['/endpoints/demand/invocations'])
  expect(requests[0].rows[0].split(',').length).toBe(14)
})

test('a price that a person holds is kept', async () => {
  const [{ decision, rails, reason }] = await decisionsOf(demand('held'))
  expect([decision, rails.includes('held')]).toEqual(['keep', true])
  expect(reason).toContain('A person has set the price, and it is held.')
})

test('rails are those of the moment, of the shop and of the product', async () => {
  await rail('all', { stopped: true })
  expect((await decisionsOf(demand('scarce')))[0].rails).toContain('stopped')
  await rail('all', {})
  await rail('scarce', { frozen: true })
  expect((await decisionsOf(demand('scarce')))[0].rails).toContain('frozen')
})

test('changes of the last hour count, those in the catalogue and those just decided', async () => {
  await rail('all', { maxChangesPerHour: 2 })
  // A day later, so that no change of an earlier test counts; then with the one of the catalogue.
  const later = NOW + 86_400_000
  const [first] = await decisionsOf(demand('scarce', later))
  expect(first.decision).toBe('change')
  await rail('all', { maxChangesPerHour: 1 })
  expect((await decisionsOf(demand('scarce', later + 1)))[0].rails).toContain('changes-per-hour')
  await rail('all', { maxChangesPerHour: 1, coolDownMinutes: 0 })
  expect((await decisionsOf(demand('scarce', NOW - 500_000)))[0].rails).toContain('changes-per-hour')
})

test.each<[string, typeof answer, string]>([
  ['something else', (_, response) => response.end('{"predictions":[1,2,3]}'), 'bad-prediction'],
  ['NaN', (rows, response) => response.end(rows.map(() => 'NaN').join('\n')), 'bad-prediction'],
  ['too little', (rows, response) => response.end(rows.slice(1).fill('1').join('\n')), 'bad-prediction'],
  ['an error', (_, response) => response.writeHead(424).end('{"Message":"no"}'), 'no-prediction'],
  ['nothing in time', () => {}, 'no-prediction'],
])('an endpoint that answers with %s keeps prices', async (_, badly, reasonCode) => {
  answer = badly
  expect(await decisionsOf(demand('scarce'), demand('gone'))).toMatchObject([
    { productId: 'scarce', decision: 'keep', reasonCode },
    { productId: 'gone', decision: 'keep', reasonCode: 'sold-out' },
  ])
})
