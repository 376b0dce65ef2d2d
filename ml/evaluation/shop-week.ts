/** A week of a simulated shop with prices by a policy. */
import { DEFAULT_RAILS } from '@weir/solutions/sneaker-pricing/decision/rails.ts'
import { brokenRails } from '@weir/solutions/sneaker-pricing/decision/testing/broken-rails.ts'
import { catalogue, type Product } from '@weir/solutions/sneaker-pricing/shop/products.ts'
import { rhythmAt } from '@weir/solutions/sneaker-pricing/shop/rhythm.ts'
import { Shop } from '@weir/solutions/sneaker-pricing/shop/shop.ts'
import { runHour, Tally } from '@weir/solutions/sneaker-pricing/shop/tally.ts'
import type { Policy } from './policies.ts'

/** 2026-01-05T00:00:00Z, a Monday. */
const START_MS = 1_767_571_200_000
const HOUR_MS = 3_600_000
/** At fixed prices, so that the usual demand is known. */
const FIXED_HOURS = 48
/** With the policy, but not counted: stocks become what the policy makes of them. */
const RUN_IN_HOURS = 168
const WEEK_HOURS = 168
/** Thresholds by which a product's week is of a kind. */
const TREND_VISITS = 2
const MIN_TREND_CLICKS = 20
const OVERSTOCK = 0.3
const CHEAP_COMPETITOR = 0.9

export const KINDS = ['trend', 'shortage', 'overstock', 'competitor'] as const
export type Kind = (typeof KINDS)[number]

/** A product's week. */
export interface ProductWeek {
  readonly product: Product
  readonly units: number
  readonly revenueCents: number
  readonly changes: number
  /** The kinds that its week is of, at the prices of the week. */
  readonly kinds: ReadonlySet<Kind>
}

export interface ShopWeek {
  readonly products: readonly ProductWeek[]
  /** Changes, also while running in, that a rail forbids. */
  readonly brokenRails: number
}

/** The same for a seed and a policy. All policies have the same shoppers, competitors and deliveries. */
export async function shopWeek(seed: number, policy: Policy): Promise<ShopWeek> {
  const products = catalogue(seed)
  const shop = new Shop({ seed, products })
  const shelves = new Map(products.map((product) => [product.id, new Shelf(product)]))
  const changedAt: number[] = []
  let broken = 0
  for (let hour = 0; hour < FIXED_HOURS + RUN_IN_HOURS + WEEK_HOURS; hour++) {
    const at = START_MS + hour * HOUR_MS
    const isCounted = hour >= FIXED_HOURS + RUN_IN_HOURS
    if (hour === FIXED_HOURS + RUN_IN_HOURS) for (const shelf of shelves.values()) shelf.begin(shop)
    if (hour >= FIXED_HOURS) broken += await changePrices(at, shop, shelves, policy, changedAt)
    runHour(shop, at, shelves)
    if (isCounted) for (const shelf of shelves.values()) shelf.observe(at, shop)
  }
  return { products: [...shelves.values()].map((shelf) => shelf.end(shop)), brokenRails: broken }
}

/** Resolves with the number of changes that break rails. */
async function changePrices(
  at: number,
  shop: Shop,
  shelves: ReadonlyMap<string, Shelf>,
  policy: Policy,
  changedAt: number[],
): Promise<number> {
  const known = [...shelves.values()].flatMap((shelf) => {
    const situation = shelf.situation(at, shop)
    return situation ? [{ shelf, situation }] : []
  })
  const choices = await policy.choose(known.map(({ situation }) => situation))
  let broken = 0
  for (const [i, { shelf, situation }] of known.entries()) {
    const changesLastHour = changedAt.filter((time) => time > at - HOUR_MS).length
    const cents = choices[i](changesLastHour)
    if (cents === shelf.priceCents) continue
    const context = { ...situation.product, rails: situation.rails, at, changesLastHour, confidence: 1 }
    if (brokenRails(cents, context).length > 0) broken++
    shelf.change(cents, at)
    changedAt.push(at)
  }
  return broken
}

class Shelf extends Tally {
  #changedAt = 0
  #changes = 0
  #unitsBefore = 0
  #revenueBefore = 0
  #stockBefore = 0
  #deliveryAt = 0
  #competitorSum = 0
  readonly #kinds = new Set<Kind>()

  situation(at: number, shop: Shop) {
    const aggregates = this.aggregates(at, shop)
    if (aggregates === undefined) return undefined
    const { priceCents, listPriceCents, competitorCents, stock, ...counts } = aggregates
    const { id: productId, costCents } = this.product
    const product = {
      productId,
      listPriceCents,
      costCents,
      priceCents,
      competitorCents,
      stock,
      nextDeliveryAt: shop.statistics(productId).nextDeliveryAt ?? null,
      priceChangedAt: this.#changedAt,
      heldUntil: 0,
    }
    return { product, counts, rails: DEFAULT_RAILS }
  }

  change(cents: number, at: number): void {
    this.priceCents = cents
    this.#changedAt = at
    this.#changes++
  }

  begin(shop: Shop): void {
    const { units, revenueCents, stock, nextDeliveryAt = 0 } = shop.statistics(this.product.id)
    this.#unitsBefore = units
    this.#revenueBefore = revenueCents
    this.#stockBefore = stock
    this.#deliveryAt = nextDeliveryAt
    this.#changes = 0
  }

  /** After each hour. */
  observe(at: number, shop: Shop): void {
    const { fullStock, appeal } = this.product
    const { stock, nextDeliveryAt = 0, competitorCents } = shop.statistics(this.product.id)
    const usualVisits = appeal.visitsPerHour * rhythmAt(at + HOUR_MS / 2)
    if (this.clicks >= MIN_TREND_CLICKS && this.clicks > TREND_VISITS * usualVisits) this.#kinds.add('trend')
    if (nextDeliveryAt !== this.#deliveryAt && this.#stockBefore > OVERSTOCK * fullStock)
      this.#kinds.add('overstock')
    if (stock === 0) this.#kinds.add('shortage')
    this.#stockBefore = stock
    this.#deliveryAt = nextDeliveryAt
    this.#competitorSum += competitorCents
  }

  end(shop: Shop): ProductWeek {
    const { product } = this
    const { units, revenueCents } = shop.statistics(product.id)
    if (this.#competitorSum / WEEK_HOURS < CHEAP_COMPETITOR * product.listPriceCents)
      this.#kinds.add('competitor')
    return {
      product,
      units: units - this.#unitsBefore,
      revenueCents: revenueCents - this.#revenueBefore,
      changes: this.#changes,
      kinds: this.#kinds,
    }
  }
}
