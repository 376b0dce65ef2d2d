/** Counts the steps of matching, so that no pattern and no record holds up the process for long. */

import { TooMuchWork } from './errors.ts'

/** The most steps of a plan on a record: some tens of milliseconds, without a break. */
const MAX_PLAN_STEPS = 12_000_000
/** The most steps of all plans on a record. */
const MAX_RECORD_STEPS = 64_000_000

/** The work on one record. A step is the reading of one character; longer operations count as several. */
export class Work {
  /**
   * Results of the plans' steps on a value, for other plans with the same step. Undefined if there is only
   * one plan.
   */
  readonly results: Map<object, { readonly value: unknown; readonly result: number }> | undefined
  #steps = 0
  #limit = Infinity

  /** @param shared whether there are several plans */
  constructor(shared: boolean) {
    this.results = shared ? new Map() : undefined
  }

  get steps(): number {
    return this.#steps
  }

  /** Begins another plan. */
  beginPlan(): void {
    this.#limit = Math.min(this.#steps + MAX_PLAN_STEPS, MAX_RECORD_STEPS)
  }

  /** @throws TooMuchWork */
  count(steps: number): void {
    this.#steps += steps
    if (this.#steps > this.#limit) throw new TooMuchWork('The filters take too long for this record.')
  }
}
