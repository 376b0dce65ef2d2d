/** Bounds the work of one evaluation: a condition of 4 KB can compare an item of 400 KB thousands of times. */
import { ItemError } from '../errors.ts'

/** About the work of comparing 15 pairs of the largest items. */
export const MAX_STEPS = 2_000_000
/** The characters or bytes that count as one step. */
const CHARACTERS_A_STEP = 16

export class Steps {
  #left = MAX_STEPS

  /** Throws ItemError once too many steps are spent. */
  spend(steps: number): void {
    this.#left -= steps
    if (this.#left < 0)
      throw new ItemError(
        `The expression takes more than ${MAX_STEPS} steps with this item; compare fewer or smaller values`,
      )
  }

  spendLength(length: number): void {
    this.spend(1 + Math.floor(length / CHARACTERS_A_STEP))
  }
}
