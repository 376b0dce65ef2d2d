/**
 * The decision about a price: the one with the most revenue until the next delivery, as far as the rails allow.
 *
 * Revenue, because that is what the shop is measured by. Until the next delivery the stock is bought already, and what
 * is left then only makes the delivery smaller. The floor keeps the margin.
 */
import { FEATURES } from '../features.ts'
import type { Question, Situation, Unasked } from './candidates.ts'
import { cumulative, horizonOf, type Outlook, outlookOf } from './outlook.ts'
import { type RailName, type RailsContext, reachablePrice, withinRails } from './rails.ts'

/**
 * The relative error of a prediction, from the model's report: the root of the deviance beyond chance, divided by the
 * mean of what is sold.
 */
export const MODEL_ERROR = 0.24
/** No product sells more pairs in an hour. */
const MAX_UNITS = 1e6

/** What a model answered to a question. */
export interface Prediction {
  /** The model that was asked. */
  readonly modelName: string
  /** The version that answered. */
  readonly modelVersion: string
  /** Pairs in the next hour, for each row of the question. */
  readonly units: readonly number[]
}

/** A change: `better-price`. All others keep the price. */
export type ReasonCode =
  | 'better-price'
  /** No other price promises more. */
  | 'best-price'
  /** Rails kept it from the better price. */
  | 'rails'
  | Unasked
  /** The model did not answer. */
  | 'no-prediction'
  /** The model's answer is not one number from 0 to a million per row. */
  | 'bad-prediction'

/** A record of contracts/decision.avsc, but for the reason in words. */
export interface PriceDecision {
  readonly productId: string
  /** Ms since the epoch. */
  readonly at: number
  readonly decision: 'change' | 'keep'
  readonly reasonCode: ReasonCode
  readonly fromCents: number
  readonly toCents: number
  /** The price that would be chosen without rails; null without a usable prediction. */
  readonly wantedCents: number | null
  /** The rails because of which it was not chosen. */
  readonly rails: readonly RailName[]
  /** That the price is better than the present one, from 0 to 1; null if none is. */
  readonly confidence: number | null
  readonly stock: number
  /** Hours until the next delivery, over which prices are compared; null without a usable prediction. */
  readonly horizonHours: number | null
  /** Demand relative to what is usual at this hour. */
  readonly trend: number | null
  /** What the present price promises. */
  readonly outlookFrom: Outlook | null
  /** What the price promises that rails other than stops lead to. */
  readonly outlookTo: Outlook | null
  /** Those of the decided price, by name. */
  readonly features: Readonly<Record<string, number>>
  readonly modelName: string | null
  readonly modelVersion: string | null
  /** The last change of the price before this decision, ms since the epoch. A change is only valid if it still is that. */
  readonly priceChangedAt: number
}

/**
 * @param question from questionOf(), for the same situation
 * @param prediction null if the model did not answer
 */
export function decide(
  situation: Situation,
  question: Question | Unasked,
  prediction: Prediction | null,
): PriceDecision {
  if (typeof question === 'string') return kept(situation, question)
  const { prices, rows } = question
  if (prediction === null) return kept(situation, 'no-prediction', featuresAt(situation, question))
  const { modelName, modelVersion, units } = prediction
  const seen = { ...featuresAt(situation, question), modelName, modelVersion }
  if (units.length !== rows.length || !units.every((value) => value >= 0 && value <= MAX_UNITS))
    return kept(situation, 'bad-prediction', seen)

  const { product, counts, rails, changesLastHour } = situation
  const [nowAtUsualPrice, usuallyAtUsualPrice] = units.slice(prices.length)
  const horizon = horizonOf(
    product.nextDeliveryAt,
    counts.at,
    counts.usual.units,
    nowAtUsualPrice,
    usuallyAtUsualPrice,
  )
  const outlooks = prices.map((price, i) =>
    outlookOf(price, units[i], nowAtUsualPrice, product.stock, horizon),
  )
  const outlookAt = (cents: number): Outlook => outlooks[prices.indexOf(cents)]
  const outlookFrom = outlookAt(product.priceCents)
  const wantedCents = outlooks.reduce((best, other) => better(best, other), outlookFrom).priceCents
  const { hours: horizonHours, trend } = horizon
  const known = { ...seen, horizonHours, trend, outlookFrom, wantedCents }
  if (wantedCents === product.priceCents) return kept(situation, 'best-price', known)

  const reachable = outlookAt(reachablePrice(wantedCents, { ...product, rails }).priceCents)
  const confidence = confidenceOf(outlookFrom, reachable)
  const context: RailsContext = { ...product, rails, at: counts.at, changesLastHour, confidence }
  const { priceCents: toCents, acted } = withinRails(wantedCents, context)
  const found = { ...known, rails: acted, confidence, outlookTo: reachable }
  if (toCents === product.priceCents) return kept(situation, 'rails', found)
  return {
    ...kept(situation, 'better-price', { ...found, ...featuresAt(situation, question, toCents) }),
    decision: 'change',
    toCents,
  }
}

/** Of equal outlooks, the first one: the present price is not given up for nothing. */
const better = (best: Outlook, other: Outlook): Outlook =>
  other.revenueCents > best.revenueCents ? other : best

/**
 * Returns the probability that one price is better than another, by the relative gain and the model's error. The error
 * in the level of demand is the same for both; what is left of it grows with the difference of the prices.
 */
function confidenceOf(from: Outlook, to: Outlook): number {
  const gain = (to.revenueCents - from.revenueCents) / Math.max(1, from.revenueCents)
  const error = MODEL_ERROR * Math.abs(Math.log(to.priceCents / from.priceCents))
  return error > 0 ? cumulative(gain / error) : 0
}

function featuresAt(
  { product }: Situation,
  { prices, rows }: Question,
  cents = product.priceCents,
): Pick<PriceDecision, 'features'> {
  const row = rows[prices.indexOf(cents)]
  return { features: Object.fromEntries(FEATURES.map(({ name }, i) => [name, row[i]])) }
}

/** A decision that keeps the price. */
const kept = (
  { product, counts }: Situation,
  reasonCode: ReasonCode,
  known: Partial<PriceDecision> = {},
): PriceDecision => ({
  productId: product.productId,
  at: counts.at,
  decision: 'keep',
  reasonCode,
  fromCents: product.priceCents,
  toCents: product.priceCents,
  wantedCents: null,
  rails: [],
  confidence: null,
  stock: product.stock,
  horizonHours: null,
  trend: null,
  outlookFrom: null,
  outlookTo: null,
  features: {},
  modelName: null,
  modelVersion: null,
  priceChangedAt: product.priceChangedAt,
  ...known,
})
