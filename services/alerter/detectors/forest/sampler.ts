/**
 * A sample of a stream that forgets with time: the reservoir of Guha et al. (2016), section 3, weighted as by
 * Efraimidis and Spirakis. The entry with the largest weight leaves first, so the entries are a heap.
 */
import type { Random } from './random.ts'

export class Sampler {
  readonly weights: Float64Array
  /** The leaf of each entry. Equal points share a leaf. */
  readonly leaves: Uint16Array
  size = 0

  constructor(capacity: number) {
    this.weights = new Float64Array(capacity)
    this.leaves = new Uint16Array(capacity)
  }

  /** The weight of reading number `sequence`. Later readings tend to have smaller ones, by the decay. */
  static weight(random: Random, sequence: number, decay: number): number {
    return Math.log(-Math.log(random.next())) - sequence * decay
  }

  get isFull(): boolean {
    return this.size === this.weights.length
  }

  accepts(weight: number): boolean {
    return !this.isFull || weight < this.weights[0]
  }

  /** Removes the entry with the largest weight and returns its leaf. */
  evict(): number {
    const { weights, leaves } = this
    const evicted = leaves[0]
    const last = --this.size
    const weight = weights[last]
    let at = 0
    for (let child = 1; child < last; child = 2 * at + 1) {
      if (child + 1 < last && weights[child + 1] > weights[child]) child++
      if (weights[child] <= weight) break
      weights[at] = weights[child]
      leaves[at] = leaves[child]
      at = child
    }
    weights[at] = weight
    leaves[at] = leaves[last]
    return evicted
  }

  add(leaf: number, weight: number): void {
    const { weights, leaves } = this
    let at = this.size++
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (weights[parent] >= weight) break
      weights[at] = weights[parent]
      leaves[at] = leaves[parent]
      at = parent
    }
    weights[at] = weight
    leaves[at] = leaf
  }
}
