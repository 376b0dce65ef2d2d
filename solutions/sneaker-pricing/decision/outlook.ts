/** What a price promises: the sales until the next delivery, of which there cannot be more than the stock. */

/** From now until the next delivery, if it is not known when that comes: half of the time between two. */
export const UNKNOWN_HORIZON_HOURS = 84
const MIN_HORIZON_HOURS = 1
/** In this time, what a trend adds to demand falls to a third. */
const TREND_MEMORY_HOURS = 8
const TREND_RANGE = [0.3, 10] as const
/** By how much demand until the horizon differs from its forecast, beyond chance: a standard deviation. */
const FORECAST_SPREAD = 0.1
const MIN_UNITS = 1e-9
const HOUR_MS = 3_600_000

/** What is expected of all prices of a product. */
export interface Horizon {
  /** Hours until the next delivery. */
  readonly hours: number
  /** The demand now, relative to what is usual at this hour. */
  readonly trend: number
  /** Pairs that would be sold until then at the usual price if the stock had no end. */
  readonly demandAtUsualPrice: number
}

/**
 * @param usualUnits usual pairs per hour
 * @param nowAtUsualPrice, usuallyAtUsualPrice predictions for this hour at the usual price, pairs: as things are, and
 * without a trend
 */
export function horizonOf(
  nextDeliveryAt: number | null,
  at: number,
  usualUnits: number,
  nowAtUsualPrice: number,
  usuallyAtUsualPrice: number,
): Horizon {
  const hours =
    nextDeliveryAt === null || nextDeliveryAt <= at
      ? UNKNOWN_HORIZON_HOURS
      : Math.max(MIN_HORIZON_HOURS, (nextDeliveryAt - at) / HOUR_MS)
  const [least, greatest] = TREND_RANGE
  const ratio = nowAtUsualPrice / Math.max(MIN_UNITS, usuallyAtUsualPrice)
  const trend = Math.min(greatest, Math.max(least, ratio))
  const added = (trend - 1) * TREND_MEMORY_HOURS * (1 - Math.exp(-hours / TREND_MEMORY_HOURS))
  return { hours, trend, demandAtUsualPrice: usualUnits * (hours + added) }
}

/** What a price promises until the horizon. */
export interface Outlook {
  readonly priceCents: number
  /** The prediction for the next hour, pairs. */
  readonly unitsNextHour: number
  /** Pairs that would be sold if the stock had no end. */
  readonly demand: number
  /** Pairs that are expected to be sold. */
  readonly units: number
  readonly revenueCents: number
}

/** A price changes the demand of all hours in the same proportion as that of the next hour. */
export function outlookOf(
  priceCents: number,
  unitsNextHour: number,
  nowAtUsualPrice: number,
  stock: number,
  { demandAtUsualPrice }: Horizon,
): Outlook {
  const demand = (demandAtUsualPrice * unitsNextHour) / Math.max(MIN_UNITS, nowAtUsualPrice)
  const units = expectedSales(demand, stock)
  return { priceCents, unitsNextHour, demand, units, revenueCents: units * priceCents }
}

/** Returns the mean of the smaller one of stock and demand, if demand is normal around its forecast. */
export function expectedSales(demand: number, stock: number): number {
  if (!(demand > 0)) return 0
  const deviation = Math.sqrt(demand + (FORECAST_SPREAD * demand) ** 2)
  const z = (stock - demand) / deviation
  const unmet = deviation * (density(z) - z * (1 - cumulative(z)))
  return Math.max(0, Math.min(stock, demand - unmet))
}

/** The probability density of the standard normal distribution. */
const density = (z: number): number => Math.exp(-(z ** 2) / 2) / Math.sqrt(2 * Math.PI)

/**
 * The distribution function of the standard normal distribution, to 1.5e-7 (Abramowitz and Stegun, Handbook of
 * Mathematical Functions, 7.1.26).
 */
export function cumulative(z: number): number {
  const t = 1 / (1 + (0.3275911 * Math.abs(z)) / Math.SQRT2)
  const series = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592]
  const tail = (series.reduce((sum, factor) => sum * t + factor, 0) * t * Math.exp(-(z ** 2) / 2)) / 2
  return z < 0 ? tail : 1 - tail
}
