/** The usual clicks, sales and price of a product: means in which an hour counts half as much as one 72 hours later. */

export interface UsualHour {
  /** The number of hours in the means. */
  readonly hours: number
  /** The sum of the weights of the hours. The newest hour weighs 1. */
  readonly weight: number
  readonly clicks: number
  readonly units: number
  readonly priceCents: number
}

export interface Hour {
  readonly clicks: number
  readonly units: number
  readonly priceCents: number
  /** Pairs at the end of the hour. */
  readonly stock: number
}

export const HALF_LIFE_HOURS = 72
const KEPT = 0.5 ** (1 / HALF_LIFE_HOURS)

export const NO_HOURS: UsualHour = { hours: 0, weight: 0, clicks: 0, units: 0, priceCents: 0 }

/** Adds an hour. Hours that end without stock are left out: their sales are lower than the demand. */
export function usualAfter(usual: UsualHour, { clicks, units, priceCents, stock }: Hour): UsualHour {
  if (stock === 0) return usual
  const weight = usual.weight * KEPT + 1
  const mean = (before: number, value: number): number => before + (value - before) / weight
  return {
    hours: usual.hours + 1,
    weight,
    clicks: mean(usual.clicks, clicks),
    units: mean(usual.units, units),
    priceCents: mean(usual.priceCents, priceCents),
  }
}
