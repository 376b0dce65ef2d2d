/**
 * One endpoint as requests see it: production variants that share them by weight, and shadows that get copies. What
 * serves is replaced as a whole; requests in flight end on the variants that they began with.
 */
import { Counter, Gauge, Histogram, metrics } from '@weir/service'
import { Batcher } from './batcher.ts'
import { type FaultCode, ModelFault } from './faults.ts'
import type { Contract } from './features.ts'
import type { Runner } from './model.ts'
import { type Difference, ShadowDifference } from './shadow-difference.ts'

export interface Serving {
  readonly contract: Contract
  /** The time limit of a run, and of the wait for it. */
  readonly limitMs: number
  /** The longest time that a row waits for others to fill its batch. */
  readonly gatherMs: number
  readonly variants: readonly VariantPlan[]
  readonly shadows: readonly Omit<VariantPlan, 'weight'>[]
}

export interface VariantPlan {
  readonly name: string
  readonly version: string
  /** Its share of the requests, relative to the others. */
  readonly weight: number
  readonly model: Runner
}

export interface Predicted {
  readonly predictions: Float32Array
  readonly variant: string
}

interface Variant extends VariantPlan {
  readonly batcher: Batcher
  /** What it is owed: the next request goes to the variant with the most. */
  credit: number
}

interface Live {
  readonly serving: Serving
  readonly variants: readonly Variant[]
  readonly shadows: readonly (Omit<Variant, 'weight' | 'credit'> & {
    readonly difference: ShadowDifference
  })[]
}

const requests = new Counter({
  name: 'weir_model_requests_total',
  help: 'Requests for predictions, by the variant that was to answer and the outcome: ok, or why there is no prediction.',
  labelNames: ['endpoint', 'variant', 'outcome'],
  registers: [metrics],
})
const predictedRows = new Counter({
  name: 'weir_model_rows_total',
  help: 'Rows that were predicted.',
  labelNames: ['endpoint', 'variant'],
  registers: [metrics],
})
const batchRows = new Histogram({
  name: 'weir_model_batch_rows',
  help: 'Rows of each run of a model.',
  labelNames: ['endpoint', 'variant'],
  buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
  registers: [metrics],
})
const runSeconds = new Histogram({
  name: 'weir_model_run_seconds',
  help: 'Time of each run of a model, with the way to its process and back.',
  labelNames: ['endpoint', 'variant'],
  buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10, 60],
  registers: [metrics],
})
const liveWeight = new Gauge({
  name: 'weir_model_variant_weight',
  help: 'The weight of each variant that serves here; 0 for shadows.',
  labelNames: ['endpoint', 'variant', 'version'],
  registers: [metrics],
})

export class Endpoint {
  readonly name: string
  #live: Live | undefined

  constructor(name: string) {
    this.name = name
  }

  get contract(): Contract | undefined {
    return this.#live?.serving.contract
  }

  /** The variants that serve here: what was to serve may not be loaded yet. */
  get serving(): Serving | undefined {
    return this.#live?.serving
  }

  get differences(): readonly Difference[] {
    return this.#live?.shadows.map(({ difference }) => difference.read()) ?? []
  }

  /** Resolves when no request is on the former variants any more: their models may be stopped then. */
  async replace(serving: Serving | undefined): Promise<void> {
    const before = this.#live
    for (const { name: variant, version } of [...(before?.variants ?? []), ...(before?.shadows ?? [])])
      liveWeight.remove({ endpoint: this.name, variant, version })
    this.#live = serving && this.#opened(serving)
    for (const { name: variant, version, weight } of this.#live?.variants ?? [])
      liveWeight.set({ endpoint: this.name, variant, version }, weight)
    for (const { name: variant, version } of this.#live?.shadows ?? [])
      liveWeight.set({ endpoint: this.name, variant, version }, 0)
    const all = [...(before?.variants ?? []), ...(before?.shadows ?? [])]
    await Promise.all(all.map(({ batcher }) => batcher.idle()))
  }

  /** Throws UnknownVariant if another variant than those that serve must answer. */
  expectVariant(target: string | undefined): void {
    const variants = this.#live?.variants ?? []
    if (target !== undefined && variants.length > 0 && variants.every(({ name }) => name !== target))
      throw new UnknownVariant(this.name, target)
  }

  /**
   * Predicts rows of the contract, one after the other in memory. Rejects with a ModelFault.
   * @param target the variant that must answer, instead of one by weight
   */
  async predict(rows: Float32Array, target?: string): Promise<Predicted> {
    const live = this.#live
    if (live === undefined || live.variants.length === 0)
      throw new ModelFault(
        'not-ready',
        `The endpoint ${this.name} does not serve a version of its model here yet.`,
      )
    const variant =
      target === undefined ? byWeight(live.variants) : live.variants.find(({ name }) => name === target)
    if (variant === undefined) throw new UnknownVariant(this.name, target!)
    try {
      const predictions = await variant.batcher.predict(rows)
      if (live.shadows.length > 0) this.#shadow(live, rows, predictions)
      return { predictions, variant: variant.name }
    } catch (error) {
      const outcome: FaultCode | 'internal' = error instanceof ModelFault ? error.code : 'internal'
      requests.inc({ endpoint: this.name, variant: variant.name, outcome })
      throw error
    }
  }

  /** Production has answered: shadows change nothing about that, whatever they do. */
  #shadow({ shadows }: Live, rows: Float32Array, production: Float32Array): void {
    for (const { name: variant, batcher, difference } of shadows) {
      const labels = { endpoint: this.name, variant }
      batcher.predict(rows).then(
        (predictions) => difference.add(production, predictions),
        (error) =>
          requests.inc({ ...labels, outcome: error instanceof ModelFault ? error.code : 'internal' }),
      )
    }
  }

  #opened(serving: Serving): Live {
    const { limitMs, gatherMs, contract } = serving
    const batcherOf = ({ name, model }: Omit<VariantPlan, 'weight'>): Batcher => {
      const labels = { endpoint: this.name, variant: name }
      return new Batcher({
        width: contract.features.length,
        gatherMs,
        waitMs: limitMs,
        run: (rows) => model.run(rows, limitMs),
        // By batch: counting each request would take as long as predicting it.
        observe({ rows, answered, durationMs }) {
          if (answered > 0) requests.inc({ ...labels, outcome: 'ok' }, answered)
          predictedRows.inc(labels, rows)
          batchRows.observe(labels, rows)
          runSeconds.observe(labels, durationMs / 1000)
        },
      })
    }
    return {
      serving,
      variants: serving.variants.map((plan) => ({ ...plan, batcher: batcherOf(plan), credit: 0 })),
      shadows: serving.shadows.map((plan) => ({
        ...plan,
        batcher: batcherOf(plan),
        difference: new ShadowDifference(this.name, plan.name),
      })),
    }
  }
}

export class UnknownVariant extends Error {
  override readonly name = 'UnknownVariant'

  constructor(endpoint: string, variant: string) {
    super(`Variant ${variant} not found for endpoint ${endpoint}.`)
  }
}

/** Every variant gets its share of any few requests in turn, not only of many. */
function byWeight(variants: readonly Variant[]): Variant {
  let [chosen, total] = [variants[0], 0]
  for (const variant of variants) {
    variant.credit += variant.weight
    total += variant.weight
    if (variant.credit > chosen.credit) chosen = variant
  }
  chosen.credit -= total
  return chosen
}
