/** Static limits, for instance the normal range of a cargo class. */
import { type Deviation, defineDetector, type Model, type Verdict } from './detector.ts'
import type { SettingsOf } from './parameters.ts'
import { range, spoken } from './series.ts'

const parameters = {
  low: {
    type: 'number',
    unit: 'value',
    default: -Infinity,
    min: -1e12,
    max: 1e12,
    doc: 'The least normal value.',
  },
  high: {
    type: 'number',
    unit: 'value',
    default: Infinity,
    min: -1e12,
    max: 1e12,
    doc: 'The greatest normal value.',
  },
  hysteresis: {
    type: 'number',
    unit: 'value',
    default: 0,
    min: 0,
    max: 1e12,
    doc: 'How far within the limits a value must be to end a deviation.',
  },
  duration: {
    type: 'duration',
    default: 10_000,
    min: 0,
    max: 86_400_000,
    doc: 'How long every reading must deviate before that is a finding.',
  },
} as const

/** The state is in the episode alone, so limits can change at any time. */
class Thresholds implements Model {
  readonly #settings: SettingsOf<typeof parameters>
  /** What the distance from a limit is measured by. */
  readonly #scale: number

  constructor(settings: SettingsOf<typeof parameters>) {
    this.#settings = settings
    const { low, high } = settings
    const width = high - low
    this.#scale = Number.isFinite(width) ? width : Math.abs(Number.isFinite(high) ? high : low) || 1
  }

  judge(_timeMs: number, value: number, verdict: Verdict): void {
    const { low, high, hysteresis } = this.#settings
    verdict.low = low
    verdict.high = high
    verdict.excess = Math.max(0, 1 + Math.max(value - high, low - value) / this.#scale)
    verdict.calm = 1 - hysteresis / this.#scale
  }

  why(deviation: Deviation): string {
    const lasted = spoken(deviation.timeMs - deviation.sinceMs)
    return `was outside of its limits for ${lasted}, as far as ${deviation.shown(deviation.value)}; normal is ${range(deviation)}`
  }

  write(): void {}

  read(): void {}
}

export const thresholds = defineDetector({
  name: 'thresholds',
  doc: 'Static limits, with a duration and hysteresis.',
  code: 1,
  parameters,
  check({ low, high, hysteresis }) {
    if (low === -Infinity && high === Infinity)
      return 'Neither low nor high is given; give at least one limit.'
    if (low >= high) return `low is ${low} and high is ${high}; low must be less than high.`
    if (hysteresis * 2 >= high - low)
      return `hysteresis is ${hysteresis}; it must be less than half of the range from low to high.`
    return undefined
  },
  model: (settings) => new Thresholds(settings),
})
