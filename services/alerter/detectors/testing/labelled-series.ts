/** Series with known anomalies, of the kinds that devices and services have. Each is made from its seed. */
import { Random } from '../forest/random.ts'

export interface LabelledSeries {
  readonly name: string
  readonly times: Float64Array
  readonly values: Float64Array
  /** 1 within a window around an anomaly. */
  readonly labels: Uint8Array
}

export const INTERVAL_MS = 300_000
const LENGTH = 4032
const DAY = 288
/** 2026-01-05, a Monday. */
const START_MS = Date.UTC(2026, 0, 5)
/** A label begins this many readings before what it marks at the earliest, and lasts this long. */
const BEFORE = 20
const MIN_LABEL = 120

interface Anomaly {
  readonly at: number
  readonly length: number
  change(value: number, i: number, gauss: () => number): number
}

const spike = (at: number, size: number, length = 1): Anomaly => ({
  at,
  length,
  change: (value) => value + size,
})
const shift = (at: number, size: number, length = 500): Anomaly => ({
  at,
  length,
  change: (value) => value + size,
})
const stuck = (at: number, level: number, length = 150): Anomaly => ({ at, length, change: () => level })
const loud = (at: number, size: number, length = 150): Anomaly => ({
  at,
  length,
  change: (value, _i, gauss) => value + size * gauss(),
})

interface Recipe {
  readonly name: string
  base(i: number, gauss: () => number): number
  readonly anomalies: readonly Anomaly[]
}

const daily = (i: number): number => Math.sin((2 * Math.PI * i) / DAY)
const weekly = (i: number): number => (Math.floor(i / DAY) % 7 >= 5 ? 0.4 : 1)

const recipes: readonly Recipe[] = [
  {
    name: 'spikes',
    base: (_i, gauss) => 50 + gauss(),
    anomalies: [spike(1200, 9), spike(2300, -8, 3), spike(3500, 12)],
  },
  {
    name: 'level-shift',
    base: (_i, gauss) => 20 + 0.5 * gauss(),
    anomalies: [shift(1500, 4), shift(3000, -3)],
  },
  {
    name: 'slow-drift',
    base: (i, gauss) => 10 + i / 300 + 0.4 * gauss(),
    anomalies: [spike(1400, 4, 4), spike(2900, -5, 4)],
  },
  {
    name: 'seasonal',
    base: (i, gauss) => 100 + 30 * daily(i) * weekly(i) + 2 * gauss(),
    anomalies: [spike(1450, 35, 6), stuck(2350, 100, 200), spike(3400, -40, 12)],
  },
  {
    name: 'missing-peak',
    base: (i, gauss) => 200 + 80 * Math.max(0, daily(i)) + 4 * gauss(),
    anomalies: [
      stuck(DAY * 6 + 20, 202, 110),
      { at: DAY * 11 + 150, length: 100, change: (value) => value + 60 },
    ],
  },
  {
    name: 'heavy-tails',
    base: (_i, gauss) => 5 * Math.exp(0.5 * gauss()),
    anomalies: [shift(1800, 12, 60), spike(3100, 70, 2)],
  },
  { name: 'louder', base: (_i, gauss) => 70 + gauss(), anomalies: [loud(1700, 5), loud(3200, 6, 80)] },
  {
    name: 'stuck',
    base: (i, gauss) => Math.round(10 * (25 + 3 * daily(i) + 0.5 * gauss())) / 10,
    anomalies: [stuck(1600, 27.5), stuck(3050, 0, 30)],
  },
  {
    name: 'cooling-failure',
    base: (i, gauss) => 4 + 0.8 * Math.sin(i / 9) + 0.3 * gauss(),
    anomalies: [{ at: 2600, length: 200, change: (value, i) => value + Math.min(10, (i - 2600) / 12) }],
  },
  {
    name: 'bursts',
    base: (i, gauss) => (i % 96 < 8 ? 60 : 8) + Math.abs(3 * gauss()),
    anomalies: [spike(1330, 90, 3), stuck(2600, 8, 200)],
  },
  { name: 'usual', base: (i, gauss) => 15 + 4 * daily(i) + 0.7 * gauss(), anomalies: [] },
]

export const labelledSeries = (seed = 1): LabelledSeries[] => recipes.map((recipe) => make(recipe, seed))

function make({ name, base, anomalies }: Recipe, seed: number): LabelledSeries {
  const random = new Random(seed)
  const gauss = (): number => Math.sqrt(-2 * Math.log(random.next())) * Math.cos(2 * Math.PI * random.next())
  const labels = new Uint8Array(LENGTH)
  const values = Float64Array.from({ length: LENGTH }, (_, i) => {
    const value = base(i, gauss)
    const anomaly = anomalies.find(({ at, length }) => i >= at && i < at + length)
    return anomaly === undefined ? value : anomaly.change(value, i, gauss)
  })
  for (const { at, length } of anomalies) labels.fill(1, at - BEFORE, at + Math.max(MIN_LABEL, length))
  const times = Float64Array.from({ length: LENGTH }, (_, i) => START_MS + i * INTERVAL_MS)
  return { name, times, values, labels }
}
