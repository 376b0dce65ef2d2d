/** Collects latencies, and gives their percentiles. */
import { build } from 'hdr-histogram-js'
import type { Latency } from './report.ts'

export interface LatencyHistogram {
  /** @param ms in milliseconds */
  add(ms: number): void
  result(): Latency
}

export function latencyHistogram(): LatencyHistogram {
  const microseconds = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 600_000_000,
    numberOfSignificantValueDigits: 3,
  })
  const at = (percentile: number): number => microseconds.getValueAtPercentile(percentile) / 1000
  return {
    add: (ms) => microseconds.recordValue(ms * 1000),
    result: () => ({
      p50: at(50),
      p90: at(90),
      p99: at(99),
      max: microseconds.maxValue / 1000,
      records: microseconds.totalCount,
    }),
  }
}
