/**
 * A simulated shop for sneakers: shoppers look at products and buy some of them. Deterministic for a seed. All random
 * draws are made before prices are looked at, so two shops with the same seed and the same trends differ only by their
 * prices.
 */
import { seedOf } from './draws.ts'
import { ProductMarket } from './market.ts'
import { checkProducts, type Product } from './products.ts'
import { rhythmAt } from './rhythm.ts'
import { type Market, purchaseChance } from './shoppers.ts'
import { Stock } from './stock.ts'
import { Trend } from './trend.ts'
import { type Visit, Visits } from './visits.ts'

export interface ShopEvent {
  readonly id: string
  /** The click and the purchase of a visit have the same one. */
  readonly visitId: string
  readonly kind: 'click' | 'purchase'
  readonly productId: string
  /** Ms since the epoch. */
  readonly time: number
  /** The price that the shopper sees; one who buys pays it. */
  readonly priceCents: number
  /** Pairs: 0 for a click. */
  readonly quantity: 0 | 1 | 2
}

export interface ProductStatistics {
  readonly clicks: number
  readonly units: number
  readonly revenueCents: number
  /** Pairs that are left, without those in carts. */
  readonly stock: number
  /** The next delivery, ms since the epoch; undefined until the first step. */
  readonly nextDeliveryAt: number | undefined
  readonly competitorCents: number
}

/** Within a slot the expected number of visits per hour is constant. A trend begins with the next slot. */
const SLOT_MS = 10_000
const HOUR_MS = 3_600_000
export const MAX_STEP_MS = 86_400_000

interface Shelf {
  readonly product: Product
  readonly market: ProductMarket
  readonly visits: Visits
  readonly stock: Stock
  clicks: number
  units: number
  revenueCents: number
}

export class Shop {
  readonly #shelves: readonly Shelf[]
  readonly #byId: ReadonlyMap<string, Shelf>
  /** Visits of the current slot after the end of the last step, oldest first. */
  #visits: { readonly shelf: Shelf; readonly visit: Visit }[] = []
  /** Purchases that will be made. Their pairs are reserved. */
  #carts: { readonly shelf: Shelf; readonly purchase: ShopEvent }[] = []
  #slot = -1
  #now = -1

  constructor({ seed, products }: { readonly seed: number; readonly products: readonly Product[] }) {
    checkProducts(products)
    this.#shelves = products.map((product, index) => ({
      product,
      market: new ProductMarket(product, seedOf(seed, index, 0)),
      visits: new Visits(seedOf(seed, index, 1)),
      stock: new Stock(product, seedOf(seed, index, 2)),
      clicks: 0,
      units: 0,
      revenueCents: 0,
    }))
    this.#byId = new Map(this.#shelves.map((shelf) => [shelf.product.id, shelf]))
  }

  /**
   * Returns the clicks and purchases from `fromMs` until before `toMs`, oldest first. Events do not depend on the
   * length of the steps. If time is left out between two steps, it has no visits. Purchases of earlier clicks
   * that were due in it come with the next step.
   * @param priceOf returns the price in cents of a product during this step
   */
  step(fromMs: number, toMs: number, priceOf: (productId: string) => number): ShopEvent[] {
    this.#begin(fromMs, toMs)
    const events: ShopEvent[] = []
    const last = Math.floor((toMs - 1) / SLOT_MS)
    for (let slot = Math.floor(fromMs / SLOT_MS); slot <= last; slot++) {
      if (slot > this.#slot) this.#open(slot)
      const later = this.#visits.findIndex(({ visit }) => visit.timeMs >= toMs)
      const due = this.#visits.splice(0, later < 0 ? this.#visits.length : later)
      for (const { shelf, visit } of due)
        if (visit.timeMs >= fromMs) events.push(this.#click(shelf, visit, priceOf(shelf.product.id)))
    }
    this.#now = toMs
    return [...events, ...this.#buy(toMs)].sort((a, b) => a.time - b.time || (a.id < b.id ? -1 : 1))
  }

  /**
   * Starts a trend at the end of the last step.
   * @param strength visits at the peak, relative to those without the trend; at most 10
   */
  trend(productId: string, strength: number, ms: number): void {
    if (this.#now < 0) throw new RangeError('A trend begins at the end of a step, and there was none.')
    this.#shelf(productId).market.start(new Trend(strength, this.#now, ms))
  }

  /** Ends the product's trend, if it has one. */
  endTrend(productId: string): void {
    this.#shelf(productId).market.endTrend()
  }

  statistics(productId: string): ProductStatistics {
    const { clicks, units, revenueCents, stock, market } = this.#shelf(productId)
    return {
      clicks,
      units,
      revenueCents,
      stock: stock.pairs,
      nextDeliveryAt: stock.nextMs,
      competitorCents: market.competitorCents,
    }
  }

  /**
   * Returns the worth and the competitor's price, with which shoppers compare a price. A real shop does not know the
   * worth.
   */
  market(productId: string): Market {
    return this.#shelf(productId).market.at(Math.max(0, this.#now))
  }

  #begin(fromMs: number, toMs: number): void {
    if (!Number.isSafeInteger(fromMs) || !Number.isSafeInteger(toMs) || fromMs < 0)
      throw new RangeError(`A step from ${fromMs} to ${toMs}: times are whole milliseconds since the epoch.`)
    if (fromMs < this.#now)
      throw new RangeError(`A step from ${fromMs} begins before ${this.#now}, the end of the last one.`)
    if (toMs <= fromMs || toMs - fromMs > MAX_STEP_MS)
      throw new RangeError(`A step of ${toMs - fromMs} ms; it must have from 1 to ${MAX_STEP_MS} ms.`)
  }

  /** Moves the world into a slot, and draws its visits. */
  #open(slot: number): void {
    const startMs = slot * SLOT_MS
    const isNewHour = Math.floor(startMs / HOUR_MS) !== Math.floor((this.#slot * SLOT_MS) / HOUR_MS)
    const rhythm = rhythmAt(startMs)
    this.#slot = slot
    this.#visits = []
    for (const shelf of this.#shelves) {
      if (isNewHour) shelf.market.hour(startMs)
      shelf.stock.deliver(startMs)
      const perHour = shelf.market.visitsPerHour(startMs) * rhythm
      for (const visit of shelf.visits.between(startMs, startMs + SLOT_MS, perHour))
        this.#visits.push({ shelf, visit })
    }
    this.#visits.sort((a, b) => a.visit.timeMs - b.visit.timeMs)
  }

  #click(shelf: Shelf, visit: Visit, priceCents: number): ShopEvent {
    const { product, stock, market } = shelf
    const { timeMs, number, segment, resistance, quantity, hesitationMs } = visit
    if (!Number.isSafeInteger(priceCents) || priceCents <= 0)
      throw new RangeError(
        `The price of ${product.id} is ${priceCents}; it must be a whole number of cents above 0.`,
      )
    shelf.clicks++
    const visitId = `${product.id}-${timeMs.toString(36)}-${number}`
    const click = { visitId, productId: product.id, priceCents }
    if (resistance < purchaseChance(segment, priceCents, market.at(timeMs))) {
      const taken = stock.take(quantity)
      const purchase = {
        ...click,
        id: `${visitId}-purchase`,
        kind: 'purchase',
        time: timeMs + hesitationMs,
      } as const
      if (taken > 0) this.#carts.push({ shelf, purchase: { ...purchase, quantity: taken } })
    }
    return { ...click, id: `${visitId}-click`, kind: 'click', time: timeMs, quantity: 0 }
  }

  /** Makes the purchases that are due. */
  #buy(toMs: number): ShopEvent[] {
    const due = this.#carts.filter(({ purchase }) => purchase.time < toMs)
    if (due.length > 0) this.#carts = this.#carts.filter(({ purchase }) => purchase.time >= toMs)
    for (const { shelf, purchase } of due) {
      shelf.units += purchase.quantity
      shelf.revenueCents += purchase.quantity * purchase.priceCents
    }
    return due.map(({ purchase }) => purchase)
  }

  #shelf(productId: string): Shelf {
    const shelf = this.#byId.get(productId)
    if (shelf === undefined) throw new RangeError(`There is no product ${productId}.`)
    return shelf
  }
}
