/** Random Cut Forest over points of a fixed number of dimensions. Equal input gives equal scores for a seed. */
import { Points } from './points.ts'
import { Random } from './random.ts'
import { Sampler } from './sampler.ts'
import { attributeIn, scoreIn } from './score.ts'
import { Tree } from './tree.ts'

export interface ForestOptions {
  readonly trees: number
  readonly sampleSize: number
  readonly dimensions: number
  /** λ: the weight of a reading falls by the factor e in 1 / λ readings. */
  readonly decay: number
  readonly seed: number
}

export class Forest {
  readonly options: ForestOptions
  readonly points: Points
  readonly trees: readonly Tree[]
  readonly samplers: readonly Sampler[]
  readonly random: Random
  /** Number of points that were offered so far. */
  sequence = 0

  constructor(options: ForestOptions) {
    this.options = options
    this.points = new Points(options.dimensions)
    this.random = new Random(options.seed)
    this.trees = Array.from({ length: options.trees }, () => new Tree(options.sampleSize, this.points))
    this.samplers = this.trees.map(() => new Sampler(options.sampleSize))
  }

  /** Scores mean something from a quarter of the sample on. */
  get isReady(): boolean {
    return this.sequence >= this.options.sampleSize / 4
  }

  /** Near 1 for usual points, larger for unusual ones, 0 before the forest is ready. */
  score(point: Float32Array): number {
    if (!this.isReady) return 0
    let sum = 0
    for (const tree of this.trees) sum += scoreIn(tree, point)
    return sum / this.trees.length
  }

  /** Parts of the score: per dimension what lies above the data, then what lies below. */
  attribution(point: Float32Array): Float64Array {
    const parts = new Float64Array(2 * this.options.dimensions)
    if (!this.isReady) return parts
    for (const tree of this.trees) attributeIn(tree, point, parts)
    return parts.map((part) => part / this.trees.length)
  }

  update(point: Float32Array): void {
    const { trees, samplers, points, random, sequence } = this
    const { decay } = this.options
    let slot = -1
    for (let i = 0; i < trees.length; i++) {
      const sampler = samplers[i]
      const weight = Sampler.weight(random, sequence, decay)
      if (!sampler.accepts(weight)) continue
      if (sampler.isFull) trees[i].remove(sampler.evict())
      if (slot < 0) slot = points.add(point)
      sampler.add(trees[i].insert(point, slot, random), weight)
    }
    if (slot >= 0) points.releaseUnused(slot)
    this.sequence++
  }
}
