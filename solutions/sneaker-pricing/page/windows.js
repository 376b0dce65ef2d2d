/** The last hour of a product, window by window, as lines of charts. */

const HOUR_MS = 3_600_000
/** Clicks of less than a minute are too few to draw. */
const MIN_BUCKET_MS = 60_000
const MIN_CHART_MS = 600_000
/** Clicks of a bucket are usual up to so many standard deviations away from the mean. */
const USUAL_DEVIATIONS = 2

/** The beginning of the charts that end at `end`: an hour ago, or later if there are no windows of then. */
export function chartFrom(windows, end) {
  const first = windows[0]?.start ?? end - HOUR_MS
  return Math.min(Math.max(first, end - HOUR_MS), end - MIN_CHART_MS)
}

/** Steps of the price [at, dollars], from the first price that a shopper saw until now. */
export function priceLine(windows, priceCents, time) {
  const seen = windows
    .filter((window) => window.priceCents > 0)
    .map((window) => [window.start + window.windowMs, window.priceCents / 100])
  return [...seen.filter(([at]) => at > time - HOUR_MS && at < time), [time, priceCents / 100]]
}

/** The time that the clicks of one step of the line come from: whole windows, a minute or more. */
export const bucketOf = (windowMs) => windowMs * Math.max(1, Math.ceil(MIN_BUCKET_MS / windowMs))

/**
 * Steps of the clicks [from, clicks an hour], from the first window until `until`, where the last window ends. Windows
 * without clicks have no result, so they are steps of zero.
 */
export function clicksLine(windows, until, time) {
  if (windows.length === 0) return []
  const bucketMs = bucketOf(windows[0].windowMs)
  const clicks = new Map()
  for (const { start, clicks: some } of windows) {
    const bucket = Math.floor(start / bucketMs)
    clicks.set(bucket, (clicks.get(bucket) ?? 0) + some)
  }
  const first = Math.max(Math.ceil((time - HOUR_MS) / bucketMs), Math.floor(windows[0].start / bucketMs))
  const end = Math.floor(until / bucketMs)
  const line = Array.from({ length: Math.max(0, end - first) }, (_, i) => [
    (first + i) * bucketMs,
    ((clicks.get(first + i) ?? 0) * HOUR_MS) / bucketMs,
  ])
  // The last step goes on to its end.
  return line.length === 0 ? [] : [...line, [end * bucketMs, line.at(-1)[1]]]
}

/** Clicks an hour within which a step of the line is as usual: { low, high }. */
export function usualBand(clicks, windowMs) {
  const perBucket = (clicks * bucketOf(windowMs)) / HOUR_MS
  const away = (USUAL_DEVIATIONS * Math.sqrt(perBucket) * HOUR_MS) / bucketOf(windowMs)
  return { low: Math.max(0, clicks - away), high: clicks + away }
}
