/** How fast a value rises or falls, over a span of time. */
import type { StateReader, StateWriter } from './bytes.ts'
import { type Deviation, defineDetector, type Model, type Verdict } from './detector.ts'
import type { SettingsOf } from './parameters.ts'
import { spoken } from './series.ts'

/** Anchors per span: the slope is measured from the newest that is at least a span old. */
const ANCHORS = 8
const MINUTE_MS = 60_000

const parameters = {
  limit: {
    type: 'number',
    unit: 'value',
    default: 5,
    min: 1e-9,
    max: 1e12,
    tries: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100],
    doc: 'The fastest normal change, per minute.',
  },
  span: {
    type: 'duration',
    default: 60_000,
    min: 1,
    max: 86_400_000,
    tries: [60_000, 600_000, 3_600_000],
    doc: 'The time over which the change is measured.',
  },
} as const

class RateOfChange implements Model {
  readonly #settings: SettingsOf<typeof parameters>
  /** Times and values of the last readings that are an eighth of a span apart: a ring. */
  readonly #times = new Float64Array(ANCHORS + 1)
  readonly #values = new Float64Array(ANCHORS + 1)
  #next = 0
  #size = 0

  constructor(settings: SettingsOf<typeof parameters>) {
    this.#settings = settings
  }

  judge(timeMs: number, value: number, verdict: Verdict): void {
    const { limit, span } = this.#settings
    const newest = this.#anchor(1)
    // The device's clock was set back.
    if (this.#size > 0 && timeMs < this.#times[newest]!) this.#size = 0
    for (let age = 1; age <= this.#size; age++) {
      const at = this.#anchor(age)
      const elapsed = timeMs - this.#times[at]!
      if (elapsed < span) continue
      const allowed = (limit * elapsed) / MINUTE_MS
      verdict.low = this.#values[at]! - allowed
      verdict.high = this.#values[at]! + allowed
      verdict.excess = Math.abs(value - this.#values[at]!) / allowed
      verdict.sinceMs = this.#times[at]!
      break
    }
    if (this.#size > 0 && timeMs - this.#times[newest]! < span / ANCHORS) return
    this.#times[this.#next] = timeMs
    this.#values[this.#next] = value
    this.#next = (this.#next + 1) % this.#times.length
    this.#size = Math.min(this.#size + 1, this.#times.length)
  }

  why({ value, sinceMs, timeMs, low, high, shown }: Deviation): string {
    const change = value - (low + high) / 2
    const limit = shown(this.#settings.limit)
    return `${change > 0 ? 'rose' : 'fell'} by ${shown(Math.abs(change))} in ${spoken(timeMs - sinceMs)}; at most ${limit} per minute is normal`
  }

  write(to: StateWriter): void {
    to.u8(this.#size)
    for (let age = this.#size; age >= 1; age--) {
      to.f64(this.#times[this.#anchor(age)]!)
      to.f64(this.#values[this.#anchor(age)]!)
    }
  }

  read(from: StateReader): void {
    this.#size = Math.min(from.u8(), this.#times.length)
    for (let i = 0; i < this.#size; i++) {
      this.#times[i] = from.f64()
      this.#values[i] = from.f64()
    }
    this.#next = this.#size % this.#times.length
  }

  #anchor(age: number): number {
    return (this.#next - age + this.#times.length) % this.#times.length
  }
}

export const rateOfChange = defineDetector({
  name: 'rate-of-change',
  doc: 'A value that rises or falls too fast.',
  code: 5,
  parameters,
  model: (settings) => new RateOfChange(settings),
})
