/** The prices that may be chosen for a product, and the rows of features with which a model is asked about them. */
import {
  FEATURES,
  type FeatureName,
  featuresOf,
  MIN_USUAL_HOURS,
  type ProductAggregates,
} from '../features.ts'
import { isPricePoint, marginBounds, type Rails, reachablePrice } from './rails.ts'

/** An item of the catalogue as the decision needs it. */
export interface CatalogueProduct {
  readonly productId: string
  readonly listPriceCents: number
  readonly costCents: number
  readonly priceCents: number
  readonly competitorCents: number
  /** Pairs. */
  readonly stock: number
  /** The next delivery, ms since the epoch; null if it is not known. */
  readonly nextDeliveryAt: number | null
  /** The last change of the price, ms since the epoch; 0 if there was none. */
  readonly priceChangedAt: number
  /** Until then a person wants the price to stay, ms since the epoch; 0 if nobody does. */
  readonly heldUntil: number
}

/** What is counted of a product. */
export type ProductCounts = Pick<ProductAggregates, 'at' | 'clicks' | 'quarterClicks' | 'units' | 'usual'>

/** All from which a question follows. */
export interface Ask {
  readonly product: CatalogueProduct
  /** Its `at` is the time of the decision. */
  readonly counts: ProductCounts
  readonly rails: Rails
}

/** All from which a price is chosen. */
export interface Situation extends Ask {
  /** Changes of all products in the hour before. */
  readonly changesLastHour: number
}

/** What a model is asked about a product. */
export interface Question {
  /** Candidates, in cents, ascending; the present price and all prices that one step leads to are among them. */
  readonly prices: readonly number[]
  /** In the order of FEATURES: a row for each candidate, then the two rows of the usual demand. */
  readonly rows: readonly (readonly number[])[]
}

/** The model saw prices between these, relative to the list price. Trees are constant beyond what they know. */
const KNOWN_RANGE = [0.75, 1.35] as const
const MAX_SPREAD_CANDIDATES = 24

/** Why a model cannot help: nothing is left, or fewer than 24 hours of the product are known. */
export type Unasked = 'sold-out' | 'too-new'

/**
 * Returns what to ask a model, or why it cannot help. Throws a RangeError that names a number of the product or of its
 * counts that cannot be.
 */
export function questionOf({ product, counts, rails }: Ask): Question | Unasked {
  if (product.stock === 0) return 'sold-out'
  if (counts.usual.hours < MIN_USUAL_HOURS) return 'too-new'
  if (!Number.isSafeInteger(product.costCents) || product.costCents <= 0)
    throw new RangeError(`costCents is ${product.costCents}; it must be a whole number of cents above 0.`)
  const { listPriceCents, competitorCents, stock, priceCents: present } = product
  const row = (priceCents: number): number[] =>
    featuresOf({ ...counts, listPriceCents, competitorCents, stock, priceCents })
  row(present)
  const prices = candidatesOf(product, rails)
  const usual = row(Math.max(1, Math.round(counts.usual.priceCents)))
  return { prices, rows: [...prices.map(row), usual, withoutTrend(usual)] }
}

/** Returns at most 27 prices. */
function candidatesOf(product: CatalogueProduct, rails: Rails): number[] {
  const { listPriceCents, priceCents } = product
  const context = { ...product, rails }
  const { floorCents, ceilingCents } = marginBounds(context)
  const lowest = Math.max(floorCents, Math.ceil(listPriceCents * KNOWN_RANGE[0]), 1)
  const highest = Math.min(ceilingCents, Math.floor(listPriceCents * KNOWN_RANGE[1]))
  const prices = new Set([priceCents, ...spread(lowest, highest, rails.pricePoints)])
  // One step towards any other candidate, also from a price that the model does not know.
  const [down, up] = [0, Infinity].map((wish) => reachablePrice(wish, context).priceCents)
  if (down >= lowest) prices.add(down)
  if (up <= highest) prices.add(up)
  return [...prices].sort((a, b) => a - b)
}

/** Returns price points at about equal distances. */
function spread(lowest: number, highest: number, points: readonly number[]): number[] {
  const found: number[] = []
  const apart = Math.max(1, (highest - lowest) / (MAX_SPREAD_CANDIDATES - 1))
  for (let price = lowest; price <= highest; price += apart) {
    const cents = pointFrom(Math.round(price), points)
    if (cents <= highest && cents !== found.at(-1)) found.push(cents)
  }
  return found
}

/** Returns the first price point from `cents` on. */
function pointFrom(cents: number, points: readonly number[]): number {
  let found = cents
  while (!isPricePoint(found, points) && found < cents + 100) found++
  return found
}

/** The row of an hour with as many clicks and sales as usual. */
function withoutTrend(row: readonly number[]): number[] {
  const value = (name: FeatureName): number => row[FEATURES.findIndex((feature) => feature.name === name)]
  const usual: { readonly [name in FeatureName]?: number } = {
    clicks_hour: value('clicks_usual'),
    units_hour: value('units_usual'),
    clicks_trend: 1,
    clicks_quarter_trend: 1,
  }
  return FEATURES.map(({ name }, i) => usual[name] ?? row[i])
}
