import { expect, test } from 'vitest'
import { type Item, newestDemands, productOf, type StreamRecord } from './items.ts'
import { RecentChanges } from './recent-changes.ts'

const NOW = 1_767_571_200_000
const HOUR_MS = 3_600_000
const n = (value: number) => ({ N: String(value) })
const usual = { M: { hours: n(100), weight: n(60), clicks: n(40.5), units: n(2.25), priceCents: n(11_995) } }
const demand: Item = {
  productId: { S: 'sneaker-001' },
  at: n(NOW),
  windowMs: n(100_000),
  clicks: n(40),
  quarterClicks: n(10),
  units: n(2),
  usual,
}
const record = (NewImage: Item | undefined, eventID = 'e1'): StreamRecord => ({
  eventID,
  dynamodb: { NewImage },
})

function demandsOf(...records: StreamRecord[]) {
  const refused: string[] = []
  const demands = newestDemands(records, (eventID, why) => refused.push(`${eventID}: ${why}`))
  return { demands, refused }
}

test('an item of the table becomes the counts of its product', () => {
  expect(demandsOf(record(demand))).toEqual({
    demands: [
      {
        productId: 'sneaker-001',
        counts: {
          at: NOW,
          clicks: 40,
          quarterClicks: 10,
          units: 2,
          usual: { hours: 100, weight: 60, clicks: 40.5, units: 2.25, priceCents: 11_995 },
        },
      },
    ],
    refused: [],
  })
})

test('a late record does not make another decision of the same window', () => {
  const OldImage = { ...demand, clicks: n(39) }
  expect(demandsOf({ eventID: 'e1', dynamodb: { NewImage: demand, OldImage } }).demands).toEqual([])
  const earlier = { ...OldImage, at: n(NOW - 100_000) }
  expect(
    demandsOf({ eventID: 'e1', dynamodb: { NewImage: demand, OldImage: earlier } }).demands,
  ).toHaveLength(1)
})

test('the newest item of each product counts, and a removed one does not', () => {
  const { demands } = demandsOf(
    record({ ...demand, at: n(NOW + 100_000), clicks: n(50) }),
    record(demand),
    record({ ...demand, productId: { S: 'sneaker-002' } }),
    record(undefined),
  )
  expect(demands.map(({ productId, counts }) => [productId, counts.clicks])).toEqual([
    ['sneaker-001', 50],
    ['sneaker-002', 40],
  ])
})

test.each<[string, Item]>([
  ['productId', { ...demand, productId: n(5) }],
  ['productId', { ...demand, productId: { S: '' } }],
  ['clicks', { ...demand, clicks: { S: '40' } }],
  ['clicks', { ...demand, clicks: { N: 'many' } }],
  ['at', { ...demand, at: n(NOW + 0.5) }],
  ['usual', { ...demand, usual: { S: 'none' } }],
  ['weight', { ...demand, usual: { M: { ...usual.M, weight: {} } } }],
])('a record without a usable %s is left out, and its neighbours are not', (name, item) => {
  const { demands, refused } = demandsOf(
    record(item, 'bad'),
    record({ ...demand, productId: { S: 'other' } }),
  )
  expect(demands.map(({ productId }) => productId)).toEqual(['other'])
  expect(refused).toEqual([expect.stringMatching(`^bad: ${name}`)])
})

test('a product of the catalogue may have no known delivery and no change of its price', () => {
  const item: Item = {
    productId: { S: 'sneaker-001' },
    name: { S: 'Harbour Runner' },
    listPriceCents: n(11_995),
    costCents: n(6000),
    priceCents: n(11_495),
    competitorCents: n(12_500),
    stock: n(41),
    changedBy: { S: 'someone' },
  }
  const product = {
    productId: 'sneaker-001',
    listPriceCents: 11_995,
    costCents: 6000,
    priceCents: 11_495,
    competitorCents: 12_500,
    stock: 41,
    nextDeliveryAt: null,
    priceChangedAt: 0,
    heldUntil: 0,
  }
  expect(productOf(item)).toEqual(product)
  expect(productOf({ ...item, nextDeliveryAt: n(NOW), priceChangedAt: n(NOW - 5) })).toEqual({
    ...product,
    nextDeliveryAt: NOW,
    priceChangedAt: NOW - 5,
  })
  expect(() => productOf({ ...item, priceChangedAt: n(0.5) })).toThrow('priceChangedAt is 0.5')
  const { stock: _, ...incomplete } = item
  expect(() => productOf(incomplete)).toThrow('stock is missing')
})

test('a change counts once for an hour, whether it is seen, decided or both', () => {
  const changes = new RecentChanges()
  changes.add('a', NOW)
  changes.add('a', NOW)
  changes.add('b', NOW)
  changes.add('b', NOW + 60_000)
  expect(changes.before(NOW + 60_000)).toBe(3)
  expect(changes.before(NOW + HOUR_MS)).toBe(1)
  expect(changes.before(NOW + 3 * HOUR_MS)).toBe(0)
})
