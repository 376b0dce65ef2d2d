import { describe, expect, test } from 'vitest'

/** The page's modules are plain JavaScript, so they have no types here. */
const load = (path: string): Promise<any> => import(new URL(`page/${path}`, import.meta.url).href)
const { changesOf, productToShow, revenueOf, shopOf, windowNow } = await load('shop.js')
const { bucketOf, chartFrom, clicksLine, priceLine, usualBand } = await load('windows.js')
const { decisionsOf } = await load('decisions.js')
const { isStopped, railsOf, stopEntry } = await load('rails.js')
const { besideList, dollars, pairs, roughly, signedPercent, times } = await load('texts.js')

const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** The beginning of an hour. */
const NOW = 1_790_000_000_000 - (1_790_000_000_000 % HOUR)
const usual = { hours: 168, weight: 80, clicks: 120, units: 6, priceCents: 10_000 }
const product = (productId: string, more: object = {}) => ({
  productId,
  name: productId,
  costCents: 5000,
  listPriceCents: 10_000,
  priceCents: 10_000,
  priceChangedAt: null,
  changedBy: null,
  heldUntil: null,
  usual,
  // Of five minutes, at 120 clicks an hour.
  clicksNow: 10,
  market: null,
  demand: null,
  trend: null,
  ...more,
})
const market = (more: object = {}) => ({
  stock: 36,
  competitorCents: 9000,
  nextDeliveryAt: NOW + 8 * HOUR,
  sales: null,
  ...more,
})
const counted = { from: NOW - 5 * MINUTE, until: NOW }
const shop = (...products: object[]): any => shopOf({ products, counted }, NOW)

describe('the products', () => {
  const calm = Array.from({ length: 20 }, (_, i) => product(`calm-${i}`))

  test('that move come first, beside what the whole shop does', () => {
    const { products, pace } = shop(
      ...calm,
      product('quiet', { clicksNow: 0 }),
      product('gone', { market: market({ stock: 0 }) }),
      product('wanted', { clicksNow: 30 }),
      product('famous', { trend: { strength: 6, minutes: 30 } }),
    )
    const states = products.map(({ productId, state }: any) => [productId, state.key])
    expect(states.slice(0, 4)).toEqual([
      ['famous', 'trend'],
      ['wanted', 'rising'],
      ['quiet', 'falling'],
      ['gone', 'sold-out'],
    ])
    expect(states.slice(4).every(([, key]: string[]) => key === 'calm')).toBe(true)
    expect(pace).toBeCloseTo(250 / 240, 6)
    expect(products[1].pace).toBeCloseTo(3, 6)
  })

  test('do not move if the whole shop has twice the clicks, or a few clicks more are chance', () => {
    const busy = calm.map((one) => ({ ...one, clicksNow: 20 }))
    expect(shop(...busy).products.every(({ state }: any) => state.key === 'calm')).toBe(true)
    const rare = product('rare', { usual: { ...usual, clicks: 6 }, clicksNow: 3 })
    expect(shop(...calm, rare).products.find(({ productId }: any) => productId === 'rare').state.key).toBe(
      'calm',
    )
  })

  test('are shown before anything is counted, and without what is usual', () => {
    expect(shopOf({ products: [], counted: null }, NOW)).toEqual({ products: [], pace: null })
    const { products, pace } = shopOf(
      {
        products: [product('a', { clicksNow: 0 }), product('b', { usual: null, clicksNow: 0 })],
        counted: null,
      },
      NOW,
    )
    expect(pace).toBeNull()
    expect(products).toMatchObject([
      { productId: 'a', pace: null, coverMs: null, state: { key: 'calm' } },
      { productId: 'b', usual: null, pace: null, state: { key: 'calm' } },
    ])
  })

  test('take what is usual from the demand, and have the days that the stock lasts', () => {
    const demand = { usual: { ...usual, units: 3, clicks: 240 } }
    const [one] = shop(product('a', { demand, market: market() })).products
    expect([one.pace, one.coverMs]).toEqual([expect.closeTo(0.5, 6), 12 * HOUR])
    expect(
      shop(product('a', { market: market(), usual: { ...usual, units: 0 } })).products[0].coverMs,
    ).toBeNull()
  })

  test.each([
    [{ strength: 6, minutes: 30, startedAt: NOW - 29 * MINUTE }, NOW + MINUTE],
    [{ strength: 6, minutes: 30, startedAt: NOW - 30 * MINUTE }, undefined],
    [{ strength: 6, minutes: 30 }, null],
  ])('with the trend %j have one that ends at %s', (trend, endsAt) => {
    expect(shop(product('a', { trend })).products[0].trend?.endsAt).toBe(endsAt)
  })

  test('are held until the time is over, and beside their list price', () => {
    const [held, free] = shop(
      product('a', { heldUntil: NOW + 1, priceCents: 11_000 }),
      product('b', { heldUntil: NOW, priceCents: 9500 }),
    ).products
    expect([held.heldUntil, free.heldUntil]).toEqual([NOW + 1, null])
    expect([held.toList, free.toList]).toEqual([expect.closeTo(0.1, 9), expect.closeTo(-0.05, 9)])
  })

  test('are chosen by their id, else the first is', () => {
    const { products } = shop(product('a'), product('b'))
    expect(productToShow(products, 'b').productId).toBe('b')
    expect(productToShow(products, null)).toBe(products[0])
    expect(productToShow(products, 'c')).toBeUndefined()
    expect(productToShow([], null)).toBeUndefined()
  })
})

test('figures: revenue beside the twin, changes by whom, and the window that is counted', () => {
  const sold = (revenueCents: number, fixedRevenueCents: number) =>
    product('a', { market: market({ sales: { units: 1, revenueCents, fixedUnits: 1, fixedRevenueCents } }) })
  expect(revenueOf([product('a'), product('a', { market: market() })])).toBeNull()
  expect(revenueOf([sold(300, 200), sold(10, 20), product('a')])).toEqual({
    revenueCents: 310,
    fixedCents: 220,
  })

  const changed = (changedBy: string, ago: number) => product('a', { changedBy, priceChangedAt: NOW - ago })
  const products = [changed('model', 0), changed('model', HOUR), changed('the shop', HOUR - 1), product('a')]
  expect(changesOf(products, NOW)).toEqual({ byModel: 1, byHand: 1 })

  expect(windowNow([product('a')], NOW)).toBeNull()
  const demand = { windowMs: 10_000, usual }
  expect(windowNow([product('a'), product('b', { demand })], NOW + 3000)).toEqual({
    windowMs: 10_000,
    leftMs: 7000,
  })
})

describe('the charts', () => {
  const window = (secondsAgo: number, clicks: number, more: object = {}) => ({
    start: NOW - secondsAgo * 1000,
    windowMs: 10_000,
    clicks,
    priceCents: 9000,
    ...more,
  })

  test('have the prices that shoppers saw, each from the end of its window, and that of now', () => {
    const windows = [window(7200, 1), window(60, 1), window(40, 0, { priceCents: 0 }), window(20, 1)]
    expect(priceLine(windows, 9500, NOW)).toEqual([
      [NOW - 50_000, 90],
      [NOW - 10_000, 90],
      [NOW, 95],
    ])
    expect(priceLine([], 9500, NOW)).toEqual([[NOW, 95]])
  })

  test('have the clicks of whole minutes, and zeros where nobody clicked', () => {
    const windows = [window(240, 2), window(200, 1), window(70, 5), window(10, 9)]
    expect(clicksLine(windows, NOW - 30_000, NOW)).toEqual([
      [NOW - 240_000, 180],
      [NOW - 180_000, 0],
      [NOW - 120_000, 300],
      [NOW - 60_000, 300],
    ])
    expect(clicksLine([], NOW, NOW)).toEqual([])
    expect(clicksLine([window(5, 1)], NOW - 1, NOW)).toEqual([])
    expect([bucketOf(1000), bucketOf(100_000), bucketOf(7000)]).toEqual([60_000, 100_000, 63_000])
  })

  test('begin with the first window, but show ten minutes at least and an hour at most', () => {
    const from = (...secondsAgo: number[]) =>
      NOW -
      chartFrom(
        secondsAgo.map((ago) => window(ago, 1)),
        NOW,
      )
    expect([from(), from(7200), from(1200, 60), from(60)]).toEqual([HOUR, HOUR, 20 * MINUTE, 10 * MINUTE])
  })

  test('have the band of usual clicks, which is wide if they are few', () => {
    expect(usualBand(3600, 100_000)).toEqual({ low: 2880, high: 4320 })
    expect(usualBand(4, 60_000)).toEqual({ low: 0, high: expect.closeTo(34.98, 1) })
  })
})

describe('the decisions', () => {
  const decision = (more: object = {}) => ({
    at: NOW,
    productId: 'a',
    decision: 'change',
    fromCents: 10_000,
    toCents: 10_500,
    wantedCents: 12_000,
    rails: ['max-step'],
    confidence: 0.82,
    stock: 1200,
    modelName: 'sneaker-demand',
    modelVersion: '3',
    words: 'Raised from $100.00 to $105.00: demand is high.',
    applied: true,
    ...more,
  })

  test('are none before the first, and sentences after it', () => {
    expect(decisionsOf({})).toEqual([])
    expect(decisionsOf({ decisions: [] })).toEqual([])
    expect(decisionsOf({ decisions: [decision()] })).toMatchObject([
      {
        id: `a/${NOW}`,
        isChange: true,
        verdict: { name: 'Raised' },
        acted: ['max step'],
        facts: ['the model wanted $120.00', 'confidence 82 %', '1,200 in stock', 'sneaker-demand 3'],
      },
    ])
  })

  test('may have lowered or kept the price, without a model, and without effect', () => {
    const without = {
      wantedCents: null,
      confidence: null,
      modelName: null,
      modelVersion: null,
      rails: [],
      stock: 0,
    }
    const found = decisionsOf({
      decisions: [
        decision({ toCents: 9000, wantedCents: 9000, applied: false, modelVersion: null }),
        decision({ ...without, decision: 'keep', toCents: 10_000, applied: null }),
      ],
    })
    expect(found.map(({ verdict }: any) => verdict.name)).toEqual(['Lowered', 'Kept'])
    expect(found.map(({ facts }: any) => facts)).toEqual([
      ['not applied', 'confidence 82 %', '1,200 in stock', 'sneaker-demand'],
      ['0 in stock'],
    ])
  })
})

describe('the rails', () => {
  const all = {
    minMarginPercent: 15,
    maxMarginPercent: null,
    coolDownMinutes: 10,
    pricePoints: [95, 99],
    minConfidence: 0.6,
    frozen: false,
    stopped: false,
  }

  test('are a table of all products and one', () => {
    expect(railsOf({ all, a: { minMarginPercent: 20, frozen: true } }, 'a')).toEqual([
      ['Margin, at least', '15 %', '20 %'],
      ['Margin, at most', 'none', undefined],
      ['Between two changes', '10 min', undefined],
      ['Price points', '.95, .99', undefined],
      ['Confidence, at least', '60 %', undefined],
      ['Frozen', 'no', 'yes'],
    ])
    expect(railsOf({}, 'a')).toEqual([])
    expect(railsOf({ all: { frozen: false } }, 'constructor')).toEqual([['Frozen', 'no', undefined]])
  })

  test('have a switch that changes nothing else', () => {
    expect(stopEntry({ all }, true)).toEqual({ ...all, stopped: true })
    expect(stopEntry({}, true)).toEqual({ stopped: true })
    expect([isStopped({}), isStopped({ all }), isStopped({ all: { ...all, stopped: true } })]).toEqual([
      false,
      false,
      true,
    ])
  })
})

test('prices, shares and times are told as people write them', () => {
  expect([dollars(12_345), dollars(-500)]).toEqual(['$123.45', '−$5.00'])
  expect([signedPercent(0.051), signedPercent(-0.034), signedPercent(-0.001)]).toEqual([
    '+5 %',
    '−3 %',
    '0 %',
  ])
  expect([besideList(0.05), besideList(-0.1), besideList(0)]).toEqual([
    { sign: '▲', percent: '5 %', words: '5 % above list price' },
    { sign: '▼', percent: '10 %', words: '10 % below list price' },
    { sign: '', percent: '', words: 'at list price' },
  ])
  expect([pairs(0), pairs(1), pairs(1200)]).toEqual(['0 pairs', '1 pair', '1,200 pairs'])
  expect([times(null), times(1.26), times(12.3)]).toEqual(['–', '1.3×', '12×'])
  expect([roughly(200 * 24 * HOUR), roughly(41 * HOUR), roughly(5 * HOUR), roughly(61_000)]).toEqual([
    'more than 100 days',
    '1.7 days',
    '5 hours',
    '1 min 1 s',
  ])
})
