import { expect, test } from 'vitest'
import { catalogue, type Product } from './products.ts'
import { Shop, type ShopEvent } from './shop.ts'
import { shareOfBuyers } from './shoppers.ts'

/** A Monday. */
const START_MS = Date.UTC(2026, 0, 5)
const HOUR_MS = 3_600_000
const products = catalogue(7, 10)
const listPriceOf = (products: readonly Product[]): ((id: string) => number) => {
  const prices = new Map(products.map(({ id, listPriceCents }) => [id, listPriceCents]))
  return (id) => prices.get(id)!
}
const listPrice = listPriceOf(products)
const open = (seed = 7): Shop => new Shop({ seed, products })
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

type Prices = (id: string, shop: Shop) => number

/** Runs a shop for hours, with new prices every hour. */
function run(hours: number, prices: Prices, shop = open()): ShopEvent[] {
  return Array.from({ length: hours }, (_, hour) => {
    const start = START_MS + hour * HOUR_MS
    const ofHour = new Map(products.map(({ id }) => [id, prices(id, shop)]))
    return shop.step(start, start + HOUR_MS, (id) => ofHour.get(id)!)
  }).flat()
}

test('a seed always gives the same events, and another seed others', () => {
  const events = run(24, listPrice)
  expect(events.length).toBeGreaterThan(3000)
  expect(run(24, listPrice)).toEqual(events)
  expect(run(24, listPrice, open(8))).not.toEqual(events)
})

test('the length of the steps makes no difference', () => {
  const shop = open()
  const events = []
  for (let from = START_MS; from < START_MS + HOUR_MS; ) {
    const to = Math.min(START_MS + HOUR_MS, from + 1 + ((from * 7919) % 60_000))
    events.push(...shop.step(from, to, listPrice))
    from = to
  }
  expect(events).toEqual(run(1, listPrice))
})

test('events have ids of their own, are in order, and a purchase follows its click at the price seen', () => {
  const events = run(24, listPrice)
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length)
  expect(events.map(({ time }) => time)).toEqual(events.map(({ time }) => time).sort((a, b) => a - b))
  const clicks = new Map(events.filter(({ kind }) => kind === 'click').map((event) => [event.visitId, event]))
  const purchases = events.filter(({ kind }) => kind === 'purchase')
  expect(purchases.length).toBeGreaterThan(150)
  for (const { visitId, productId, time, priceCents, quantity } of purchases) {
    const click = clicks.get(visitId)!
    expect(click).toMatchObject({ productId, priceCents, quantity: 0 })
    expect(time - click.time).toBeGreaterThan(0)
    expect([1, 2]).toContain(quantity)
  }
})

test('shops with other prices have the same visits, and at a lower price the same shoppers buy and more', () => {
  // Shops that are never sold out.
  const stocked = products.map((product) => ({ ...product, fullStock: 1e6 }))
  const [dear, cheap] = [1.1, 0.9].map((factor) =>
    run(48, (id) => Math.round(listPrice(id) * factor), new Shop({ seed: 7, products: stocked })),
  )
  const clicksOf = (events: readonly ShopEvent[]): string[] =>
    events.filter(({ kind }) => kind === 'click').map(({ id, time }) => `${id} ${time}`)
  const buyers = (events: readonly ShopEvent[]): string[] =>
    events.filter(({ kind }) => kind === 'purchase').map(({ visitId }) => visitId)
  expect(clicksOf(cheap)).toEqual(clicksOf(dear))
  expect(new Set(buyers(cheap)).isSupersetOf(new Set(buyers(dear)))).toBe(true)
  expect(buyers(cheap).length).toBeGreaterThan(buyers(dear).length * 1.1)
})

test('the statistics are the sums of the events, and no pair is sold that was not in stock', () => {
  const shop = open()
  // A step without shoppers, but with the first stock.
  shop.step(START_MS - 1, START_MS, listPrice)
  const before = new Map(products.map(({ id }) => [id, shop.statistics(id).stock]))
  const events = run(24 * 6, listPrice, shop)
  const soldOut = products.filter(({ id, fullStock }) => {
    const { clicks, units, revenueCents, stock } = shop.statistics(id)
    const own = events.filter(({ productId }) => productId === id)
    const sold = sum(own.map(({ quantity }) => quantity))
    expect(clicks).toBe(own.filter(({ kind }) => kind === 'click').length)
    expect(units).toBe(sold)
    expect(revenueCents).toBe(sum(own.map(({ quantity, priceCents }) => quantity * priceCents)))
    expect(units).toBeLessThanOrEqual(before.get(id)! + fullStock)
    expect(Number.isSafeInteger(revenueCents) && stock >= 0).toBe(true)
    return stock === 0
  })
  expect(soldOut.length).toBeGreaterThan(0)
})

test('a product without stock has clicks and no purchases until its delivery', () => {
  const one: Product = { ...products[0], fullStock: 1 }
  const shop = new Shop({ seed: 3, products: [one] })
  const events = run(24 * 14, listPrice, shop).filter(({ productId }) => productId === one.id)
  expect(events.filter(({ kind }) => kind === 'purchase').length).toBe(3)
  expect(events.length).toBeGreaterThan(1000)
})

test('there are more visits in the evening than at night, and more at the weekend', () => {
  const events = run(24 * 7, listPrice)
  const visits = (days: readonly number[], from: number, to: number): number =>
    events.filter(({ time, kind }) => {
      const date = new Date(time)
      return (
        kind === 'click' &&
        days.includes(date.getUTCDay()) &&
        date.getUTCHours() >= from &&
        date.getUTCHours() < to
      )
    }).length
  expect(visits([1, 2, 3, 4, 5], 18, 21)).toBeGreaterThan(visits([1, 2, 3, 4, 5], 2, 5) * 5)
  expect(visits([6, 0], 0, 24) / 2).toBeGreaterThan((visits([1, 2, 3, 4, 5], 0, 24) / 5) * 1.2)
})

test('a trend brings many times the visits, fades, and changes no other product', () => {
  const [wanted, ...others] = products.map(({ id }) => id)
  const counts = (strength?: number) => {
    const shop = open()
    run(12, listPrice, shop)
    if (strength) shop.trend(wanted, strength, 6 * HOUR_MS)
    return Array.from({ length: 8 }, (_, hour) => {
      const start = START_MS + (12 + hour) * HOUR_MS
      const clicks = shop.step(start, start + HOUR_MS, listPrice).filter(({ kind }) => kind === 'click')
      return { wanted: clicks.filter(({ productId }) => productId === wanted).length, others: clicks.length }
    })
  }
  const [usual, trending] = [counts(), counts(8)]
  expect(trending[0].wanted).toBeGreaterThan(usual[0].wanted * 5)
  expect(trending[4].wanted).toBeLessThan(trending[0].wanted)
  expect(trending.map(({ wanted, others }) => others - wanted)).toEqual(
    usual.map(({ wanted, others }) => others - wanted),
  )
  expect(sum(trending.slice(6).map(({ wanted }) => wanted))).toBeLessThan(usual[6].wanted * 4)
  expect(others.length).toBe(9)
})

test("competitors' prices move, whatever the shop's prices are", () => {
  const histories = [0.8, 1.2].map((factor) => {
    const moves: number[] = []
    run(72, (id, shop) => {
      moves.push(shop.statistics(id).competitorCents)
      return Math.round(listPrice(id) * factor)
    })
    return moves
  })
  expect(histories[0]).toEqual(histories[1])
  expect(new Set(histories[0]).size).toBeGreaterThan(products.length * 2)
})

test('there is something to gain: who knows the demand earns clearly more than fixed prices do', () => {
  const products = catalogue(7)
  const revenue = (priceOf: (product: Product, shop: Shop) => number): number => {
    const shop = new Shop({ seed: 7, products })
    const everyMs = 6 * HOUR_MS
    for (let start = START_MS; start < START_MS + 120 * HOUR_MS; start += everyMs) {
      shop.step(start, start + 1, listPriceOf(products))
      const prices = new Map(products.map((product) => [product.id, priceOf(product, shop)]))
      shop.step(start + 1, start + everyMs, (id) => prices.get(id)!)
    }
    return sum(products.map(({ id }) => shop.statistics(id).revenueCents))
  }
  const gain = revenue(bestPrice) / revenue(({ listPriceCents }) => listPriceCents) - 1
  expect(gain).toBeGreaterThan(0.05)
})

/** Returns the price with the highest revenue that the stock allows until the next delivery, half a week away. */
function bestPrice({ id, listPriceCents, costCents, appeal }: Product, shop: Shop): number {
  const { stock } = shop.statistics(id)
  const visits = appeal.visitsPerHour * 84
  const market = shop.market(id)
  const revenue = (cents: number): number => cents * Math.min(stock, visits * shareOfBuyers(cents, market))
  return Array.from({ length: 14 }, (_, step) => Math.round(listPriceCents * (0.75 + step * 0.05)))
    .filter((cents) => cents > costCents * 1.1)
    .reduce((best, cents) => (revenue(cents) > revenue(best) ? cents : best), listPriceCents)
}

const wanted = (appeal: Product['appeal']): Product => ({ ...products[0], appeal })

test.each<[string, () => unknown]>([
  ['from 1 to 1000 products', () => catalogue(1, 0)],
  ['from 1 to 1000 products', () => catalogue(1, 1e6)],
  ['the same id', () => new Shop({ seed: 1, products: [products[0], products[0]] })],
  ['fullStock of sneaker-001', () => new Shop({ seed: 1, products: [{ ...products[0], fullStock: -1 }] })],
  ['visits per hour', () => new Shop({ seed: 1, products: [wanted({ visitsPerHour: 1e9, worth: 1 })] })],
  ['The worth of', () => new Shop({ seed: 1, products: [wanted({ visitsPerHour: 1, worth: Number.NaN })] })],
  ['The seed is', () => open(Number.NaN)],
  ['whole milliseconds', () => open().step(0.5, 10, listPrice)],
  ['whole milliseconds', () => open().step(-5, 10, listPrice)],
  ['from 1 to 86400000 ms', () => open().step(10, 10, listPrice)],
  ['from 1 to 86400000 ms', () => open().step(0, 1e12, listPrice)],
  ['above 0', () => open().step(START_MS, START_MS + HOUR_MS, () => 0)],
  ['whole number of cents', () => open().step(START_MS, START_MS + HOUR_MS, () => Number.NaN)],
  ['no product', () => open().statistics('__proto__')],
  ['there was none', () => open().trend(products[0].id, 3, HOUR_MS)],
])('what cannot be is refused: %s', (message, act) => {
  expect(act).toThrow(message)
})

test.each([
  ['strength', 1, HOUR_MS],
  ['strength', Infinity, HOUR_MS],
  ['lasts', 3, 0],
  ['lasts', 3, 1e12],
])('a trend out of bounds is refused by its %s: %d, %d ms', (message, strength, ms) => {
  const shop = open()
  shop.step(START_MS, START_MS + 1, listPrice)
  expect(() => shop.trend(products[0].id, strength, ms)).toThrow(message)
})

test('steps go forward; a time that is left out has no visits', () => {
  const shop = open()
  run(1, listPrice, shop)
  expect(() => shop.step(START_MS, START_MS + HOUR_MS, listPrice)).toThrow('the end of the last one')
  const later = START_MS + 24 * HOUR_MS
  const clicks = shop.step(later, later + HOUR_MS, listPrice).filter(({ kind }) => kind === 'click')
  expect(clicks.length).toBeGreaterThan(0)
  expect(clicks.every(({ time }) => time >= later)).toBe(true)
})
