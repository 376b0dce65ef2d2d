/** Counts what matching takes, so that no pattern and no record holds up the process for long. */

/** The filters of a mapping take too long for a record: whether they match it is not known. */
export class TooMuchWork extends Error {
  override readonly name = 'TooMuchWork'
}

/** Steps of one plan on one record, which nothing interrupts: some tens of milliseconds. */
const MAX_PLAN_STEPS = 12_000_000
/** Steps of all plans on one record. */
const MAX_RECORD_STEPS = 64_000_000

/** The work on one record. A step is a character that is looked at; what takes longer counts as several. */
export class Work {
  /** What steps of the plans came to on a value, for other plans that have the same step. Undefined where there is one plan only. */
  readonly results: Map<object, { readonly value: unknown, readonly result: number }> | undefined
  #steps = 0
  #limit = Infinity

  /** @param shared whether several plans are asked */
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
    if (this.#steps > this.#limit) throw new TooMuchWork('The filters of the mapping take too long for this record.')
  }
}
