/** A sensor that is stuck: its value stays the same for longer than real values do. */
import type { StateReader, StateWriter } from './bytes.ts'
import { type Deviation, defineDetector, type Model, type Verdict } from './detector.ts'
import type { SettingsOf } from './parameters.ts'
import { spoken } from './series.ts'

/** Two equal readings with a long silence between them are not yet a flat line. */
const MIN_READINGS = 4

const parameters = {
  tolerance: {
    type: 'number',
    unit: 'value',
    default: 0,
    min: 0,
    max: 1e12,
    doc: 'The greatest difference between values that count as the same.',
  },
  after: {
    type: 'duration',
    default: 600_000,
    min: 1,
    max: 31_536_000_000,
    tries: [60_000, 600_000, 3_600_000, 14_400_000, 86_400_000],
    doc: 'How long a value may stay the same.',
  },
  recovery: {
    type: 'whole',
    unit: 'readings',
    default: 1,
    min: 1,
    max: 10_000,
    doc: 'How many usual readings in a row end a finding.',
  },
} as const

class FlatLine implements Model {
  readonly #settings: SettingsOf<typeof parameters>
  #startMs = 0
  #low = 0
  #high = 0
  #readings = 0

  constructor(settings: SettingsOf<typeof parameters>) {
    this.#settings = settings
  }

  judge(timeMs: number, value: number, verdict: Verdict): void {
    const low = Math.min(this.#low, value)
    const high = Math.max(this.#high, value)
    // The last condition: the device's clock was set back.
    if (this.#readings === 0 || high - low > this.#settings.tolerance || timeMs < this.#startMs) {
      this.#startMs = timeMs
      this.#low = this.#high = value
      this.#readings = 1
      return
    }
    this.#low = low
    this.#high = high
    this.#readings = Math.min(this.#readings + 1, MIN_READINGS)
    if (this.#readings < MIN_READINGS) return
    verdict.excess = (timeMs - this.#startMs) / this.#settings.after
    verdict.sinceMs = this.#startMs
  }

  why({ value, sinceMs, timeMs, shown }: Deviation): string {
    return `has stayed at ${shown(value)} for ${spoken(timeMs - sinceMs)}; a change within ${spoken(this.#settings.after)} is expected`
  }

  write(to: StateWriter): void {
    to.f64(this.#startMs)
    to.f64(this.#low)
    to.f64(this.#high)
    to.u8(this.#readings)
  }

  read(from: StateReader): void {
    this.#startMs = from.f64()
    this.#low = from.f64()
    this.#high = from.f64()
    this.#readings = from.u8()
  }
}

export const flatLine = defineDetector({
  name: 'flat-line',
  doc: 'A value that stays the same for too long.',
  code: 6,
  parameters,
  model: (settings) => new FlatLine(settings),
})
