/** What is usual for a product: means over its last days, in which an hour counts half as much as one three days later. */

export interface UsualHour {
  /** Hours that were counted. */
  readonly hours: number
  /** Of all hours together; an hour begins with 1. */
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

/** Counts another hour. Hours that end without stock say nothing about demand, and are left out. */
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
