/** Deviation from what is usual at this hour of the day, or at this hour of the week. */
import { StateError, type StateReader, type StateWriter } from './bytes.ts'
import { type Deviation, defineDetector, type Model, type Verdict } from './detector.ts'
import type { SettingsOf } from './parameters.ts'
import { range } from './series.ts'

const HOUR_MS = 3_600_000
const HOURS_OF_DAY = 24
const HOURS_OF_WEEK = 168
/** 1970-01-01 was a Thursday; weeks begin on Monday here. */
const FIRST_HOUR = 3 * HOURS_OF_DAY

const parameters = {
  season: {
    type: 'choice',
    default: 'day',
    choices: ['day', 'week'],
    tries: ['day', 'week'],
    doc: 'day compares with the same hour of other days, week with the same hour and day of other weeks.',
  },
  zone: {
    type: 'number',
    unit: 'hours',
    default: 0,
    min: -14,
    max: 14,
    doc: 'How far the local time is ahead of UTC.',
  },
  seasons: {
    type: 'whole',
    unit: 'seasons',
    default: 3,
    min: 1,
    max: 100,
    doc: 'How many days or weeks an hour must have been seen before it is judged.',
  },
  memory: {
    type: 'whole',
    unit: 'seasons',
    default: 14,
    min: 2,
    max: 1000,
    doc: 'How many days or weeks are remembered.',
  },
  deviations: {
    type: 'number',
    unit: 'standard deviations',
    default: 6,
    min: 0.5,
    max: 100,
    tries: [3, 4, 5, 6, 8, 10, 14],
    doc: 'How far from the usual value of the hour a reading may be.',
  },
  floor: {
    type: 'number',
    unit: 'value',
    default: 0,
    min: 0,
    max: 1e12,
    doc: 'The least distance from the usual value that counts as a deviation.',
  },
} as const

/** Per hour a mean and a variance that forget; the readings of one season count together as one. */
class Seasonal implements Model {
  readonly #settings: SettingsOf<typeof parameters>
  readonly #hours: number
  readonly #means: Float64Array
  readonly #variances: Float32Array
  readonly #seen: Uint16Array
  /** The hour since the epoch of the last reading, and how many readings it had so far. */
  #hour = -1
  #readings = 0

  constructor(settings: SettingsOf<typeof parameters>) {
    this.#settings = settings
    this.#hours = settings.season === 'day' ? HOURS_OF_DAY : HOURS_OF_WEEK
    this.#means = new Float64Array(this.#hours)
    this.#variances = new Float32Array(this.#hours)
    this.#seen = new Uint16Array(this.#hours)
  }

  judge(timeMs: number, value: number, verdict: Verdict): void {
    const { zone, seasons, memory, deviations, floor } = this.#settings
    const hour = Math.floor(timeMs / HOUR_MS + zone)
    const slot = (((hour + FIRST_HOUR) % this.#hours) + this.#hours) % this.#hours
    if (hour !== this.#hour) {
      this.#hour = hour
      this.#readings = 0
      this.#seen[slot] = Math.min(this.#seen[slot]! + 1, memory)
    }
    this.#readings = Math.min(this.#readings + 1, 1e6)
    const mean = this.#means[slot]!
    let learned = value
    if (this.#seen[slot]! > seasons || (this.#seen[slot] === memory && memory <= seasons)) {
      const allowed = Math.max(deviations * this.#spread(), floor, Math.abs(mean) * 1e-6, 1e-12)
      verdict.low = mean - allowed
      verdict.high = mean + allowed
      verdict.excess = Math.abs(value - mean) / allowed
      learned = Math.min(Math.max(value, verdict.low), verdict.high)
    }
    // In the first season the mean is that of all readings; later ones move it by their share.
    const seen = this.#seen[slot]!
    const share = seen === 1 ? 1 / this.#readings : 1 / (seen * Math.min(this.#readings, 60))
    const change = learned - mean
    this.#means[slot] = mean + share * change
    this.#variances[slot] = (1 - share) * (this.#variances[slot]! + share * change * change)
  }

  /** The spread of all hours together, which single hours have too few readings for. */
  #spread(): number {
    let sum = 0
    let hours = 0
    for (let i = 0; i < this.#hours; i++) {
      if (this.#seen[i]! < 2) continue
      sum += this.#variances[i]!
      hours++
    }
    return Math.sqrt(sum / Math.max(1, hours))
  }

  why(deviation: Deviation): string {
    const { season } = this.#settings
    return `was ${deviation.shown(deviation.value)}, but at this hour of the ${season} it is usually ${range(deviation)}`
  }

  write(to: StateWriter): void {
    to.f64(this.#hour)
    to.u32(this.#readings)
    to.u8(this.#hours)
    for (let i = 0; i < this.#hours; i++) {
      to.f64(this.#means[i]!)
      to.f32(this.#variances[i]!)
      to.u16(this.#seen[i]!)
    }
  }

  read(from: StateReader): void {
    this.#hour = from.f64()
    this.#readings = from.u32()
    if (from.u8() !== this.#hours) throw new StateError('it is of another season')
    for (let i = 0; i < this.#hours; i++) {
      this.#means[i] = from.f64()
      this.#variances[i] = from.f32()
      this.#seen[i] = from.u16()
    }
  }
}

export const seasonal = defineDetector({
  name: 'seasonal',
  doc: 'Deviation from what is usual at this hour of the day or of the week.',
  code: 4,
  parameters,
  model: (settings) => new Seasonal(settings),
})
