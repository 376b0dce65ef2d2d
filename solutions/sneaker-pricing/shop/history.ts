/**
 * The history of a shop that tries prices out at random: rows of features with the pairs sold in the hour that follows.
 * Its prices do not depend on demand, so a model can learn from it how demand depends on prices.
 */
import { randomFrom } from '../../random.ts'
import { featuresOf } from '../features.ts'
import { seedOf } from './draws.ts'
import { catalogue, type Product } from './products.ts'
import { Shop } from './shop.ts'
import { runHour, Tally } from './tally.ts'

export interface HistoryRow {
  /** The beginning of the hour in which the units were sold, ms since the epoch. */
  readonly at: number
  readonly productId: string
  /** In the order of FEATURES. */
  readonly features: readonly number[]
  /** Pairs. */
  readonly units: number
}

/** 2026-01-05T00:00:00Z, a Monday. */
const START_MS = 1_767_571_200_000
const HOUR_MS = 3_600_000
const HOURS_PER_WEEK = 168
export const MAX_WEEKS = 104
/** A price is the list price and a number of steps, each of this share of it. */
const STEP = 0.05
const LOWEST_STEP = -5
const HIGHEST_STEP = 7
/** Mean time between two steps of a price. */
const STEP_EVERY_HOURS = 6

/** Yields the rows of one hour after the other. Products that are new or sold out have none. */
export function* history(seed: number, weeks: number): Generator<HistoryRow[]> {
  if (!Number.isInteger(weeks) || weeks < 1 || weeks > MAX_WEEKS)
    throw new RangeError(`A history has from 1 to ${MAX_WEEKS} weeks, not ${weeks}.`)
  const products = catalogue(seed)
  const shop = new Shop({ seed, products })
  const trials = new Map(products.map((product, index) => [product.id, new Trial(product, seed, index)]))
  for (let hour = 0; hour < weeks * HOURS_PER_WEEK; hour++) {
    const at = START_MS + hour * HOUR_MS
    const features = [...trials.values()].map((trial) => trial.begin(at, shop))
    runHour(shop, at, trials)
    const rows: HistoryRow[] = []
    for (const [index, trial] of [...trials.values()].entries()) {
      const row = features[index]
      if (row) rows.push({ at, productId: trial.product.id, features: row, units: trial.units })
    }
    yield rows
  }
}

/** The price that is tried out for a product, and its counts. */
class Trial extends Tally {
  readonly #random: () => number
  #step = 0

  constructor(product: Product, seed: number, index: number) {
    super(product)
    this.#random = randomFrom(seedOf(seed, index, 3))
  }

  /** Chooses the price of an hour, and returns its features unless the product is new or sold out. */
  begin(at: number, shop: Shop): number[] | undefined {
    const draw = this.#random() * STEP_EVERY_HOURS
    if (draw < 1)
      this.#step = Math.min(HIGHEST_STEP, Math.max(LOWEST_STEP, this.#step + (draw < 0.5 ? -1 : 1)))
    this.priceCents = Math.round(this.product.listPriceCents * (1 + this.#step * STEP))
    const aggregates = this.aggregates(at, shop)
    return aggregates && featuresOf(aggregates)
  }
}
