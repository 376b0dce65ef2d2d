/**
 * The features by which the model predicts the demand for a product, as ml/features.json promises them to data
 * scientists. The names, units and ranges there and here are the same.
 */
import type { UsualHour } from './usual.ts'

const RATIO = { unit: 'ratio', min: 0.2, max: 5 } as const
const TREND = { unit: 'ratio', min: 0, max: 100 } as const
const CIRCLE = { unit: 'none', min: -1, max: 1 } as const

/** In the order of the model's input. */
export const FEATURES = [
  { name: 'price_to_list', ...RATIO },
  { name: 'price_to_usual', ...RATIO },
  { name: 'price_to_competitor', ...RATIO },
  { name: 'clicks_hour', unit: 'clicks', min: 0, max: 100_000 },
  { name: 'units_hour', unit: 'pairs', min: 0, max: 10_000 },
  { name: 'clicks_usual', unit: 'clicks/h', min: 0, max: 100_000 },
  { name: 'units_usual', unit: 'pairs/h', min: 0, max: 10_000 },
  { name: 'conversion_usual', unit: 'pairs/click', min: 0, max: 2 },
  { name: 'clicks_trend', ...TREND },
  { name: 'clicks_quarter_trend', ...TREND },
  { name: 'stock_cover', unit: 'h', min: 0, max: 1000 },
  { name: 'hour_sin', ...CIRCLE },
  { name: 'hour_cos', ...CIRCLE },
  { name: 'weekend', unit: 'none', min: 0, max: 1 },
] as const

export type FeatureName = (typeof FEATURES)[number]['name']

/** The state of a product when its price for the next hour is chosen. */
export interface ProductAggregates {
  /** The beginning of the next hour, ms since the epoch. */
  readonly at: number
  /** The price in the next hour, which may be only considered. */
  readonly priceCents: number
  readonly listPriceCents: number
  readonly competitorCents: number
  /** Clicks of the last hour: 36 windows of 100 s. */
  readonly clicks: number
  /** Clicks of the last quarter of an hour: 9 windows of 100 s. */
  readonly quarterClicks: number
  /** Pairs sold in the last hour. */
  readonly units: number
  readonly stock: number
  readonly usual: UsualHour
}

/** A product with fewer hours in its usual values is too new. */
export const MIN_USUAL_HOURS = 24
/** Divisors are at least this large. */
const MIN_USUAL_CLICKS = 0.5
const MIN_USUAL_UNITS = 0.02
const DAY_MS = 86_400_000

/**
 * Returns the features in the order of FEATURES. A value beyond its range is set to the bound of the range. Throws a
 * RangeError that names the aggregate that is missing or not possible.
 */
export function featuresOf(aggregates: ProductAggregates): number[] {
  check(aggregates)
  const { at, priceCents, listPriceCents, competitorCents, clicks, quarterClicks, units, stock, usual } =
    aggregates
  const usualClicks = Math.max(usual.clicks, MIN_USUAL_CLICKS)
  const angle = ((at % DAY_MS) / DAY_MS) * 2 * Math.PI
  const values: Readonly<Record<FeatureName, number>> = {
    price_to_list: priceCents / listPriceCents,
    price_to_usual: priceCents / usual.priceCents,
    price_to_competitor: priceCents / competitorCents,
    clicks_hour: clicks,
    units_hour: units,
    clicks_usual: usual.clicks,
    units_usual: usual.units,
    conversion_usual: usual.units / usualClicks,
    clicks_trend: clicks / usualClicks,
    clicks_quarter_trend: (quarterClicks * 4) / usualClicks,
    stock_cover: stock / Math.max(usual.units, MIN_USUAL_UNITS),
    hour_sin: Math.sin(angle),
    hour_cos: Math.cos(angle),
    weekend: isWeekend(at) ? 1 : 0,
  }
  return FEATURES.map(({ name, min, max }) => Math.min(max, Math.max(min, values[name])))
}

/** By UTC. 1970-01-01 was a Thursday. */
const isWeekend = (at: number): boolean => ((Math.floor(at / DAY_MS) + 4) % 7) % 6 === 0

function check({
  usual,
  at,
  priceCents,
  listPriceCents,
  competitorCents,
  ...counts
}: ProductAggregates): void {
  for (const [name, cents] of Object.entries({ priceCents, listPriceCents, competitorCents }))
    if (!Number.isSafeInteger(cents) || cents <= 0)
      throw new RangeError(`${name} is ${cents}; it must be a whole number of cents above 0.`)
  for (const [name, count] of Object.entries(counts))
    if (!Number.isSafeInteger(count) || count < 0)
      throw new RangeError(`${name} is ${count}; it must be a whole number of at least 0.`)
  if (!Number.isSafeInteger(at) || at < 0)
    throw new RangeError(`at is ${at}; it must be in milliseconds since the epoch.`)
  const { hours, clicks, units, priceCents: usualCents } = usual
  if (!(hours >= MIN_USUAL_HOURS))
    throw new RangeError(`The usual values have ${hours} hours; they must have at least ${MIN_USUAL_HOURS}.`)
  if (!(clicks >= 0 && units >= 0 && usualCents > 0 && clicks + units + usualCents < Infinity))
    throw new RangeError('The usual values have numbers that are negative, infinite or missing.')
}
