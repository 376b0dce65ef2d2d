/** How far the predictions of a shadow are from those that production answered. */
import { Histogram, metrics } from '@weir/service'

export interface Difference {
  readonly variant: string
  readonly rows: number
  /** Of the shadow's prediction minus production's, in the unit of the label; null before the first row. */
  readonly mean: number | null
  readonly meanAbsolute: number | null
  readonly maxAbsolute: number | null
}

const differences = new Histogram({
  name: 'weir_model_shadow_difference',
  help: "The absolute difference of a shadow's prediction and the one that was answered, in the unit of the label.",
  labelNames: ['endpoint', 'variant'],
  buckets: [0, 0.001, 0.01, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 100, 1000],
  registers: [metrics],
})

export class ShadowDifference {
  readonly #labels: { readonly endpoint: string; readonly variant: string }
  #rows = 0
  #sum = 0
  #absolute = 0
  #max = 0

  constructor(endpoint: string, variant: string) {
    this.#labels = { endpoint, variant }
  }

  add(production: Float32Array, shadow: Float32Array): void {
    for (let i = 0; i < shadow.length; i++) {
      const difference = shadow[i] - production[i]
      const absolute = Math.abs(difference)
      this.#sum += difference
      this.#absolute += absolute
      this.#max = Math.max(this.#max, absolute)
      differences.observe(this.#labels, absolute)
    }
    this.#rows += shadow.length
  }

  read(): Difference {
    const { variant } = this.#labels
    const rows = this.#rows
    if (rows === 0) return { variant, rows, mean: null, meanAbsolute: null, maxAbsolute: null }
    return {
      variant,
      rows,
      mean: this.#sum / rows,
      meanAbsolute: this.#absolute / rows,
      maxAbsolute: this.#max,
    }
  }
}
