/**
 * A sensor that is silent. It is missed only if it has reported for as long as it may be silent: otherwise a client that
 * invents devices would raise an alarm for each.
 */
import type { StateReader, StateWriter } from './bytes.ts'
import { defineDetector, type Model, type Verdict } from './detector.ts'
import { spoken } from './series.ts'

const parameters = {
  after: {
    type: 'duration',
    default: 60_000,
    min: 1,
    max: 31_536_000_000,
    tries: [60_000, 600_000, 3_600_000, 14_400_000, 86_400_000],
    doc: 'The longest normal time between two readings. A sensor is missed only after it has reported for that long.',
  },
  recovery: {
    type: 'whole',
    unit: 'readings',
    default: 1,
    min: 1,
    max: 10_000,
    doc: 'How many readings in a row end a finding.',
  },
} as const

class MissingData implements Model {
  readonly #afterMs: number
  #firstMs = Number.NaN
  #lastMs = Number.NaN

  constructor(afterMs: number) {
    this.#afterMs = afterMs
  }

  judge(timeMs: number): void {
    if (Number.isNaN(this.#firstMs)) this.#firstMs = timeMs
    this.#lastMs = timeMs
  }

  due(listeningSinceMs: number): number | undefined {
    const isKnown = this.#lastMs - this.#firstMs >= this.#afterMs
    return isKnown ? Math.max(this.#lastMs, listeningSinceMs) + this.#afterMs : undefined
  }

  /** Beyond the limit by the least bit: silence is found at the very moment that it is too long. */
  tick(nowMs: number, verdict: Verdict): void {
    verdict.excess = Math.max((nowMs - this.#lastMs) / this.#afterMs, 1 + Number.EPSILON)
    verdict.sinceMs = this.#lastMs
  }

  why(): string {
    return `has sent nothing for ${spoken(this.#afterMs)}`
  }

  write(to: StateWriter): void {
    to.f64(this.#lastMs)
    to.f64(this.#firstMs)
  }

  read(from: StateReader): void {
    this.#lastMs = from.f64()
    // Older states do not have it; their sensors stay known.
    this.#firstMs = from.left === 0 ? -Infinity : from.f64()
  }
}

export const missingData = defineDetector({
  name: 'missing-data',
  doc: 'A sensor that sends nothing for too long.',
  code: 7,
  parameters,
  model: ({ after }) => new MissingData(after),
})
