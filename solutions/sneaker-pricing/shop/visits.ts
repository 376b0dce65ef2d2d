/** The visits to the page of one product: a Poisson process, with all random numbers of each visit. */
import { randomFrom } from '../../random.ts'
import { exponential } from './draws.ts'
import { type Segment, segmentOf } from './shoppers.ts'

/** Drawn before prices are looked at, so that shops with other prices have the same visits. */
export interface Visit {
  /** Counts the visits to the product, from 1. */
  readonly number: number
  readonly timeMs: number
  readonly segment: Segment
  /** The visit becomes a purchase if the probability of that is greater. */
  readonly resistance: number
  readonly quantity: 1 | 2
  /** The time between the click and the purchase. */
  readonly hesitationMs: number
}

const SHARE_OF_PAIRS = 0.06
const NONE: readonly Visit[] = []
const HOUR_MS = 3_600_000
const MIN_HESITATION_MS = 5_000
const MEAN_HESITATION_MS = 40_000
export const MAX_HESITATION_MS = 300_000

export class Visits {
  readonly #random: () => number
  #number = 0
  /** The expected number of visits until the next one. */
  #untilNext: number

  constructor(seed: number) {
    this.#random = randomFrom(seed)
    this.#untilNext = exponential(this.#random)
  }

  /** Returns the visits of a time in which their expected number per hour is constant, oldest first. */
  between(fromMs: number, toMs: number, perHour: number): readonly Visit[] {
    const expected = (perHour * (toMs - fromMs)) / HOUR_MS
    if (this.#untilNext >= expected) {
      this.#untilNext -= expected
      return NONE
    }
    const visits: Visit[] = []
    let left = expected
    while (this.#untilNext < left) {
      left -= this.#untilNext
      visits.push(this.#visit(fromMs + Math.floor((1 - left / expected) * (toMs - fromMs))))
      this.#untilNext = exponential(this.#random)
    }
    this.#untilNext -= left
    return visits
  }

  #visit(timeMs: number): Visit {
    const segment = segmentOf(this.#random())
    const resistance = this.#random()
    const quantity = this.#random() < SHARE_OF_PAIRS ? 2 : 1
    const hesitation = MIN_HESITATION_MS + Math.floor(exponential(this.#random) * MEAN_HESITATION_MS)
    return {
      number: ++this.#number,
      timeMs,
      segment,
      resistance,
      quantity,
      hesitationMs: Math.min(MAX_HESITATION_MS, hesitation),
    }
  }
}
