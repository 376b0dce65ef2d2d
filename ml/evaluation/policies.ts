/** Ways to choose prices: the model, and simpler ones to compare it with. All of them keep to the same rails. */
import { type Ask, questionOf } from '@weir/solutions/sneaker-pricing/decision/candidates.ts'
import { decide } from '@weir/solutions/sneaker-pricing/decision/decide.ts'
import { UNKNOWN_HORIZON_HOURS } from '@weir/solutions/sneaker-pricing/decision/outlook.ts'
import { withinRails } from '@weir/solutions/sneaker-pricing/decision/rails.ts'
import type { Predictor } from './predictor.ts'

/** Returns the price of a product, when the number of changes in the hour before is known. */
export type Choice = (changesLastHour: number) => number

export interface Policy {
  readonly title: string
  /** Resolves with the choice for each product. */
  choose(situations: readonly Ask[]): Promise<readonly Choice[]>
}

/** Sets the prices that the list prices are on average. */
const COST_PLUS_PERCENT = 90
/** The hours that the stock lasts at the usual rate, relative to the hours until the delivery: bounds of what is normal. */
const NORMAL_COVER = [0.9, 2] as const
const FOLLOW_STEP = 0.05
/** Relative to the list price, as for the model. */
const FOLLOW_RANGE = [0.75, 1.35] as const
const MIN_USUAL_UNITS = 0.02
const HOUR_MS = 3_600_000

export const policiesWith = (predictor: Predictor) =>
  ({
    fixed: rule('fixed prices', ({ product }) => product.priceCents),
    costPlus: rule('cost plus', ({ product }) => product.costCents * (1 + COST_PLUS_PERCENT / 100)),
    followStock: rule('follow the stock', priceByStock),
    model: modelled('the model', predictor),
    modelWithoutDeliveries: modelled('the model, not told of deliveries', predictor, false),
  }) as const satisfies Record<string, Policy>

export type PolicyName = keyof ReturnType<typeof policiesWith>

type Wish = (situation: Ask) => number

const rule = (title: string, wish: Wish): Policy => ({
  title,
  choose: async (situations) =>
    situations.map((situation) => (changesLastHour) => {
      const { product, counts, rails } = situation
      const context = { ...product, rails, at: counts.at, changesLastHour, confidence: 1 }
      return withinRails(wish(situation), context).priceCents
    }),
})

/** Raises the price of a product that will be sold out before its delivery, and lowers that of one with too much stock. */
function priceByStock({ product, counts }: Parameters<Wish>[0]): number {
  const { nextDeliveryAt, stock, priceCents, listPriceCents } = product
  const hours = nextDeliveryAt === null ? UNKNOWN_HORIZON_HOURS : (nextDeliveryAt - counts.at) / HOUR_MS
  const cover = stock / Math.max(counts.usual.units, MIN_USUAL_UNITS) / hours
  const [scarce, plenty] = NORMAL_COVER
  const step = cover < scarce ? 1 + FOLLOW_STEP : cover > plenty ? 1 - FOLLOW_STEP : 1
  const [lowest, highest] = FOLLOW_RANGE.map((share) => share * listPriceCents)
  return Math.min(highest, Math.max(lowest, priceCents * step))
}

const modelled = (title: string, { name, version, predict }: Predictor, tellsDeliveries = true): Policy => ({
  title,
  async choose(given) {
    const situations = given.map(({ product, ...situation }) => ({
      ...situation,
      product: tellsDeliveries ? product : { ...product, nextDeliveryAt: null },
    }))
    const questions = situations.map(questionOf)
    const rows = questions.flatMap((question) => (typeof question === 'string' ? [] : question.rows))
    const answers = await predict(rows)
    return situations.map((situation, i) => {
      const question = questions[i]
      const units = typeof question === 'string' ? [] : answers.splice(0, question.rows.length)
      const prediction = { modelName: name, modelVersion: version, units }
      return (changesLastHour) => decide({ ...situation, changesLastHour }, question, prediction).toCents
    })
  },
})
