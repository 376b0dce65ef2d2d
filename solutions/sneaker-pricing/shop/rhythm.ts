/** How many shoppers there are by the time of day and the day of the week (UTC). */

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
/** 1970-01-01 was a Thursday. */
const FIRST_DAY = 4
const BY_HOUR = relativeToMean([
  ...[0.35, 0.2, 0.12, 0.1, 0.12, 0.2, 0.45, 0.75, 0.95, 1.05, 1.1, 1.2],
  ...[1.35, 1.25, 1.15, 1.15, 1.25, 1.4, 1.65, 1.9, 2, 1.7, 1.2, 0.7],
])
/** From Sunday to Saturday. */
const BY_DAY = relativeToMean([1.3, 0.85, 0.85, 0.9, 0.95, 1, 1.25])

/** Returns the visits at a time, relative to the mean of a week. */
export function rhythmAt(time: number): number {
  const hours = (time % DAY_MS) / HOUR_MS
  const hour = Math.floor(hours)
  const share = hours - hour
  return (BY_HOUR[hour] * (1 - share) + BY_HOUR[(hour + 1) % 24] * share) * BY_DAY[dayOf(time)]
}

/** Returns the day of the week, 0 for Sunday. */
export const dayOf = (time: number): number => (Math.floor(time / DAY_MS) + FIRST_DAY) % 7

function relativeToMean(values: readonly number[]): readonly number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return values.map((value) => value / mean)
}
