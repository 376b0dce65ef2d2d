import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FEATURES, featuresOf, MIN_USUAL_HOURS, type ProductAggregates } from './features.ts'
import { HALF_LIFE_HOURS, NO_HOURS, usualAfter } from './usual.ts'

const contract = JSON.parse(readFileSync(join(import.meta.dirname, '../../ml/features.json'), 'utf8'))
/** Saturday, six o'clock. */
const SATURDAY = Date.UTC(2026, 0, 10, 6)
const aggregates: ProductAggregates = {
  at: SATURDAY,
  priceCents: 9000,
  listPriceCents: 10_000,
  competitorCents: 12_000,
  clicks: 60,
  quarterClicks: 20,
  units: 5,
  stock: 100,
  usual: { hours: 100, weight: 60, clicks: 40, units: 4, priceCents: 9500 },
}
const named = (changes: Partial<ProductAggregates> = {}) =>
  Object.fromEntries(featuresOf({ ...aggregates, ...changes }).map((value, i) => [FEATURES[i].name, value]))

test('the features here are those of the contract with data scientists', () => {
  expect(FEATURES).toEqual(
    contract.features.map(({ name, unit, min, max }: (typeof FEATURES)[number]) => ({
      name,
      unit,
      min,
      max,
    })),
  )
  expect(contract.about).toContain(`fewer than ${MIN_USUAL_HOURS} hours`)
  expect(contract.usual).toContain(`${HALF_LIFE_HOURS} hours later`)
})

test('a vector has each feature in its unit', () => {
  expect(named()).toEqual({
    price_to_list: 0.9,
    price_to_usual: 9000 / 9500,
    price_to_competitor: 0.75,
    clicks_hour: 60,
    units_hour: 5,
    clicks_usual: 40,
    units_usual: 4,
    conversion_usual: 0.1,
    clicks_trend: 1.5,
    clicks_quarter_trend: 2,
    stock_cover: 25,
    hour_sin: 1,
    hour_cos: expect.closeTo(0),
    weekend: 1,
  })
  expect(named({ at: SATURDAY + 2 * 86_400_000 }).weekend).toBe(0)
})

test('every value is in its range, also of a product that nobody buys or everybody wants', () => {
  const rare = { ...aggregates.usual, clicks: 0, units: 0 }
  for (const changes of [
    { usual: rare },
    { usual: rare, clicks: 0, quarterClicks: 0, units: 0 },
    { clicks: 1e9, quarterClicks: 1e9, units: 1e9, stock: 1e9 },
    { priceCents: 1 },
    { priceCents: 1e9 },
  ]) {
    const vector = featuresOf({ ...aggregates, ...changes })
    for (const [i, { name, min, max }] of FEATURES.entries())
      expect(vector[i] >= min && vector[i] <= max, `${name} is ${vector[i]}`).toBe(true)
  }
})

test.each<[string, Partial<ProductAggregates>]>([
  ['priceCents', { priceCents: -5 }],
  ['priceCents', { priceCents: Number.NaN }],
  ['listPriceCents', { listPriceCents: 0 }],
  ['competitorCents', { competitorCents: 99.5 }],
  ['clicks', { clicks: -1 }],
  ['stock', { stock: Infinity }],
  ['at', { at: Number.NaN }],
  ['have 3 hours', { usual: { ...aggregates.usual, hours: 3 } }],
  ['negative, infinite or missing', { usual: { ...aggregates.usual, clicks: Number.NaN } }],
  ['negative, infinite or missing', { usual: { ...aggregates.usual, priceCents: 0 } }],
])('an aggregate that cannot be is refused by its name: %s', (name, changes) => {
  expect(() => featuresOf({ ...aggregates, ...changes })).toThrow(name)
})

test('usual values follow the last days, and leaves out hours that end without stock', () => {
  const hour = { clicks: 10, units: 2, priceCents: 5000, stock: 7 }
  const steady = Array.from({ length: 500 }).reduce<typeof NO_HOURS>(
    (usual) => usualAfter(usual, hour),
    NO_HOURS,
  )
  expect(steady).toMatchObject({
    hours: 500,
    clicks: expect.closeTo(10),
    units: expect.closeTo(2),
    priceCents: expect.closeTo(5000),
  })
  expect(usualAfter(steady, { ...hour, units: 0, stock: 0 })).toBe(steady)
  const after = Array.from({ length: HALF_LIFE_HOURS }).reduce<typeof NO_HOURS>(
    (usual) => usualAfter(usual, { ...hour, clicks: 30 }),
    steady,
  )
  expect(after.clicks).toBeCloseTo(20, 0)
})
