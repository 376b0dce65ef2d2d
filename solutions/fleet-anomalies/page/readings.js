/** The last temperatures of one truck: readings [at, engine, container, ambient], the oldest first. */

export const KEPT_MS = 300_000
/** Ten a second for five minutes. */
const MAX_READINGS = 3000
/** A longer pause between two readings is a gap in the line. */
const GAP_MS = 5000
const COLUMNS = { engine: 1, container: 2 }

/** Adds readings that came by another way, once each, and drops those before the last five minutes. */
export function merged(readings, more, time) {
  const byTime = new Map([...readings, ...more].map((reading) => [reading[0], reading]))
  return [...byTime.values()]
    .filter(([at]) => at > time - KEPT_MS)
    .sort(([a], [b]) => a - b)
    .slice(-MAX_READINGS)
}

/** The points [at, value] of a sensor's line; [at, null] interrupts it at a gap. */
export function lineOf(readings, sensor) {
  const column = COLUMNS[sensor]
  return readings.flatMap((reading, i) => {
    const [at] = reading
    const before = readings[i - 1]?.[0] ?? at
    const point = [at, reading[column]]
    return at - before > GAP_MS ? [[before + 1, null], point] : [point]
  })
}

/**
 * Since when the newest values have been outside of the band, in ms; null if the newest is not.
 *
 * @param isOutside (value) → boolean
 */
export function outsideSince(readings, sensor, isOutside) {
  const last = readings.findLastIndex((reading) => !isOutside(reading[COLUMNS[sensor]]))
  return readings[last + 1]?.[0] ?? null
}

/** The lowest, the highest and the newest value of a sensor; null if there is none. */
export function rangeOf(readings, sensor) {
  const values = readings.map((reading) => reading[COLUMNS[sensor]]).filter((value) => value !== null)
  if (values.length === 0) return null
  return {
    lowest: values.reduce((a, b) => Math.min(a, b)),
    highest: values.reduce((a, b) => Math.max(a, b)),
    newest: values.at(-1),
  }
}
