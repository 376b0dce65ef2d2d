import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { randomFrom } from '../../random.ts'
import { FEATURES, type FeatureName } from '../features.ts'
import {
  type CatalogueProduct,
  type ProductCounts,
  type Question,
  questionOf,
  type Situation,
} from './candidates.ts'
import { decide, MODEL_ERROR, type Prediction } from './decide.ts'
import { expectedSales, outlookOf } from './outlook.ts'
import { DEFAULT_RAILS, type Rails } from './rails.ts'
import { inWords } from './words.ts'

/** Monday, noon. */
const NOW = Date.UTC(2026, 0, 12, 12)
const HOUR_MS = 3_600_000

interface Changes {
  readonly product?: Partial<CatalogueProduct>
  readonly counts?: Partial<ProductCounts>
  readonly rails?: Partial<Rails>
  readonly changesLastHour?: number
}

const situationOf = ({ product, counts, rails, changesLastHour = 0 }: Changes = {}): Situation => ({
  product: {
    productId: 'sneaker-001',
    listPriceCents: 11_995,
    costCents: 6000,
    priceCents: 11_995,
    competitorCents: 12_500,
    stock: 168,
    nextDeliveryAt: NOW + 84 * HOUR_MS,
    priceChangedAt: NOW - 24 * HOUR_MS,
    heldUntil: 0,
    ...product,
  },
  counts: {
    at: NOW,
    clicks: 40,
    quarterClicks: 10,
    units: 2,
    usual: { hours: 100, weight: 60, clicks: 40, units: 2, priceCents: 11_995 },
    ...counts,
  },
  rails: { ...DEFAULT_RAILS, ...rails },
  changesLastHour,
})

const feature = (row: readonly number[], name: FeatureName): number =>
  row[FEATURES.findIndex((one) => one.name === name)]

/** A model whose demand has this elasticity, and follows the clicks. */
const answer = ({ rows }: Question, elasticity = 1.5): Prediction => ({
  modelName: 'demand',
  modelVersion: 'v1',
  units: rows.map((row) => 2 * feature(row, 'clicks_trend') * feature(row, 'price_to_usual') ** -elasticity),
})

function decided(changes: Changes = {}, elasticity?: number) {
  const situation = situationOf(changes)
  const question = questionOf(situation)
  if (typeof question === 'string') throw new Error(question)
  return decide(situation, question, answer(question, elasticity))
}

test('candidates are price points that the model and the margins know, the present price, and one step', () => {
  const question = questionOf(situationOf({ product: { priceCents: 11_990 } })) as Question
  const { prices, rows } = question
  expect(prices.length).toBeGreaterThan(20)
  expect(prices.length).toBeLessThanOrEqual(27)
  expect(prices).toEqual([...new Set(prices)].sort((a, b) => a - b))
  expect(prices.filter((cents) => cents % 100 !== 95)).toEqual([11_990])
  expect(prices).toEqual(expect.arrayContaining([11_395, 12_495]))
  // From 75 % to 135 % of the list price.
  expect([prices[0], prices.at(-1)]).toEqual([9095, 15_895])
  expect(rows.length).toBe(prices.length + 2)
  const OF_PRICE = ['price_to_list', 'price_to_usual', 'price_to_competitor']
  for (const row of rows.slice(1, prices.length))
    for (const [i, { name }] of FEATURES.entries())
      if (OF_PRICE.includes(name)) expect(row[i]).toBeGreaterThan(rows[0][i])
      else expect(row[i]).toBe(rows[0][i])
})

test('a question has the usual demand at the usual price, with the trend and without it', () => {
  const { rows } = questionOf(
    situationOf({ counts: { clicks: 90, quarterClicks: 30, units: 5 } }),
  ) as Question
  const [now, usually] = rows.slice(-2)
  expect([feature(now, 'price_to_usual'), feature(now, 'clicks_trend')]).toEqual([1, 2.25])
  expect(Object.fromEntries(usually.map((value, i) => [FEATURES[i].name, value]))).toMatchObject({
    price_to_usual: 1,
    clicks_hour: 40,
    units_hour: 2,
    clicks_trend: 1,
    clicks_quarter_trend: 1,
  })
})

test('a stock that will not last raises the price, one step at a time', () => {
  const raised = decided({ product: { stock: 41 } })
  expect(raised).toMatchObject({
    decision: 'change',
    reasonCode: 'better-price',
    fromCents: 11_995,
    toCents: 12_495,
    rails: ['step', 'price-points'],
    modelName: 'demand',
    modelVersion: 'v1',
    priceChangedAt: NOW - 24 * HOUR_MS,
    outlookFrom: { priceCents: 11_995, demand: expect.closeTo(168) },
    outlookTo: { priceCents: 12_495 },
    features: { price_to_list: 12_495 / 11_995, clicks_hour: 40 },
  })
  expect(raised.wantedCents).toBeGreaterThan(14_000)
  expect(raised.outlookTo!.revenueCents).toBeGreaterThan(raised.outlookFrom!.revenueCents)
  expect(raised.outlookFrom!.units).toBeLessThanOrEqual(41)
  expect(raised.confidence).toBeGreaterThan(0.9)
  expect(inWords(raised)).toBe(
    'Raised from $119.95 to $124.95: 41 pairs would be gone in 21 hours at the old price. ' +
      'The largest step held it back.',
  )
})

test('a stock that will be left lowers it, if shoppers look at prices', () => {
  const lowered = decided({ product: { stock: 900 } })
  expect(lowered).toMatchObject({ decision: 'change', toCents: 11_495 })
  expect(inWords(lowered)).toBe(
    'Lowered from $119.95 to $114.95: 732 pairs of 900 would be left in 84 hours at the old price. ' +
      'The largest step held it back.',
  )
  const raised = decided({ product: { stock: 900 } }, 0.5)
  expect(raised).toMatchObject({ decision: 'change', toCents: 12_495 })
  expect(inWords(raised)).toContain('it promises $')
})

test('a trend raises the price', () => {
  const trending = decided({ product: { stock: 160 }, counts: { clicks: 92, quarterClicks: 23, units: 5 } })
  expect(trending).toMatchObject({ decision: 'change', trend: expect.closeTo(2.3), horizonHours: 84 })
  expect(trending.toCents).toBeGreaterThan(11_995)
  expect(inWords(trending)).toMatch(/^Raised .*: demand is 2\.3 times the usual/)
})

test('demand until the delivery counts, and half a week if that is not known', () => {
  expect(decided({ product: { stock: 41, nextDeliveryAt: NOW + 10 * HOUR_MS } }).toCents).toBeLessThan(11_995)
  for (const nextDeliveryAt of [null, NOW - HOUR_MS])
    expect(decided({ product: { stock: 41, nextDeliveryAt } })).toEqual(decided({ product: { stock: 41 } }))
})

test('without a better price the present one is kept', () => {
  const best = decided({ product: { stock: 900, priceCents: 9095 } }, 1.5)
  expect(best).toMatchObject({ decision: 'keep', reasonCode: 'best-price', wantedCents: 9095, rails: [] })
  expect(inWords(best)).toBe('Kept at $90.95: no other price promises more revenue.')
})

test.each<[string, Changes, string]>([
  ['stopped', { rails: { stopped: true } }, 'All changes are stopped.'],
  ['frozen', { rails: { frozen: true } }, 'The product is frozen.'],
  ['cool-down', { product: { priceChangedAt: NOW - 60_000 } }, 'The price was changed too recently.'],
  ['changes-per-hour', { changesLastHour: 1000 }, 'The shop has had all the changes that an hour may have.'],
  ['confidence', { rails: { minConfidence: 1 } }, 'The gain is too uncertain.'],
])('a change that a rail refuses is a decision too: %s', (rail, changes, words) => {
  const kept = decided({ ...changes, product: { stock: 41, ...changes.product } })
  expect(kept).toMatchObject({ decision: 'keep', reasonCode: 'rails', toCents: 11_995 })
  expect(kept.rails).toContain(rail)
  expect(kept.outlookTo!.priceCents).toBe(12_495)
  expect(inWords(kept)).toMatch(/^Kept at \$119\.95, though \$\d+\.95 would promise more revenue\. /)
  expect(inWords(kept)).toContain(words)
})

test.each<[string, (units: number[]) => number[]]>([
  ['no numbers', () => []],
  ['too few', (units) => units.slice(1)],
  ['too many', (units) => [...units, 1]],
  ['NaN', (units) => units.with(3, Number.NaN)],
  ['Infinity', (units) => units.with(3, Infinity)],
  ['a negative one', (units) => units.with(-1, -0.1)],
  ['something else', (units) => units.with(0, 'much' as never)],
])('an answer with %s keeps the price', (_, spoil) => {
  const situation = situationOf({ product: { stock: 41 } })
  const question = questionOf(situation) as Question
  const prediction = { ...answer(question), units: spoil([...answer(question).units]) }
  const kept = decide(situation, question, prediction)
  expect(kept).toMatchObject({
    decision: 'keep',
    reasonCode: 'bad-prediction',
    toCents: 11_995,
    modelVersion: 'v1',
  })
  expect(inWords(kept)).toBe("Kept at $119.95: the model's answer could not be used.")
})

test('predictions of 0 are an answer', () => {
  const situation = situationOf()
  const question = questionOf(situation) as Question
  const nothing = { ...answer(question), units: question.rows.map(() => 0) }
  expect(decide(situation, question, nothing)).toMatchObject({ decision: 'keep', reasonCode: 'best-price' })
})

test('a model that does not answer keeps the price, and so do products of which it cannot know', () => {
  const situation = situationOf()
  const silent = decide(situation, questionOf(situation), null)
  expect(silent).toMatchObject({
    reasonCode: 'no-prediction',
    features: { price_to_list: 1 },
    modelName: null,
  })
  expect(inWords(silent)).toBe('Kept at $119.95: the model did not answer in time.')
  const soldOut = situationOf({ product: { stock: 0 } })
  expect(decide(soldOut, questionOf(soldOut), null)).toMatchObject({ reasonCode: 'sold-out', features: {} })
  const fresh = situationOf({ counts: { usual: { ...situation.counts.usual, hours: 3 } } })
  expect(inWords(decide(fresh, questionOf(fresh), null))).toBe(
    'Kept at $119.95: less than a day of sales is known.',
  )
})

test.each<[string, Changes]>([
  ['costCents', { product: { costCents: 0 } }],
  ['priceCents', { product: { priceCents: 1.5 } }],
  ['stock', { product: { stock: -1 } }],
  ['clicks', { counts: { clicks: Number.NaN } }],
])('a %s that cannot be is refused', (name, changes) => {
  expect(() => questionOf(situationOf(changes))).toThrow(name)
})

test('whatever the product and the model: the price is a candidate within the step and the margins', () => {
  const random = randomFrom(2)
  const cases = inject('thorough') ? 1000 : 250
  let changes = 0
  for (let i = 0; i < cases; i++) {
    const listPriceCents = 1000 + Math.floor(random() * 30_000)
    const situation = situationOf({
      product: {
        listPriceCents,
        costCents: Math.ceil(listPriceCents * random()),
        priceCents: Math.ceil(listPriceCents * (0.3 + random() * 2)),
        stock: 1 + Math.floor(random() * 1000),
        nextDeliveryAt: NOW + Math.ceil(random() * 200 * HOUR_MS),
      },
      rails: {
        maxStepPercent: random() * 30,
        pricePoints: random() < 0.3 ? [] : [Math.floor(random() * 100)],
        maxMarginPercent: random() * 300,
      },
    })
    const question = questionOf(situation)
    if (typeof question === 'string') throw new Error(question)
    const units = question.rows.map(() => random() * 5)
    const { fromCents, toCents, decision } = decide(situation, question, { ...answer(question), units })
    expect(question.prices).toContain(toCents)
    expect(decision === 'change').toBe(toCents !== fromCents)
    if (decision === 'keep') continue
    changes++
    expect(Math.abs(toCents - fromCents)).toBeLessThanOrEqual(
      (fromCents * situation.rails.maxStepPercent) / 100,
    )
  }
  expect(changes).toBeGreaterThan(cases / 5)
})

test('expected sales are at most the stock and the demand, and rise with both', () => {
  expect(expectedSales(0, 10)).toBe(0)
  expect(expectedSales(5, 1000)).toBeCloseTo(5, 3)
  expect(expectedSales(1000, 5)).toBeCloseTo(5, 3)
  expect(expectedSales(100, 100)).toBeGreaterThan(90)
  expect(expectedSales(100, 100)).toBeLessThan(96)
  for (let demand = 1; demand < 300; demand += 7)
    expect(expectedSales(demand + 7, 100)).toBeGreaterThanOrEqual(expectedSales(demand, 100))
  const horizon = { hours: 10, trend: 1, demandAtUsualPrice: 20 }
  expect(outlookOf(1000, 1, 2, 100, horizon)).toMatchObject({
    demand: 10,
    revenueCents: expect.closeTo(10_000, -1),
  })
})

test("the model's error is that of its report", () => {
  const report = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../../ml/models/sneaker-demand/1/report.json'), 'utf8'),
  )
  const { metrics, calibration } = report as {
    metrics: Record<'model' | 'chance', { poissonDeviance: number }>
    calibration: { rows: number; sold: number }[]
  }
  const rows = calibration.reduce((sum, group) => sum + group.rows, 0)
  const sold = calibration.reduce((sum, group) => sum + group.rows * group.sold, 0) / rows
  const beyondChance = metrics.model.poissonDeviance - metrics.chance.poissonDeviance
  expect(Math.sqrt(beyondChance / sold)).toBeCloseTo(MODEL_ERROR, 2)
})
