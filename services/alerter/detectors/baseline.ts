/** Deviation from a rolling baseline: mean and standard deviation, or median and median absolute deviation. */
import type { StateReader, StateWriter } from './bytes.ts'
import { type Deviation, defineDetector, type Model, type Verdict } from './detector.ts'
import type { SettingsOf } from './parameters.ts'
import { range } from './series.ts'
import { SortedWindow } from './sorted-window.ts'

/** The median absolute deviation of a normal distribution, times this, is its standard deviation. */
const MAD_TO_SIGMA = 1.4826
/** Likewise the mean absolute deviation. */
const MEAN_DISTANCE_TO_SIGMA = 1.2533
/** A series that never changes may still be rounded differently. */
const MIN_RELATIVE_SPREAD = 1e-6

const parameters = {
  window: {
    type: 'whole',
    unit: 'readings',
    default: 120,
    min: 8,
    max: 4096,
    tries: [60, 120, 300, 1000],
    doc: 'The length of the baseline.',
  },
  warmup: {
    type: 'whole',
    unit: 'readings',
    default: 30,
    min: 4,
    max: 4096,
    doc: 'How many readings the baseline needs before it judges.',
  },
  interval: {
    type: 'duration',
    default: 0,
    min: 0,
    max: 86_400_000,
    doc: 'The baseline takes one reading per interval, so that it reaches back for longer; 0 takes all.',
  },
  deviations: {
    type: 'number',
    unit: 'standard deviations',
    default: 6,
    min: 0.5,
    max: 100,
    tries: [3, 4, 5, 6, 8, 10, 14, 20],
    doc: 'How far from the baseline a reading may be.',
  },
  floor: {
    type: 'number',
    unit: 'value',
    default: 0,
    min: 0,
    max: 1e12,
    doc: 'The least distance from the baseline that counts as a deviation.',
  },
} as const

type Settings = SettingsOf<typeof parameters>
type Statistics = (window: SortedWindow) => { center: number; spread: number }

const classic: Statistics = (window) => {
  const center = window.mean()
  return { center, spread: window.standardDeviation(center) }
}

/** If more than half of the values are equal, the mean distance stands in for the median one. */
const robust: Statistics = (window) => {
  const center = window.median()
  const distance = window.medianDistance(center)
  const spread = distance > 0 ? MAD_TO_SIGMA * distance : MEAN_DISTANCE_TO_SIGMA * window.meanDistance(center)
  return { center, spread }
}

class Baseline implements Model {
  readonly #settings: Settings
  readonly #statistics: Statistics
  readonly #window: SortedWindow
  readonly #warmup: number
  #learnedMs = -Infinity

  constructor(settings: Settings, statistics: Statistics) {
    this.#settings = settings
    this.#statistics = statistics
    this.#window = new SortedWindow(settings.window)
    this.#warmup = Math.min(settings.warmup, settings.window)
  }

  /** What deviates is learned as the edge of the range, so that it moves the baseline slowly. */
  judge(timeMs: number, value: number, verdict: Verdict): void {
    let learned = value
    if (this.#window.size >= this.#warmup) {
      const { center, spread } = this.#statistics(this.#window)
      const least = Math.max(this.#settings.floor, Math.abs(center) * MIN_RELATIVE_SPREAD, 1e-12)
      const allowed = Math.max(this.#settings.deviations * spread, least)
      verdict.low = center - allowed
      verdict.high = center + allowed
      verdict.excess = Math.abs(value - center) / allowed
      learned = Math.min(Math.max(value, verdict.low), verdict.high)
    }
    // The second condition: the device's clock was set back.
    const { interval } = this.#settings
    if (timeMs - this.#learnedMs < interval && timeMs >= this.#learnedMs) return
    this.#learnedMs = timeMs
    this.#window.add(learned)
  }

  why(deviation: Deviation): string {
    const { window } = this.#settings
    return `was ${deviation.shown(deviation.value)}, but the last ${window} readings lead to ${range(deviation)}`
  }

  write(to: StateWriter): void {
    to.f64(this.#learnedMs)
    this.#window.write(to)
  }

  read(from: StateReader): void {
    this.#learnedMs = from.f64()
    this.#window.read(from)
  }
}

export const baseline = defineDetector({
  name: 'baseline',
  doc: 'Deviation from the mean of the last readings, in standard deviations.',
  code: 2,
  parameters,
  model: (settings) => new Baseline(settings, classic),
})

export const robustBaseline = defineDetector({
  name: 'robust-baseline',
  doc: 'Deviation from the median of the last readings, in median absolute deviations.',
  code: 3,
  parameters,
  model: (settings) => new Baseline(settings, robust),
})
