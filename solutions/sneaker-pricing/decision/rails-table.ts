/** The reference table with the rails: one entry for the shop, and one for each product with rails of its own. */
import { flag, integer, list, number, object, type Shape } from '@weir/topics/shape.ts'
import { ALL_PRODUCTS, DEFAULT_RAILS, type RailsEntry } from './rails.ts'

export const RAILS_TABLE = 'price-rails'

const MAX_PRICE_POINTS = 10
const WEEK_MINUTES = 10_080

export const priceRails: Shape<RailsEntry> = object(
  {},
  {
    minMarginPercent: number({ min: 0, max: 1000 }),
    maxMarginPercent: number({ min: 0, max: 1000 }),
    maxStepPercent: number({ min: 0, max: 100 }),
    coolDownMinutes: number({ min: 0, max: WEEK_MINUTES }),
    pricePoints: list(integer({ min: 0, max: 99 }), { max: MAX_PRICE_POINTS }),
    frozen: flag,
    minConfidence: number({ min: 0, max: 1 }),
    maxChangesPerHour: integer({ min: 0, max: 100_000 }),
    stopped: flag,
  },
)

/** Of the simulated shop, in which people want to see prices move. */
export const priceRailsSeed: Readonly<Record<string, RailsEntry>> = {
  [ALL_PRODUCTS]: { ...DEFAULT_RAILS, coolDownMinutes: 5, maxChangesPerHour: 100 },
}
