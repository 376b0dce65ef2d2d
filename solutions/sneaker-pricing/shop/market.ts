/**
 * Moves the demand for one product by the competitor's price, taste, and trends. Nothing here depends on the shop's
 * prices.
 */
import { randomFrom } from '../../random.ts'
import { exponential, normal } from './draws.ts'
import type { Product } from './products.ts'
import type { Market } from './shoppers.ts'
import { Trend } from './trend.ts'

/** Mean time between two changes of a competitor's price. */
const COMPETITOR_EVERY_HOURS = 18
/** The competitor's price relative to the list price: the standard deviation of its logarithm, and its bounds. */
const COMPETITOR_SPREAD = 0.1
const COMPETITOR_RANGE = [0.7, 1.4] as const
/** The part of the worth that the competitor knows, as an exponent. */
const COMPETITOR_KNOWS = 0.5
/** Taste: the worth drifts away from that of the catalogue and back again. */
const TASTE_SPREAD = 0.15
const TASTE_MEMORY_HOURS = 240
/** Mean time between two trends of a product. */
const TREND_EVERY_HOURS = 480
const HOUR_MS = 3_600_000

export class ProductMarket {
  readonly #product: Product
  readonly #random: () => number
  #competitorCents: number
  /** The logarithm of the worth, relative to that of the catalogue. */
  #taste: number
  #trend: Trend | undefined

  constructor(product: Product, seed: number) {
    this.#product = product
    this.#random = randomFrom(seed)
    this.#taste = TASTE_SPREAD * normal(this.#random)
    this.#competitorCents = this.#competitorPrice(normal(this.#random))
  }

  get competitorCents(): number {
    return this.#competitorCents
  }

  /** Begins an hour. The number of draws is always the same, so that a trend of today does not change tomorrow. */
  hour(startMs: number): void {
    const [move, trend] = [this.#random(), this.#random()]
    const [taste, price] = [normal(this.#random), normal(this.#random)]
    const [strength, length] = [this.#random(), exponential(this.#random)]
    const kept = Math.exp(-1 / TASTE_MEMORY_HOURS)
    this.#taste = this.#taste * kept + TASTE_SPREAD * Math.sqrt(1 - kept ** 2) * taste
    if (move < 1 / COMPETITOR_EVERY_HOURS) this.#competitorCents = this.#competitorPrice(price)
    if (trend < 1 / TREND_EVERY_HOURS && this.#trend === undefined)
      this.#trend = new Trend(2 + 4 * strength, startMs, Math.min(48, 4 + 16 * length) * HOUR_MS)
  }

  /** Starts a trend in the place of the one that there may be. */
  start(trend: Trend): void {
    this.#trend = trend
  }

  endTrend(): void {
    this.#trend = undefined
  }

  /** Returns the expected visits per hour, but for the rhythm of the week. */
  visitsPerHour(time: number): number {
    if (this.#trend?.isOver(time)) this.#trend = undefined
    return this.#product.appeal.visitsPerHour * (this.#trend?.visitsAt(time) ?? 1)
  }

  at(time: number): Market {
    const { listPriceCents, appeal } = this.#product
    const worth = appeal.worth * Math.exp(this.#taste) * (this.#trend?.worthAt(time) ?? 1)
    return { worthCents: listPriceCents * worth, competitorCents: this.#competitorCents }
  }

  #competitorPrice(draw: number): number {
    const [lowest, highest] = COMPETITOR_RANGE
    const { listPriceCents, appeal } = this.#product
    const known = (appeal.worth * Math.exp(this.#taste)) ** COMPETITOR_KNOWS
    const relative = Math.min(highest, Math.max(lowest, known * Math.exp(COMPETITOR_SPREAD * draw)))
    return Math.round(listPriceCents * relative)
  }
}
