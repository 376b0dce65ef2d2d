/**
 * The simulated shop as an online shop would report: clicks, purchases, and what stock and competitor are. Prices are those
 * of the catalogue. A twin shop has the same shoppers and list prices.
 */
import type { SimulatorDefinition } from '../simulation.ts'
import type { Click, MarketReport, Purchase } from './generated/types.ts'
import { Shop } from './shop/shop.ts'
import { CATALOGUE, PRODUCTS } from './tables.ts'
import { TRENDS, type TrendEntry } from './trends.ts'

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
  readonly #trending = new Map<string, string>()
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
    this.#followTrends(now, trends)
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

  /** Starts the trends that are new, and ends those that were taken away. Entries are compared by their values. */
  #followTrends(now: number, entries: ReadonlyMap<string, unknown> = new Map()): void {
    const shops = [this.#shop, this.#twin]
    for (const id of this.#trending.keys()) {
      if (entries.has(id)) continue
      this.#trending.delete(id)
      for (const shop of shops) shop.endTrend(id)
    }
    for (const [id, entry] of entries) {
      const text = JSON.stringify(entry)
      if (this.#trending.get(id) === text || !PRODUCTS.some((product) => product.id === id)) continue
      this.#trending.set(id, text)
      const { strength, minutes, startedAt = now } = entry as TrendEntry
      const durationMs = minutes * 60_000
      if (startedAt + durationMs > now) for (const shop of shops) shop.trend(id, strength, durationMs)
    }
  }
}

const LIST_PRICES = new Map(PRODUCTS.map(({ id, listPriceCents }) => [id, listPriceCents]))
const listPriceOf = (id: string): number => LIST_PRICES.get(id)!
