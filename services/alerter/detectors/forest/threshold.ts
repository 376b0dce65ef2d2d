/**
 * A threshold for scores that adapts to them: their mean plus so many standard deviations, both forgetting.
 * Scores far above the mean count as less than they are, so that a deviation does not raise its own threshold.
 */
import type { StateReader, StateWriter } from '../bytes.ts'

const READINGS_TO_BEGIN = 60
/** Readings over which mean and deviation forget. */
const MEMORY = 2000
/** Scores count up to this many standard deviations above the mean. */
const CLIP = 3
/** Scores of the forest are near 1 for what is usual, however small their deviation is. */
const MIN_THRESHOLD = 1.5

export class AdaptiveThreshold {
  #mean = 0
  #variance = 0
  #count = 0

  /** Returns how far a score is from the mean, as a multiple of the threshold's distance; then learns it. */
  excess(score: number, deviations: number): number {
    const isReady = this.#count > READINGS_TO_BEGIN
    const sigma = Math.sqrt(this.#variance)
    const threshold = Math.max(this.#mean + deviations * sigma, MIN_THRESHOLD, this.#mean * 1.1)
    const excess = isReady ? Math.max(0, (score - this.#mean) / (threshold - this.#mean)) : 0
    this.#count = Math.min(this.#count + 1, MEMORY)
    const difference = (isReady ? Math.min(score, this.#mean + CLIP * sigma) : score) - this.#mean
    const share = 1 / this.#count
    this.#mean += share * difference
    this.#variance = (1 - share) * (this.#variance + share * difference * difference)
    return excess
  }

  write(to: StateWriter): void {
    to.f64(this.#mean)
    to.f64(this.#variance)
    to.u16(this.#count)
  }

  read(from: StateReader): void {
    this.#mean = from.f64()
    this.#variance = from.f64()
    this.#count = from.u16()
  }
}
