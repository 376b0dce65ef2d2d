/** The last values of a series, in order of time and in order of size. */
import { StateError, type StateReader, type StateWriter } from './bytes.ts'

export class SortedWindow {
  /** A ring: the oldest value is at `#next` when it is full. */
  readonly #values: Float64Array
  readonly #sorted: Float64Array
  #next = 0
  size = 0

  constructor(capacity: number) {
    this.#values = new Float64Array(capacity)
    this.#sorted = new Float64Array(capacity)
  }

  /** Adds a value; the oldest leaves if the window is full. */
  add(value: number): void {
    const sorted = this.#sorted
    if (this.size < this.#values.length) {
      const at = this.#position(value)
      sorted.copyWithin(at + 1, at, this.size++)
      sorted[at] = value
    } else this.#exchange(this.#values[this.#next]!, value)
    this.#values[this.#next] = value
    this.#next = this.#next + 1 === this.#values.length ? 0 : this.#next + 1
  }

  median(): number {
    const { size } = this
    const middle = size >> 1
    return size % 2 === 1 ? this.#sorted[middle]! : (this.#sorted[middle - 1]! + this.#sorted[middle]!) / 2
  }

  /** The median of the distances from `center`, which is the median: the two nearest sides are merged. */
  medianDistance(center: number): number {
    const sorted = this.#sorted
    const { size } = this
    let right = this.#position(center)
    let left = right - 1
    let [before, distance] = [0, 0]
    for (let taken = size >> 1; taken >= 0; taken--) {
      before = distance
      const below = left >= 0 ? center - sorted[left]! : Infinity
      const above = right < size ? sorted[right]! - center : Infinity
      if (below < above) {
        distance = below
        left--
      } else {
        distance = above
        right++
      }
    }
    return size % 2 === 1 ? distance : (before + distance) / 2
  }

  // Sums go by size, since their last digits depend on the order, and the ring begins elsewhere after `read`.

  mean(): number {
    let sum = 0
    for (let i = 0; i < this.size; i++) sum += this.#sorted[i]!
    return sum / this.size
  }

  /** The mean of the distances from `center`. */
  meanDistance(center: number): number {
    let sum = 0
    for (let i = 0; i < this.size; i++) sum += Math.abs(this.#sorted[i]! - center)
    return sum / this.size
  }

  standardDeviation(mean: number): number {
    let sum = 0
    for (let i = 0; i < this.size; i++) sum += (this.#sorted[i]! - mean) ** 2
    return Math.sqrt(sum / Math.max(1, this.size - 1))
  }

  write(to: StateWriter): void {
    to.u32(this.size)
    const oldest = this.size < this.#values.length ? 0 : this.#next
    for (let i = 0; i < this.size; i++) to.f64(this.#values[(oldest + i) % this.#values.length]!)
  }

  /** Keeps the newest values if the window is shorter now. */
  read(from: StateReader): void {
    const count = from.count(from.left / 8)
    for (let i = 0; i < count; i++) {
      const value = from.f64()
      if (!Number.isFinite(value)) throw new StateError('a value of its window is no number')
      if (count - i > this.#values.length) continue
      this.#values[this.size++] = value
    }
    this.#next = this.size % this.#values.length
    this.#sorted.set(this.#values)
    this.#sorted.subarray(0, this.size).sort()
  }

  /** Takes one value out of the sorted ones and puts another in, moving only those between them. */
  #exchange(out: number, into: number): void {
    const sorted = this.#sorted
    const from = this.#position(out)
    const to = this.#position(into)
    if (to > from) {
      sorted.copyWithin(from, from + 1, to)
      sorted[to - 1] = into
    } else {
      sorted.copyWithin(to + 1, to, from)
      sorted[to] = into
    }
  }

  /** The index of the first sorted value that is not less. */
  #position(value: number): number {
    const sorted = this.#sorted
    let low = 0
    let high = this.size
    while (low < high) {
      const middle = (low + high) >> 1
      if (sorted[middle]! < value) low = middle + 1
      else high = middle
    }
    return low
  }
}
