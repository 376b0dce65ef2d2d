/**
 * The simulated shop as an online shop would report: clicks, purchases, and what stock and competitor are. Prices are those
 * of the catalogue. A twin shop has the same shoppers and list prices.
 */
import type { SimulatorDefinition } from '../solution.ts'
import type { Click, MarketReport, Purchase } from './generated/types.ts'
import { Shop } from './shop/shop.ts'
import { CATALOGUE, PRODUCTS } from './tables.ts'
import { TRENDS } from './trends.ts'

/** After a longer silence (a laptop that slept), the shop continues from now. */
const MAX_CATCH_UP_MS = 60_000
const REPORT_EVERY_MS = 5000

type Report = Click | Purchase | MarketReport

export const simulator: SimulatorDefinition = {
  to: {
    topicOf: (report: Report) =>
      'competitorCents' in report
        ? 'sneaker.market'
        : 'units' in report
          ? 'sneaker.purchases'
          : 'sneaker.clicks',
  },
  controls: TRENDS,
  items: CATALOGUE,
  world: ({ seed }) => {
    const shops = new ShopWithTwin(seed)
    return { next: (now, controls, items) => shops.until(now, controls, items) }
  },
}

class ShopWithTwin {
  readonly #shop: Shop
  readonly #twin: Shop
  readonly #trending = new Map<string, unknown>()
  #now = 0
  #reportAt = 0

  constructor(seed: number) {
    this.#shop = new Shop({ seed, products: PRODUCTS })
    this.#twin = new Shop({ seed, products: PRODUCTS })
  }

  until(now: number, trends?: ReadonlyMap<string, unknown>, items?: ReadonlyMap<string, any>): any[] {
    const from = now - this.#now > MAX_CATCH_UP_MS ? now - 1 : this.#now
    if (now <= from) return []
    this.#now = now
    const priceOf = (id: string): number => items?.get(id)?.priceCents ?? listPriceOf(id)
    this.#twin.step(from, now, listPriceOf)
    const reports: Report[] = this.#shop.step(from, now, priceOf).map((event) => {
      const { visitId, productId, time: eventTime, priceCents, quantity: units } = event
      const seen = { visitId, productId, eventTime, priceCents }
      return event.kind === 'purchase'
        ? { ...seen, units }
        : { ...seen, stock: this.#shop.statistics(productId).stock }
    })
    this.#startTrends(trends)
    if (now < this.#reportAt) return reports
    this.#reportAt = now + REPORT_EVERY_MS
    return [...reports, ...PRODUCTS.map(({ id }) => this.#market(id, now))]
  }

  #market(productId: string, eventTime: number): MarketReport {
    const { stock, competitorCents, nextDeliveryAt, units, revenueCents } = this.#shop.statistics(productId)
    const twin = this.#twin.statistics(productId)
    return {
      productId,
      eventTime,
      stock,
      competitorCents,
      nextDeliveryAt: nextDeliveryAt ?? null,
      sales: { units, revenueCents, fixedUnits: twin.units, fixedRevenueCents: twin.revenueCents },
    }
  }

  #startTrends(trends: ReadonlyMap<string, any> = new Map()): void {
    for (const [id, entry] of trends) {
      if (this.#trending.get(id) === entry || !PRODUCTS.some((product) => product.id === id)) continue
      const { strength, minutes } = entry
      for (const shop of [this.#shop, this.#twin]) shop.trend(id, strength, minutes * 60_000)
    }
    this.#trending.clear()
    for (const [id, entry] of trends) this.#trending.set(id, entry)
  }
}

const LIST_PRICES = new Map(PRODUCTS.map(({ id, listPriceCents }) => [id, listPriceCents]))
const listPriceOf = (id: string): number => LIST_PRICES.get(id)!
