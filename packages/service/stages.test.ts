import { expect, test } from 'vitest'
import { LatencyHistogram } from './histogram.ts'
import { metrics, stage } from './index.ts'

test('the histogram is exact to 7 % from 16 µs to half an hour', () => {
  for (let ms = 0.016; ms < 1_800_000; ms *= 1.37) {
    const one = new LatencyHistogram()
    one.record(ms, 1)
    expect(Math.abs(one.quantile(0.5) - ms) / ms).toBeLessThan(0.07)
  }
})

test('quantiles of a hundred values are close to the true ones', () => {
  const hundred = new LatencyHistogram()
  for (let ms = 1; ms <= 100; ms++) hundred.record(ms, 10)
  expect(hundred.quantile(0.5)).toBeCloseTo(50, -1)
  expect(hundred.quantile(0.99)).toBeGreaterThan(94)
  expect(hundred.quantile(0.99)).toBeLessThan(104)
  expect(new LatencyHistogram().quantile(0.5)).toBe(0)
})

test('impossible latencies are counted within the bounds of the histogram', () => {
  const odd = new LatencyHistogram()
  for (const ms of [-5, 0, Number.NaN, 1e12, Number.POSITIVE_INFINITY]) odd.record(ms, 1)
  expect(odd.count).toBe(5)
  expect(odd.cumulative([1])).toEqual([3])
})

test('metrics count a stage since the start, and windows count it since the last window', async () => {
  const counts = stage('test.windows')
  expect(stage('test.windows')).toBe(counts)
  counts.done(3)
  counts.failed(1)
  counts.lag(7)
  counts.latency(20, 2)
  counts.latencies(10_000, Float64Array.of(9980, 6000, 1), 2)
  expect(counts.takeWindow()).toMatchObject({ records: 3, failed: 1, lag: 7 })
  counts.latency(0.2)
  expect(counts.takeWindow()).toMatchObject({ records: 0, failed: 0, lag: 7, p99: expect.closeTo(0.2, 1) })
  const text = await metrics.metrics()
  for (const line of [
    'weir_stage_records_total{stage="test.windows"} 3',
    'weir_stage_failed_total{stage="test.windows"} 1',
    'weir_stage_lag_records{stage="test.windows"} 7',
    'weir_stage_latency_seconds_bucket{stage="test.windows",le="0.001"} 1',
    'weir_stage_latency_seconds_bucket{stage="test.windows",le="0.025"} 4',
    'weir_stage_latency_seconds_bucket{stage="test.windows",le="5"} 5',
    'weir_stage_latency_seconds_bucket{stage="test.windows",le="+Inf"} 5',
    'weir_stage_latency_seconds_count{stage="test.windows"} 5',
  ])
    expect(text).toContain(line)
  expect(text).toContain('# TYPE weir_stage_latency_seconds histogram')
})
