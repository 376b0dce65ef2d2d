/** One way of looking at a series with a forest: its values, or their changes, in shingles. */
import { StateError, type StateReader, type StateWriter } from '../bytes.ts'
import { expectedLast } from './expected.ts'
import type { Forest } from './forest.ts'
import { AdaptiveThreshold } from './threshold.ts'

/** Why a point deviates. */
export interface Explanation {
  readonly low: number
  readonly high: number
  /** Of the score, the part that is due to each of the last readings, the oldest first; their sum is 1. */
  readonly shares: Float64Array
}

export class View {
  readonly kind: 'values' | 'changes'
  forest: Forest
  readonly #point: Float32Array
  #filled = 0
  #previous = 0
  readonly #threshold = new AdaptiveThreshold()
  explanation: Explanation | undefined

  constructor(kind: 'values' | 'changes', forest: Forest) {
    this.kind = kind
    this.forest = forest
    this.#point = new Float32Array(forest.options.dimensions)
  }

  /** Scores the shingle that ends with this value, then learns it. Above 1 there is an explanation. */
  excess(value: number, deviations: number): number {
    const point = this.#point
    const previous = this.#filled === 0 ? value : this.#previous
    this.#previous = value
    point.copyWithin(0, 1)
    point[point.length - 1] = this.kind === 'values' ? value : value - previous
    if (this.#filled < point.length) this.#filled++
    if (this.#filled < point.length) return 0
    const score = this.forest.score(point)
    const excess = score === 0 ? 0 : this.#threshold.excess(score, deviations)
    this.explanation = excess > 1 ? this.#explain(this.kind === 'values' ? 0 : previous) : undefined
    this.forest.update(point)
    return excess
  }

  #explain(base: number): Explanation {
    const { low, high } = expectedLast(this.forest, this.#point)
    const parts = this.forest.attribution(this.#point)
    const sum = parts.reduce((all, part) => all + part, 0)
    const shares = Float64Array.from(this.#point, (_, d) => (parts[2 * d]! + parts[2 * d + 1]!) / sum)
    return { low: base + low, high: base + high, shares }
  }

  /** Writes everything but the forest. */
  write(to: StateWriter): void {
    to.u16(this.#point.length)
    to.u16(this.#filled)
    to.f64(this.#previous)
    for (const value of this.#point) to.f32(value)
    this.#threshold.write(to)
  }

  read(from: StateReader): void {
    if (from.u16() !== this.#point.length) throw new StateError('its shingle has another size')
    this.#filled = from.u16()
    this.#previous = from.f64()
    for (let d = 0; d < this.#point.length; d++) this.#point[d] = from.f32()
    this.#threshold.read(from)
  }
}
