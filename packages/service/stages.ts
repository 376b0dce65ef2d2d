/**
 * Statistics of each stage of a service: records, failures, latency, lag. They are kept for Prometheus, and
 * by the second for the page (stats.ts).
 */
import type { Metric } from 'prom-client'
import { LatencyHistogram } from './histogram.ts'
import { Counter, Gauge, metrics } from './metrics.ts'

/** Upper bounds of weir_stage_latency_seconds, in ms: 1 ms to 60 s. */
const BOUNDS_MS = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000] as const

const records = new Counter({
  name: 'weir_stage_records_total',
  help: 'Records that the stage finished.',
  labelNames: ['stage'],
  registers: [metrics],
})
const failures = new Counter({
  name: 'weir_stage_failed_total',
  help: 'Records that the stage refused or dead-lettered.',
  labelNames: ['stage'],
  registers: [metrics],
})
const lags = new Gauge({
  name: 'weir_stage_lag_records',
  help: "Records waiting before the stage in this instance's partitions.",
  labelNames: ['stage'],
  registers: [metrics],
})

/** Counts and latencies of a stage since the previous window was taken. Times are in ms. */
export interface Window {
  readonly records: number
  readonly failed: number
  readonly lag: number
  readonly p50: number
  readonly p99: number
}

/** Counts for one stage. All calls are cheap enough for once per batch; none allocates. */
export class Stage {
  /** service.name, such as enricher.orders. */
  readonly name: string
  readonly #records
  readonly #failures
  readonly #lags
  readonly #total = new LatencyHistogram()
  readonly #window = new LatencyHistogram()
  #done = 0
  #failed = 0
  #lag = 0

  constructor(name: string) {
    this.name = name
    this.#records = records.labels(name)
    this.#failures = failures.labels(name)
    this.#lags = lags.labels(name)
    // Exported from the start: if Prometheus has not seen a counter at zero, a first value of one is no
    // increase.
    this.#records.inc(0)
    this.#failures.inc(0)
    this.#lags.set(0)
  }

  done(count: number): void {
    this.#done += count
    this.#records.inc(count)
  }

  failed(count: number): void {
    this.#failed += count
    this.#failures.inc(count)
  }

  /** Records still waiting before this stage. */
  lag(waiting: number): void {
    this.#lag = waiting
    this.#lags.set(waiting)
  }

  /** `times` records took `ms` each. */
  latency(ms: number, times = 1): void {
    this.#window.record(ms, times)
  }

  /** The first `length` records came in at `timestamps` (ms since the epoch) and are finished at `now`. */
  latencies(now: number, timestamps: Float64Array, length: number): void {
    for (let i = 0; i < length; i++) this.#window.record(now - timestamps[i], 1)
  }

  /** Ends the window, begins the next, and returns the one that ended. */
  takeWindow(): Window {
    const window = {
      records: this.#done,
      failed: this.#failed,
      lag: this.#lag,
      p50: this.#window.quantile(0.5),
      p99: this.#window.quantile(0.99),
    }
    this.#total.add(this.#window)
    this.#window.clear()
    this.#done = 0
    this.#failed = 0
    return window
  }

  /** All latencies since the start. */
  latencyTotals(): { readonly buckets: readonly number[]; readonly count: number; readonly sumMs: number } {
    const all = new LatencyHistogram()
    all.add(this.#total)
    all.add(this.#window)
    return { buckets: all.cumulative(BOUNDS_MS), count: all.count, sumMs: all.sumMs }
  }
}

const stages = new Map<string, Stage>()

/** Returns the stage of that name. The process has one of each. */
export function stage(name: string): Stage {
  let known = stages.get(name)
  if (!known) stages.set(name, (known = new Stage(name)))
  return known
}

export function allStages(): Iterable<Stage> {
  return stages.values()
}

/**
 * Built from the stages' own histograms on request: prom-client's can only be fed value by value, which costs
 * too much for every record.
 */
const latencySeconds = {
  name: 'weir_stage_latency_seconds',
  help: "Time from a record's arrival at the stage to its end there.",
  type: 'histogram',
  reset() {},
  async get() {
    return {
      name: this.name,
      help: this.help,
      type: this.type,
      aggregator: 'sum',
      values: [...stages.values()].flatMap(latencyValues),
    }
  },
}
metrics.registerMetric(latencySeconds as unknown as Metric)

function latencyValues(
  stage: Stage,
): { metricName: string; labels: Record<string, string | number>; value: number }[] {
  const { buckets, count, sumMs } = stage.latencyTotals()
  const labels = { stage: stage.name }
  const named = (suffix: string) => `${latencySeconds.name}_${suffix}`
  return [
    ...buckets.map((value, i) => ({
      metricName: named('bucket'),
      labels: { ...labels, le: BOUNDS_MS[i] / 1000 },
      value,
    })),
    { metricName: named('bucket'), labels: { ...labels, le: '+Inf' }, value: count },
    { metricName: named('sum'), labels, value: sumMs / 1000 },
    { metricName: named('count'), labels, value: count },
  ]
}
