/** What a shop counts of a product by the hour: the aggregates from which its price for the next hour is chosen. */
import { MIN_USUAL_HOURS, type ProductAggregates } from '../features.ts'
import { NO_HOURS, type UsualHour, usualAfter } from '../usual.ts'
import type { Product } from './products.ts'
import type { Shop, ShopEvent } from './shop.ts'

const QUARTER_MS = 900_000
const QUARTERS = 4

export class Tally {
  readonly product: Product
  /** The price of the hour. */
  priceCents: number
  /** Both in the last hour. */
  clicks = 0
  units = 0
  #quarterClicks = 0
  #usual: UsualHour = NO_HOURS

  constructor(product: Product) {
    this.product = product
    this.priceCents = product.listPriceCents
  }

  /** Returns the aggregates at the beginning of an hour; undefined if the product is new or sold out. */
  aggregates(at: number, shop: Shop): ProductAggregates | undefined {
    const { product, priceCents, clicks, units } = this
    const { stock, competitorCents } = shop.statistics(product.id)
    if (stock === 0 || this.#usual.hours < MIN_USUAL_HOURS) return undefined
    const counted = { clicks, quarterClicks: this.#quarterClicks, units, usual: this.#usual }
    return { at, priceCents, listPriceCents: product.listPriceCents, competitorCents, stock, ...counted }
  }

  beginHour(): void {
    this.clicks = this.units = 0
  }

  beginQuarter(): void {
    this.#quarterClicks = 0
  }

  count({ kind, quantity }: ShopEvent): void {
    if (kind === 'click') {
      this.clicks++
      this.#quarterClicks++
    } else this.units += quantity
  }

  /** @param stock pairs at the end of the hour */
  endHour(stock: number): void {
    const { clicks, units, priceCents } = this
    this.#usual = usualAfter(this.#usual, { clicks, units, priceCents, stock })
  }
}

/** Runs a shop for an hour at the prices of the tallies, which count its events. */
export function runHour(shop: Shop, at: number, tallies: ReadonlyMap<string, Tally>): void {
  for (const tally of tallies.values()) tally.beginHour()
  for (let quarter = 0; quarter < QUARTERS; quarter++) {
    for (const tally of tallies.values()) tally.beginQuarter()
    const from = at + quarter * QUARTER_MS
    const events = shop.step(from, from + QUARTER_MS, (id) => tallies.get(id)!.priceCents)
    for (const event of events) tallies.get(event.productId)!.count(event)
  }
  for (const tally of tallies.values()) tally.endHour(shop.statistics(tally.product.id).stock)
}
